"""The catalogues: both languages say the same things, each text is used, and numbers look as people write them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import satukanal.reports
from satukanal.reports import texts
from schemas.codes import (
    STATUS_LABELS,
    AttachmentState,
    ChannelState,
    Disposition,
    ExclusionRule,
    LoadStatus,
    QuarantineReason,
    RunStatus,
    Status,
)
from schemas.store import COUNTS
from transforms.match.model import WHAT, WHO

ROOM = Path(satukanal.reports.__file__).parent
SOURCES = "\n".join(p.read_text() for p in (*ROOM.glob("*.py"), *ROOM.glob("templates/*")))
BY_CODE = set(re.findall(r"\bname\(\s*[\"'](\w+)[\"']", SOURCES)) | {"trouble", "term", "work", "check"}
NAMED = set(re.findall(r"\b(?:t|self)\(\s*f?[\"']([a-z_]+\.[a-z_]+)[\"']", SOURCES)) | {"format.clock", "format.exact"}
ID, EN = texts.words("id"), texts.words("en")


def keys(words: texts.Words) -> set[str]:
    return {f"{section}.{key}" for section, held in words.sections.items() for key in held}


def forms(words: texts.Words) -> Iterator[tuple[str, str]]:
    for section, held in words.sections.items():
        for key, text in held.items():
            for form in [text] if isinstance(text, str) else text.values():
                yield f"{section}.{key}", form


def test_both_languages_hold_the_same_keys() -> None:
    assert keys(ID) == keys(EN)


def test_every_text_asked_for_exists_and_every_text_is_asked_for() -> None:
    assert keys(ID) >= NAMED
    assert {key for key in keys(ID) if key.partition(".")[0] not in BY_CODE} <= NAMED
    assert set(ID.sections) >= BY_CODE


def test_both_languages_fill_the_same_placeholders() -> None:
    fields = [
        {(key, name) for key, form in forms(words) for _, name, _, _ in Formatter().parse(form) if name}
        for words in (ID, EN)
    ]
    assert fields[0] == fields[1]


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("status", set(Status)),
        ("state", set(ChannelState)),
        ("load_status", set(LoadStatus)),
        ("run_status", set(RunStatus)),
        ("file_state", set(AttachmentState)),
        ("reason", set(QuarantineReason)),
        ("disposition", set(Disposition)),
        ("rule", set(ExclusionRule)),
        ("feature", {"prior", *WHO, *WHAT}),
        ("level", {level for side in (WHO, WHAT) for levels in side.values() for level in levels}),
        ("outcome", {"balanced", "unbalanced", "uncompared", "failed", "stopped"}),
        ("brief", {"balanced", "unbalanced", "uncompared", "failed", "stopped"}),
        ("run_means", set(RunStatus)),
        ("suite", {"critical", "warning"}),
    ],
)
def test_a_section_names_exactly_the_codes_of_the_program(section: str, codes: set[str]) -> None:
    assert set(ID.sections[section]) == {str(code) for code in codes}


def test_every_count_of_the_store_has_a_name() -> None:
    assert set(ID.sections["measure"]) >= set(COUNTS)


def test_status_labels_in_indonesian_are_those_that_sp4n_shows() -> None:
    assert ID.sections["status"] == {status.value: label for status, label in STATUS_LABELS.items()}


def test_a_code_of_a_channels_own_is_its_own_name() -> None:
    assert ID.name("rule", "emergency_handled") == "emergency_handled"
    assert ID.name("rule", None) == "–"


def test_numbers_follow_the_language() -> None:
    assert [w.number(1234567.891, 2) for w in (ID, EN)] == ["1.234.567,89", "1,234,567.89"]
    assert [w.signed(-4.26, 1) for w in (ID, EN)] == ["−4,3", "−4.3"]
    assert ID.signed(0) == "0"
    assert ID.number(None) == ID.signed(None) == "–"


@given(st.integers(-(10**12), 10**12))
def test_a_number_can_be_read_back(value: int) -> None:
    assert int(ID.number(value).replace(".", "").replace("−", "-")) == value


def test_english_knows_one_and_many() -> None:
    assert [EN("quality.rows", n=n) for n in (0, 1, 1000)] == ["0 rows", "1 row", "1,000 rows"]


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        (None, "1 Januari 2025 pukul 00.30 WIB"),
        ("Asia/Pontianak", "1 Januari 2025 pukul 00.30 WIB"),
        ("Asia/Makassar", "1 Januari 2025 pukul 01.30 WITA"),
        ("Asia/Jayapura", "1 Januari 2025 pukul 02.30 WIT"),
    ],
)
def test_a_time_is_shown_in_its_zone(zone: str | None, shown: str) -> None:
    assert ID.moment("2024-12-31T17:30:00Z", zone) == shown
    assert ID.moment(datetime(2024, 12, 31, 17, 30, tzinfo=UTC), zone) == shown


def test_sizes_shares_and_chances_are_round() -> None:
    assert [ID.size(n) for n in (None, 0, 999, 1000, 2_840_000)] == ["–", "0 B", "999 B", "1,0 kB", "2,8 MB"]
    assert [ID.share(61, 1553), ID.share(1, 0)] == ["3,9 %", "–"]
    assert [ID.chance(p) for p in (0.97, 0.9999, None)] == ["0,97", "> 0,99", "–"]
