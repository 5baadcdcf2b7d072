"""Erasing a person: nothing of theirs is left or comes back, everybody else's records stay, and all counts hold."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from connectors.archive import MANIFEST, Archive
from flows import erase, forget
from flows.site import open_existing
from flows.verify import verify
from satukanal.cli import app
from satukanal.store import StoreError, codec, erasure
from schemas.store import (
    complaint_event,
    judgement,
    match_key,
    reporter,
    submission,
    submission_version,
)
from tests.flows.conftest import Demo

NO_ID = "SK-0000-0000-0000-0"
CHANNELS = ("sigap", "sitanggap", "super", "ntpd112")
WORDS = ("reporter_name", "reporter_nik", "reporter_phone", "reporter_email", "reporter_address")


def satukanal(*words: str, given: str | None = None) -> Any:
    return CliRunner().invoke(app, list(words), input=given)


def people(channel: str) -> list[dict[str, Any]]:
    """Reporters of a channel with a phone, in clear, with their submission and the words that they wrote."""
    r, v, s = reporter, submission_version, submission
    query = (
        sa.select(r, v.c.sealed.label("content"), s.c.key)
        .join(v, (v.c.submission_uid == r.c.submission_uid) & (v.c.version_no == r.c.version_no))
        .join(s, s.c.submission_uid == r.c.submission_uid)
        .where(s.c.channel == channel, r.c.phone_index.is_not(None))
        .order_by(s.c.key)
    )
    found = []
    with open_existing() as site, site.store.reading() as connection:
        for row in connection.execute(query).mappings():
            person = codec.unseal(site.store.keys, row["sealed"], f"reporter/{row['submission_uid']}")
            words = codec.unseal(site.store.keys, row["content"], f"content/{row['submission_uid']}")
            found.append({**person, "text": words["text"], "uid": row["submission_uid"], "key": row["key"]})
    return found


def archives(home: Path) -> Iterator[tuple[Path, bytes]]:
    """Every object of every archive in clear."""
    with open_existing() as site:
        for folder in sorted(home.glob("archive/*/*")):
            if (folder / MANIFEST).exists():
                archive = Archive.open(folder, site.store.keys)
                for entry in archive.entries:
                    yield folder / entry.name, archive.read(entry.name)


def counts() -> dict[str, Any]:
    with open_existing() as site, site.store.reading() as connection:
        views = {}
        for view in ("v_submission", "v_complaint", "v_crosswalk", "v_quarantine", "v_judgement"):
            views[view] = connection.scalar(sa.text(f"SELECT COUNT(*) FROM {view}"))
        return views


@pytest.mark.parametrize("channel", CHANNELS)
def test_one_person_is_gone_everywhere_and_all_still_holds(demo: Demo, channel: str) -> None:
    person = one_of(channel)
    before, others = counts(), {one["uid"]: one for name in CHANNELS for one in people(name)}
    shown = satukanal("erase", "--reporter", person["reporter_phone"], "--json")
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["erased"] is False
    assert person["reporter_phone"] in {one["reporter_phone"] for one in people(channel)}

    done = satukanal("erase", "--reporter", "-", "--yes", "--json", given=f"{person['reporter_phone']}\n")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["submissions"] >= 1
    assert told["objects"] >= 1
    with open_existing() as site:
        result = verify(site, None)
        gone = erasure.suppressed(site.store, channel).submissions
        assert result["ok"], result["problems"]
    assert counts() == before
    left = {one["uid"]: one for name in CHANNELS for one in people(name)}
    assert left == {uid: one for uid, one in others.items() if uid not in gone and uid in left}
    assert set(others) - set(left) <= set(gone) | {
        uid for uid in others if others[uid]["reporter_phone"] == person["reporter_phone"]
    }
    assert_forgotten(demo.home, person)

    again = demo.run()
    assert again["status"] == "complete", again
    assert again["balanced"] is True
    assert all(load["withdrawn"] == 0 for load in again["channels"].values())
    assert again["channels"][channel]["excluded"]["erased"] >= 1
    assert counts() == before
    assert_forgotten(demo.home, person)
    with open_existing() as site:
        result = verify(site, None)
        assert result["ok"], result["problems"]


def one_of(channel: str) -> dict[str, Any]:
    return people(channel)[3]


def tracking_id(person: dict[str, Any]) -> str:
    with open_existing() as site:
        return codec.tracking_id(site.store.keys, person["uid"])


def erase_now(phone: str, *words: str) -> Any:
    return satukanal("erase", "--reporter", phone, "--yes", "--json", *words)


def test_what_is_held_is_not_erased_and_says_why(demo: Demo) -> None:
    person = one_of("sigap")
    held = tracking_id(person)
    assert satukanal("hold", "place", held.lower(), "--reason", "Ombudsman 12/2026").exit_code == 0
    refused = erase_now(person["reporter_phone"])
    assert refused.exit_code == 4
    told = json.loads(refused.stdout)
    assert told["erased"] is False
    assert [one["held"] for one in told["complaints"] if one["tracking_id"] == held] == [["Ombudsman 12/2026"]]
    assert person["uid"] in {one["uid"] for one in people("sigap")}
    with open_existing() as site, site.store.reading() as connection:
        ledger = connection.execute(sa.text("SELECT act, payload FROM ledger ORDER BY seq")).all()
        assert ("hold", f'{{"tracking_id":"{held}"}}') in {tuple(row) for row in ledger}
    listed = satukanal("hold", "list", "--json")
    assert listed.exit_code == 0, (listed.exception, listed.output)
    assert json.loads(listed.stdout)[0]["tracking_id"] == held
    assert satukanal("hold", "release", held).exit_code == 0
    assert json.loads(satukanal("hold", "list", "--json").stdout) == []
    assert erase_now(person["reporter_phone"]).exit_code == 0
    assert person["uid"] not in {one["uid"] for one in people("sigap")}
    for words in (("hold", "release", held), ("hold", "place", NO_ID, "--reason", "x")):
        assert isinstance(satukanal(*words).exception, StoreError)


def test_a_complaint_of_somebody_else_with_the_same_phone_can_be_kept(demo: Demo) -> None:
    by_phone: dict[str, list[dict[str, Any]]] = {}
    for channel in CHANNELS:
        for one in people(channel):
            by_phone.setdefault(one["reporter_phone"], []).append(one)
    first, second, *_ = next(many for many in by_phone.values() if len({one["uid"] for one in many}) > 1)
    erased = erase_now(first["reporter_phone"], "--keep", tracking_id(second))
    assert erased.exit_code == 0, erased.output
    left = {one["uid"] for channel in CHANNELS for one in people(channel)}
    assert first["uid"] not in left
    assert second["uid"] in left


@pytest.mark.parametrize("words", [("--reporter", NO_ID), ("--reporter", "081200000000", "--keep", NO_ID)])
def test_a_mistyped_tracking_id_is_refused_and_nothing_is_erased(demo: Demo, words: tuple[str, ...]) -> None:
    refused = satukanal("erase", "--yes", *words)
    assert isinstance(refused.exception, StoreError)
    assert NO_ID in str(refused.exception)


@pytest.mark.parametrize("given", ["0812", "somebody", "081299999999"])
def test_nobody_is_found_is_one_line_without_the_value(demo: Demo, given: str) -> None:
    refused = satukanal("erase", "--reporter", given, "--yes")
    assert isinstance(refused.exception, erase.UnknownReporter)
    assert given not in str(refused.exception)


@pytest.mark.parametrize("moment", ["before the store", "after the store", "between two archives"])
def test_killed_at_any_moment_it_is_as_before_or_completed_by_the_next_run(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    person = one_of("sigap")
    demo.run("sigap")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if moment == "before the store":
            patched.setattr(erasure, "erase", killed)
        elif moment == "after the store":
            patched.setattr(erase, "complete", killed)
        else:
            swap, left = forget.swap_archive, [None]
            patched.setattr(erase, "swap_archive", lambda *words: swap(*words) if left.pop() is None else None)
        with open_existing() as site, pytest.raises((KeyboardInterrupt, IndexError)):
            erase.erase(site, erase.find(site, [person["reporter_phone"]], []), lambda _done, _total: None)
    assert list(demo.home.glob("erasures/*"))
    assert demo.run()["balanced"] is True
    assert not list(demo.home.glob("erasures/*"))
    with open_existing() as site:
        result = verify(site, None)
        assert result["ok"], result["problems"]
    if moment == "before the store":
        assert person["uid"] in {one["uid"] for one in people("sigap")}
    else:
        assert_forgotten(demo.home, person)


def test_a_backup_made_before_does_not_bring_them_back(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, copy = one_of("sitanggap"), tmp_path / "before.tar.gz"
    assert satukanal("backup", "--out", str(copy)).exit_code == 0
    assert erase_now(person["reporter_phone"]).exit_code == 0
    after = demo.digest()
    restored = tmp_path / "restored"
    done = satukanal("restore", str(copy), "--home", str(restored))
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("SATUKANAL_HOME", str(restored))
    assert demo.digest() == after
    assert_forgotten(restored, person)
    with open_existing() as site:
        assert verify(site, None)["ok"]


def test_an_answer_that_comes_later_to_an_erased_complaint_is_not_taken_in(demo: Demo) -> None:
    person = one_of("sigap")
    assert erase_now(person["reporter_phone"]).exit_code == 0

    def answer(rows: Any) -> None:
        for row in rows:
            if str(row["id"]) == person["key"]:
                step = dict(row["riwayat"][0]) if row["riwayat"] else {"waktu": row["created_at"], "status": "diproses"}
                row["riwayat"].append(
                    step | {"id": 990_001, "oleh": "Petugas", "keterangan": f"Halo {person['reporter_name']}"}
                )

    demo.edit_json("sigap", answer)
    assert demo.run("sigap")["balanced"] is True
    with open_existing() as site, site.store.reading() as connection:
        theirs = complaint_event.c.submission_uid == person["uid"]
        assert (
            connection.scalars(
                sa.select(complaint_event.c.sealed).where(theirs, complaint_event.c.sealed.is_not(None))
            ).all()
            == []
        )
    assert_forgotten(demo.home, person)


def test_match_keys_are_gone_and_judgements_tell_nothing(demo: Demo) -> None:
    with open_existing() as site, site.store.reading() as connection:
        judged = set(connection.scalars(sa.select(judgement.c.left_uid)))
    person = next(one for one in people("super") if one["uid"] in judged)
    assert erase_now(person["reporter_phone"]).exit_code == 0
    with open_existing() as site, site.store.reading() as connection:
        keys = sa.select(match_key).where(match_key.c.submission_uid == person["uid"])
        assert connection.execute(keys).all() == []
        told = sa.select(judgement.c.evidence).where(judgement.c.left_uid == person["uid"])
        assert set(connection.scalars(told)) == {"[]"}


def test_without_a_ledger_entry_emptied_rows_are_a_fault(demo: Demo) -> None:
    person = one_of("sigap")
    assert erase_now(person["reporter_phone"]).exit_code == 0
    with open_existing() as site:
        with site.store.writing() as connection:
            for name in ("ledger_no_update", "ledger_no_delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            connection.exec_driver_sql("DELETE FROM ledger WHERE act = 'erasure'")
        kinds = {problem["kind"] for problem in verify(site, None)["problems"]}
    assert {"emptied", "archive_altered"} <= kinds


def test_the_disk_does_not_keep_what_the_store_gave_up(demo: Demo) -> None:
    person = one_of("sigap")
    with open_existing() as site, site.store.reading() as connection:
        sealed = connection.scalar(sa.select(reporter.c.sealed).where(reporter.c.submission_uid == person["uid"]))
    database = demo.home / "satukanal.db"
    assert sealed[:40] in database.read_bytes()
    assert erase_now(person["reporter_phone"]).exit_code == 0
    for path in demo.home.glob("satukanal.db*"):
        assert sealed[:40] not in path.read_bytes(), path


def assert_forgotten(home: Path, person: dict[str, Any]) -> None:
    """Neither rows nor raw bytes hold the person's number in any writing, nor the words that they wrote."""
    identity = erasure.Identity(
        frozenset({person["reporter_nik"]} - {None} if "reporter_nik" in person else ()),
        frozenset({person["reporter_phone"]}),
        frozenset({person["reporter_email"]} if person.get("reporter_email") else ()),
    )
    words = person["text"][:40]
    for path, content in archives(home):
        text = readable(path, content)
        assert not identity.meets(text), path
        assert words not in text, path
    with open_existing() as site, site.store.reading() as connection:
        for table, context in codec.CONTEXTS.items():
            for row in connection.execute(sa.select(table)).mappings():
                opened = codec.unseal(site.store.keys, row["sealed"], context(row))
                assert not identity.meets(orjson.dumps(opened).decode()), table.name
        query = sa.select(submission_version.c.text_public)
        assert not any(words in (text or "") for text in connection.scalars(query))


def readable(path: Path, content: bytes) -> str:
    if content[:2] == b"PK":
        from io import BytesIO

        from python_calamine import CalamineWorkbook

        book = CalamineWorkbook.from_filelike(BytesIO(content))
        return "\n".join(
            str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row
        )
    return content.decode("utf-8", "replace")
