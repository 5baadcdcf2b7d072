"""The sample admin site is a web site: a real browser logs in, turns the pages to the end and opens a complaint."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from data.samples import SECRETS, Samples, SampleServers
from tests.servers import CHROMIUM_ARGUMENTS, find_server

pytestmark = pytest.mark.server("chromium")


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(find_server("chromium")), args=list(CHROMIUM_ARGUMENTS))
        yield browser.new_page(viewport={"width": 1280, "height": 800})
        browser.close()


def _log_in(page: Page, address: str, password: str) -> None:
    page.goto(f"{address}/admin/aduan?halaman=1")
    assert page.url.endswith("/login"), "the pages need a session"
    page.fill("form#login input[name=username]", SECRETS["SITANGGAP_USER"])
    page.fill("form#login input[name=password]", password)
    page.click("form#login button")


def test_an_officer_logs_in_reads_to_the_last_page_and_opens_a_complaint(
    browser_page: Page, served: SampleServers, samples: Samples
) -> None:
    page = browser_page
    _log_in(page, served.addresses["sitanggap"], SECRETS["SITANGGAP_PASSWORD"])
    total = int(page.inner_text("#total-aduan"))
    assert total == samples.planted["sitanggap"]["extracted"]
    page.click("text=Aduan Masyarakat")
    rows = page.locator("table#daftar tbody tr").count()
    while page.locator("a[rel=next]").count():
        page.click("a[rel=next]")
        rows += page.locator("table#daftar tbody tr").count()
    assert rows == total
    page.locator("a.lihat").first.click()
    assert page.inner_text("h1 .nomor").startswith("ADU-")
    assert page.inner_text("table#rincian tr:first-child th") == "Judul"
    assert served.touched == []


def test_a_wrong_password_is_told_and_lets_nobody_in(browser_page: Page, served: SampleServers) -> None:
    browser_page.context.clear_cookies()
    _log_in(browser_page, served.addresses["sitanggap"], "salah")
    assert "salah" in browser_page.inner_text(".galat")
    assert browser_page.locator("a#logout").count() == 0
