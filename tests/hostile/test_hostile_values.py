"""Whatever stands in a field is text: stored, shown harmlessly, never obeyed. On both databases."""

import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from hostile_pipeline import COLUMNS, EVENT_COLUMNS, Outcome, channel_file, consolidate, dump, workbook

from flows.site import Site
from satukanal.store import codec, crosswalk, read
from satukanal.store.digest import digest
from schemas.store import attachment, complaint_event, metadata, submission, submission_version
from schemas.views import VIEWS

PLAIN = {
    "tanggal": "2024-05-01 08:00:00",
    "status": "baru",
    "judul": "Lampu jalan mati",
    "isi": "Lampu jalan di depan sekolah mati sejak kemarin",
    "tiket": "UJI-1",
    "nama": "Warga Contoh",
}
KEPT_SHORT = {"tanggal", "lat", "lng", "status"}  # a value in these would only be a date or code that nobody knows


def run_dump(site: Site, *rows: dict[str, str], answers: tuple[dict[str, str], ...] = ()) -> Outcome:
    (site.settings.home_dir / "sources" / "uji.sql").write_bytes(dump(*rows, answers=answers))
    channel_file(site.settings.channels, {"reader": "mysqldump", "path": "uji.sql"})
    return consolidate(site)


def everywhere(value: str) -> dict[str, str]:
    """A record in which every field holds ``value`` beside a number of its own."""
    return {column: f"{value}{number}" for number, column in enumerate(COLUMNS)}


def contents(site: Site) -> list[dict[str, Any]]:
    """The sealed part of every submission, opened."""
    with site.store.reading() as connection:
        return [
            codec.unseal(site.store.keys, row.sealed, f"content/{row.submission_uid}")
            for row in connection.execute(sa.select(submission_version).order_by(submission_version.c.submission_uid))
        ]


def rows_in(site: Site) -> dict[str, int]:
    with site.store.reading() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for name, table in metadata.tables.items()
        }


@pytest.mark.parametrize("place", ["whole", "inside"])
def test_nul_in_every_field_loses_no_record(site: Site, place: str) -> None:
    """PostgreSQL cannot hold it. Texts lose it, keys and labels show U+FFFD, the raw record keeps it."""
    bad = everywhere("\0" if place == "whole" else "a\0b")
    answer = {c: f"x\0{n}" for n, c in enumerate(EVENT_COLUMNS)} | {"laporan": bad["id"]}
    done = run_dump(site, bad, PLAIN | {"id": "2"}, answers=(answer,))
    assert (done.published.inserted, done.published.quarantined) == (2, 0)
    with site.store.reading() as connection:
        keys = set(connection.scalars(sa.select(submission.c.key)))
        answered = connection.scalar(sa.select(complaint_event.c.submission_uid))
        assert answered in set(connection.scalars(sa.select(submission.c.submission_uid)))
        for view in VIEWS:
            connection.execute(sa.text(f"SELECT * FROM {view}")).all()
    assert "\ufffd" in "".join(keys)
    raws = [orjson.loads(content["raw"]) for content in contents(site)]
    assert bad["isi"] in {raw.get("isi") for raw in raws}
    assert "\0" not in done.html
    assert digest(site.store) == digest(site.store)
    again = run_dump(site, bad, PLAIN | {"id": "2"}, answers=(answer,))
    assert (again.published.inserted, again.published.updated, again.published.unchanged) == (0, 0, 2)


SQL = (
    "'; DROP TABLE submission; --",
    '"); DELETE FROM ledger; --',
    "\\'; UPDATE load SET status='x' --",
    "%s %(x)s {0} :name ? $1",
    "\\. \\N \t copy",
)


@pytest.mark.parametrize("value", SQL)
def test_sql_in_every_field_is_text(site: Site, value: str) -> None:
    before = set(rows_in(site))
    answer = {c: value + c for c in EVENT_COLUMNS} | {"laporan": everywhere(value)["id"]}
    done = run_dump(site, everywhere(value), PLAIN | {"id": "2"}, answers=(answer,))
    assert done.published.inserted == 2
    after = rows_in(site)
    assert set(after) == before
    assert (after["submission"], after["complaint_event"]) == (2, 1)
    assert " ".join(value.split()) in " ".join(str(c.get("text")) for c in contents(site)).replace("\n", " ")
    with site.store.reading() as connection:
        key = next(k for k in connection.scalars(sa.select(submission.c.key)) if k != "2")
    (found,) = crosswalk.find(site.store, key, None)
    assert found["channel"] == "uji"
    for wanted in SQL:
        crosswalk.find(site.store, wanted, wanted)
        assert read.run_id_of(site.store, wanted) is None


def test_a_megabyte_in_every_field_is_kept_to_the_last_letter(site: Site) -> None:
    long = "kata " * (1 << 18 - 1)
    row = {column: long for column in COLUMNS if column not in KEPT_SHORT} | {"tanggal": PLAIN["tanggal"]}
    row |= {"id": "1", "tiket": "UJI-1", "isi": "x" * (1 << 20)}
    done = run_dump(site, row, PLAIN | {"id": "2"})
    assert done.published.inserted == 2
    assert "x" * (1 << 20) in {content["text"] for content in contents(site)}
    assert len(done.html) < 4 << 20


def test_a_megabyte_as_key_and_number_is_kept_as_its_hash(site: Site) -> None:
    """PostgreSQL cannot index so much; the complaint is loaded all the same, and known again in the next run."""
    rows = (PLAIN | {"id": "9" * (1 << 20), "tiket": "T" * (1 << 20)}, PLAIN | {"id": "2", "tiket": "UJI-2"})
    assert run_dump(site, *rows).published.inserted == 2
    with site.store.reading() as connection:
        keys = dict(connection.execute(sa.select(submission.c.key, submission.c.submission_uid)).tuples().all())
        flags = dict(
            connection.execute(sa.select(submission_version.c.submission_uid, submission_version.c.flags))
            .tuples()
            .all()
        )
    (long,) = keys.keys() - {"2"}
    assert long == "sha256:" + hashlib.sha256(b"9" * (1 << 20)).hexdigest()
    assert orjson.loads(flags[keys[long]]) == ["key:too_long", "old_numbers:too_long"]
    assert crosswalk.find(site.store, "UJI-2", None)
    again = run_dump(site, *rows)
    assert (again.published.inserted, again.published.unchanged) == (0, 2)


MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "</title></style></textarea><iframe src='javascript:alert(1)'>",
    "[bold red]x[/bold red] {{ 7*7 }} {% raw %} ${7*7} [/]",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("value", MARKUP)
def test_markup_in_every_field_reaches_no_browser(site: Site, value: str) -> None:
    answer = {c: value + c for c in EVENT_COLUMNS} | {"laporan": everywhere(value)["id"]}
    done = run_dump(site, everywhere(value), PLAIN | {"id": "2"}, answers=(answer,))
    assert done.published.inserted == 2
    page = BeautifulSoup(done.html, "html.parser")
    assert [tag.name for tag in page.find_all(["script", "img", "iframe", "object", "embed", "form", "base"])] == []
    for tag in page.find_all(True):
        assert [name for name in tag.attrs if name.startswith("on")] == []
        assert not str(tag.get("href", "#")).strip().lower().startswith(("javascript:", "data:", "http"))
    if "7*7" in value:
        assert "{{ 7*7 }}" in page.get_text()  # shown as it stands: no template was filled in


@pytest.mark.parametrize("value", ['=HYPERLINK("http://x/"&A1)', "+62+A1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_what_looks_like_a_formula_in_a_cell_is_the_text_that_stands_there(site: Site, value: str) -> None:
    path = site.settings.home_dir / "sources" / "uji.xlsx"
    workbook(path, PLAIN | {"id": "1", "isi": "aduan"})
    _put_as_text(path, value)
    channel_file(site.settings.channels, {"reader": "sheet", "path": "uji.xlsx"})
    done = consolidate(site)
    assert done.published.inserted == 1
    (content,) = contents(site)
    assert orjson.loads(content["raw"])["isi"] == value


def _put_as_text(path: Path, value: str) -> None:
    """Write ``value`` into the cell of the complaint's words as text, as a citizen's words come into an export."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    cell = book["laporan"].cell(row=2, column=COLUMNS.index("isi") + 1)
    cell.value, cell.data_type = value, "s"
    book.save(path)


def test_a_name_of_an_attachment_is_a_name_and_never_a_path(site: Site) -> None:
    outside = site.settings.home_dir.parent / "evil.jpg"
    names = ["../../evil.jpg", str(outside), "..\\..\\evil.jpg", "http://169.254.169.254/latest/meta-data", "a\0.jpg"]
    before = {p for p in site.settings.home_dir.parent.rglob("*") if p.is_file()}
    run_dump(site, PLAIN | {"id": "1", "foto": orjson.dumps(names).decode()})
    with site.store.reading() as connection:
        kept = [
            codec.unseal(site.store.keys, row.sealed, f"attachment/{row.submission_uid}/{row.ordinal}")["name"]
            for row in connection.execute(sa.select(attachment).order_by(attachment.c.ordinal))
        ]
        assert set(connection.scalars(sa.select(attachment.c.state))) == {"named"}  # nothing was fetched
    assert kept == names
    made = {p for p in site.settings.home_dir.parent.rglob("*") if p.is_file()} - before
    ours = (site.settings.home_dir, site.settings.channels)
    assert [p for p in made if not any(p.is_relative_to(folder) for folder in ours) and "store.db" not in p.name] == []
