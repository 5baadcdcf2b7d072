"""Files that complaints carry: collected after their load, kept once, proved, backed up, and gone with their person."""

import base64
import hashlib
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from data.samples.pictures import is_lost, picture
from flows import collect
from flows.site import open_existing
from flows.verify import verify
from satukanal.cli import app
from satukanal.store import attachments, codec
from schemas.store import attachment, reporter, submission, submission_version
from tests.flows.conftest import Demo

WEB = ("sigap", "sitanggap")
FILES = ("super", *WEB)


def rows(channel: str) -> list[dict[str, Any]]:
    """Attachments of a channel with their names in clear and what is kept of them."""
    a, s = attachment, submission
    query = (
        sa.select(a, s.c.key, s.c.version_no.label("current"))
        .join(s, s.c.submission_uid == a.c.submission_uid)
        .where(s.c.channel == channel)
    )
    with open_existing() as site, site.store.reading() as connection:
        kept, found = site.kept_files(channel), []
        for row in connection.execute(query.order_by(s.c.key, a.c.ordinal)).mappings():
            name = codec.unseal(site.store.keys, row["sealed"], codec.CONTEXTS[attachment](row)).get("name")
            content = b"".join(kept.stream(row["file"])) if row["state"] == "stored" else None
            found.append(dict(row) | {"name": name, "content": content})
    return found


def problems() -> list[tuple[str, str]]:
    with open_existing() as site:
        return [(p["kind"], p["where"]) for p in verify(site, None)["problems"]]


@pytest.mark.parametrize("channel", FILES)
def test_every_file_that_still_exists_is_kept_and_the_others_are_missing(demo: Demo, channel: str) -> None:
    found = rows(channel)
    assert len(found) > 10
    for row in found:
        lost = is_lost(row["name"])
        assert (row["state"], row["content"]) == (("missing", None) if lost else ("stored", picture(row["name"])))
    assert {"stored", "missing"} == {row["state"] for row in found}
    assert problems() == []


def test_the_forbidden_pages_are_not_touched_by_asking_for_files(demo: Demo) -> None:
    assert demo.servers.touched == []


def test_a_second_run_asks_for_no_file_again_and_changes_nothing(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    before = demo.digest()
    asked: list[str] = []
    monkeypatch.setattr("connectors.attachments._Web.fetch", lambda _self, path: asked.append(path))
    demo.run()
    assert asked == []
    assert demo.digest() == before


def test_a_photo_that_turns_up_later_is_collected_by_the_next_run(demo: Demo) -> None:
    lost = next(row["name"] for row in rows("super") if row["state"] == "missing")
    (demo.sources / "super" / "unggahan" / "dari laptop lama").mkdir()
    (demo.sources / "super" / "unggahan" / "dari laptop lama" / lost.upper()).write_bytes(b"found")
    demo.run("super")
    assert {row["content"] for row in rows("super") if row["name"] == lost} == {b"found"}
    assert problems() == []


def test_killed_while_collecting_the_next_run_goes_on_and_ends_the_same(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, want = demo.digest(), Counter(row["state"] for row in rows("super"))
    forget_files("super")
    forgotten = problems()  # the acts that had found them
    noted = attachments.note
    monkeypatch.setattr(collect, "BATCH", 4)
    with monkeypatch.context() as patch:
        calls: list[int] = []

        def killed(*arguments: Any) -> None:
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            noted(*arguments)

        patch.setattr(attachments, "note", killed)
        with open_existing() as site, pytest.raises(KeyboardInterrupt):
            collect.collect_files(site, "super")
    states = Counter(row["state"] for row in rows("super"))
    assert 0 < states["stored"] < want["stored"]
    assert states["named"] > 0
    demo.run("super")
    assert demo.digest() == undisturbed
    assert problems() == forgotten


def forget_files(channel: str) -> None:
    """As if the files of a channel had never been looked for."""
    mine = sa.select(submission.c.submission_uid).where(submission.c.channel == channel)
    with open_existing() as site:
        with site.store.writing() as connection:
            connection.execute(
                attachment.update()
                .where(attachment.c.submission_uid.in_(mine))
                .values(state="named", file=None, collected=None)
            )
        collect.sweep(site)
        assert site.kept_files(channel).names() == set()


def test_a_server_that_is_away_costs_no_complaint_and_its_files_come_with_the_next_run(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_files("sigap")
    forgotten = problems()
    demo.edit_channel("sigap", "retries: 3", "retries: 0")
    demo.edit_channel("sigap", '["http://127.0.0.1:8711/storage"]', '["http://127.0.0.1:9/storage"]')
    demo.edit_json(
        "sigap", lambda all_: [p.update(url=f"http://127.0.0.1:9{p['url']}") for r in all_ for p in r["lampiran"]]
    )
    assert demo.run("sigap")["channels"]["sigap"]["status"] == "published"
    current = [row for row in rows("sigap") if row["name"].startswith("http")]
    states = Counter(row["state"] for row in current)
    assert states == {"failed": collect.PATIENCE, "named": len(current) - collect.PATIENCE}
    demo.edit_channel("sigap", '["http://127.0.0.1:9/storage"]', '["http://127.0.0.1:8711/storage"]')
    demo.edit_json(
        "sigap",
        lambda all_: [p.update(url=p["url"].removeprefix("http://127.0.0.1:9")) for r in all_ for p in r["lampiran"]],
    )
    demo.run("sigap")
    assert {row["state"] for row in rows("sigap") if row["version_no"] == row["current"]} == {"stored", "missing"}
    assert problems() == forgotten


def test_a_new_version_keeps_the_file_that_the_one_before_had(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("connectors.attachments._Web.fetch", lambda _self, path: asked.append(path))
    stored = {row["key"]: row for row in rows("sigap") if row["state"] == "stored"}

    def renamed(records: list[dict[str, Any]]) -> None:
        for record in records:
            record["judul"], record["updated_at"] = "Judul lain", "2026-01-01T00:00:00+07:00"

    demo.edit_json("sigap", renamed)
    assert demo.run("sigap")["channels"]["sigap"]["updated"] > 0
    fresh = [row for row in rows("sigap") if row["version_no"] == 2 and row["key"] in stored]
    assert len(fresh) > 10
    assert {row["content"] is not None for row in fresh if row["name"] == stored[row["key"]]["name"]} == {True}
    assert all(is_lost(path) for path in asked)  # once more for what was not there; for nothing that is kept
    assert problems() == []


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        ("UPDATE attachment SET file = (SELECT file FROM attachment WHERE file IS NOT NULL ORDER BY file DESC LIMIT 1)"
         " WHERE rowid = (SELECT min(rowid) FROM attachment WHERE state = 'stored')", "attachment_altered"),
        ("UPDATE attachment SET state = 'missing', file = NULL, collected = NULL WHERE state = 'stored'",
         "attachment_altered"),
        ("UPDATE attachment SET state = 'missing' WHERE state = 'stored'", "attachment_altered"),
        ("UPDATE attachment SET collected = 'files-super-x' WHERE state = 'stored'", "attachment_altered"),
        ("UPDATE attachment SET state = 'erased' WHERE state = 'missing'", "attachment_altered"),
    ],
)  # fmt: skip
def test_what_is_altered_in_the_store_is_found(demo: Demo, harm: str, kind: str) -> None:
    with sqlite3.connect(demo.home / "satukanal.db") as connection:
        connection.execute(harm)
    connection.close()
    assert kind in {found for found, _ in problems()}


def test_what_is_altered_or_gone_on_disk_is_named(demo: Demo) -> None:
    gone, altered = sorted((demo.home / "archive" / "super" / "files").iterdir())[:2]
    gone.unlink()
    altered.write_bytes(altered.read_bytes()[:-1] + b"x")
    assert problems() == [
        ("attachment_missing", f"archive/super/files/{gone.name}"),
        ("attachment_altered", f"archive/super/files/{altered.name}"),
    ]


def test_an_erased_person_takes_the_files_along_that_nobody_else_has(demo: Demo) -> None:
    r, s, a = reporter, submission, attachment
    query = (
        sa.select(r, a.c.file)
        .join(s, s.c.submission_uid == r.c.submission_uid)
        .join(a, a.c.submission_uid == r.c.submission_uid)
        .where(s.c.channel == "super", a.c.state == "stored", r.c.phone_index.is_not(None))
    )
    with open_existing() as site, site.store.reading() as connection:
        row = connection.execute(query).mappings().first()
        assert row is not None
        phone = codec.unseal(site.store.keys, row["sealed"], codec.CONTEXTS[reporter](row))["reporter_phone"]
    files = demo.home / "archive" / "super" / "files"
    assert (files / row["file"]).exists()
    erased = CliRunner().invoke(app, ["erase", "--reporter", phone, "--yes", "--json"])
    assert erased.exit_code == 0, erased.output
    assert not (files / row["file"]).exists()
    mine = [one for one in rows("super") if one["submission_uid"] == row["submission_uid"]]
    assert {(one["state"], one["name"]) for one in mine} == {("erased", None)}
    assert problems() == []
    demo.run("super")  # the source still has the photo
    assert not (files / row["file"]).exists()
    assert problems() == []


def test_a_backup_brings_the_files_back(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, before = tmp_path / "backup.tar.gz", demo.digest()
    assert CliRunner().invoke(app, ["backup", "--out", str(out)]).exit_code == 0
    monkeypatch.setenv("SATUKANAL_HOME", str(tmp_path / "other"))
    restored = CliRunner().invoke(app, ["restore", str(out)])
    assert restored.exit_code == 0, restored.output
    assert problems() == []
    assert {row["content"] for row in rows("super")} > {picture(row["name"]) for row in rows("super") if row["content"]}
    assert demo.digest() == before


DUMP = """CREATE TABLE `laporanmasuk` (
  `id` int(11) NOT NULL, `isi` text, `nama` varchar(40), `telp` varchar(20), `gambar` longblob, `foto2` longtext
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `laporanmasuk` VALUES
(1,'Lampu jalan mati di RT 03','Wati Contoh','081200000001',0x{photo},'data:image/png;base64,{text}'),
(2,'Sampah menumpuk di pasar','Budi Contoh','081200000002',0x{photo},NULL),
(3,'Jalan berlubang dekat sekolah','Sri Contoh','081200000003','','cell:{sha}');
"""
CHANNEL = """id: lama
title: Aplikasi lama
government: kota-sukabumi
owner: diskominfo
region: "32.72"
time_zone: Asia/Jakarta
live: false
streams: {complaints: {title: Laporan}}
sources:
  dump:
    reader: mysqldump
    path: lama/lama.sql
    streams:
      complaints:
        table: laporanmasuk
        key: [id]
        columns: {text: isi, reporter_name: nama, reporter_phone: telp, attachments: {join: [gambar, foto2]}}
"""


def test_photos_in_cells_are_kept_as_files_once_and_leave_the_rows(demo: Demo) -> None:
    one, other = picture("satu") + b"\xff" * 2_000_000, picture("dua")

    (demo.channels / "lama.yaml").write_text(CHANNEL)
    (demo.sources / "lama").mkdir()
    (demo.sources / "lama" / "lama.sql").write_text(
        DUMP.format(photo=one.hex(), text=base64.b64encode(other).decode(), sha=hashlib.sha256(other).hexdigest())
    )
    told = demo.run("lama")["channels"]["lama"]
    assert (told["status"], told["accepted"]) == ("published", 3)
    kept = {None: "", one: "one", other: "other"}
    found = [(row["key"], row["state"], kept[row["content"]]) for row in rows("lama")]
    assert found == [("1", "stored", "one"), ("1", "stored", "other"), ("2", "stored", "one"), ("3", "named", "")]
    assert len(list((demo.home / "archive" / "lama" / "files").iterdir())) == 2
    with open_existing() as site, site.store.reading() as connection:
        v = submission_version
        sealed = connection.scalars(sa.select(sa.func.length(v.c.sealed)).where(v.c.load_id == told["load_id"])).all()
    assert max(sealed) < 2_000  # two megabytes are in no row
    assert problems() == []
    assert demo.run("lama")["channels"]["lama"]["status"] == "unchanged"

    erased = CliRunner().invoke(app, ["erase", "--reporter", "081200000001", "--yes", "--json"])
    assert erased.exit_code == 0, erased.output
    assert [row["content"] for row in rows("lama") if row["key"] == "2"] == [one]  # who shares it keeps it
    assert len(list((demo.home / "archive" / "lama" / "files").iterdir())) == 1
    assert problems() == []
    demo.run("lama")
    assert len(list((demo.home / "archive" / "lama" / "files").iterdir())) == 1
    assert problems() == []
