"""The complaint system of these tests is a true web application: a real browser works with it as an officer does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.servers import CHROMIUM_ARGUMENTS, find_server
from tests.webapp.pengaduan_app import PASSWORD, PER_PAGE, USER, PengaduanApp, digest, fill, serving

pytestmark = pytest.mark.server("chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(find_server("chromium")), args=list(CHROMIUM_ARGUMENTS))
        yield browser.new_page(viewport={"width": 1280, "height": 800})
        browser.close()


@pytest.fixture
def app(tmp_path: Path) -> PengaduanApp:
    fill(tmp_path / "pengaduan.db")
    return PengaduanApp(tmp_path / "pengaduan.db")


def archived(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM pengaduan WHERE status = 'Arsip'").fetchone()[0])


def log_in(page: Page, address: str, password: str = PASSWORD) -> None:
    page.goto(f"{address}/index.php/pengaduan")
    assert page.url.endswith("/index.php/auth"), "the pages need a session"
    page.fill("input[name=nama]", USER)
    page.fill("input[name=sandi]", password)
    page.click("button[name=masuk]")


def test_an_officer_pages_through_opens_a_complaint_and_deletes_it(chromium: Page, app: PengaduanApp) -> None:
    page = chromium
    page.on("dialog", lambda dialog: dialog.accept())
    with serving(app) as address:
        log_in(page, address)
        total = int(page.inner_text("#jumlah"))
        page.click("nav a:has-text('Pengaduan')")
        rows = page.locator("table.daftar tbody tr").count()
        while page.locator("a[rel=next]").count():
            page.click("a[rel=next]")
            rows += page.locator("table.daftar tbody tr").count()
        assert rows == total - archived(app.database)
        page.goto(f"{address}/index.php/pengaduan?status=Arsip")
        assert page.locator("table.daftar tbody tr").count() == PER_PAGE
        page.goto(f"{address}/index.php/pengaduan")
        page.locator("a[title=Lihat]").first.click()
        number = page.inner_text("dl.rincian dd:first-of-type")
        assert number.startswith("PGD-")
        assert "segera" in page.inner_text("dl.rincian")
        before = digest(app.database)
        page.go_back()
        page.locator(f"tr:has-text('{number}') a[title=Hapus]").click()
        page.wait_for_url("**/index.php/pengaduan")
        assert page.locator(f"tr:has-text('{number}')").count() == 0
        page.goto(f"{address}/index.php/dasbor")
        assert int(page.inner_text("#jumlah")) == total - 1
        assert digest(app.database) != before
        page.click("#keluar")
        page.goto(f"{address}/index.php/dasbor")
        assert page.url.endswith("/index.php/auth")


def test_a_wrong_password_lets_nobody_in(chromium: Page, app: PengaduanApp) -> None:
    chromium.context.clear_cookies()
    with serving(app) as address:
        log_in(chromium, address, "salah")
        assert "salah" in chromium.inner_text(".galat")
        assert chromium.locator("#keluar").count() == 0
