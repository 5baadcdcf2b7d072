from datetime import datetime

import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalise_build import REFERENCE_TABLES, adds_up, one, raw, run, small_channel

from schemas.canonical import EVENT, EXCLUDED, REJECTED, SUBMISSION, names
from transforms.normalise import UnreadablePiece, normalise

PERSON = {
    "columns": {
        "text": "isi",
        "version_at": "ubah",
        "reporter_name": "nama",
        "reporter_phone": "telp",
        "reporter_nik": "nik",
    }
}
ANSWERS = {
    "events": [
        {
            "table": "jawab",
            "complaint": ["id"],
            "key": ["no"],
            "columns": {"text": "kata", "occurred_at": "tgl", "status": "st", "agency": "opd"},
        }
    ]
}


def test_a_row_without_a_part_of_its_key_waits_in_quarantine():
    done = run(
        small_channel({"key": ["id", "sub"]}),
        raw("t", {"id": "1", "sub": " ", "isi": "x"}, {"id": "1", "sub": "2", "isi": "y"}),
    )
    assert done.rejected["reason"].tolist() == ["no_key"]
    assert done.submissions["key"].tolist() == ["1|2"]
    assert adds_up(done)


def test_a_key_that_passed_through_a_float_is_the_same_key():
    assert run(small_channel(), raw("t", {"id": "155121.0", "isi": "x"})).submissions["key"][0] == "155121"


@pytest.mark.parametrize("words", [None, "", "-", "?!", "<br>", "\u200b"])
def test_a_row_without_a_readable_word_waits_in_quarantine(words):
    done = run(small_channel(), raw("t", {"id": "1", "isi": words}))
    assert done.rejected["reason"].tolist() == ["no_content"]


def test_a_title_alone_is_a_complaint():
    of = small_channel({"columns": {"text": "isi", "title": "judul"}})
    assert run(of, raw("t", {"id": "1", "isi": None, "judul": "Lampu mati"})).submissions["title"][0] == "Lampu mati"


def test_the_same_row_twice_is_repeated_and_the_first_is_kept():
    done = run(small_channel(), raw("t", {"id": "1", "isi": "x"}, {"id": "1", "isi": "x"}))
    assert (done.submissions["position"][0], done.excluded["position"][0]) == ("1", "2")
    assert done.excluded["rule"].tolist() == ["repeated"]


def test_of_several_versions_the_newest_is_kept_wherever_it_stands():
    rows = [{"id": "1", "isi": f"versi {d}", "ubah": f"2024-01-0{d}"} for d in (2, 3, 1)]
    done = run(small_channel(PERSON), raw("t", *rows))
    assert done.submissions["text"].tolist() == ["versi 3"]
    assert done.excluded["position"].tolist() == ["1", "3"]


def test_of_versions_without_a_time_the_one_read_last_is_kept():
    done = run(small_channel(), raw("t", {"id": "1", "isi": "satu"}), raw("t", {"id": "1", "isi": "dua"}, start=9))
    assert done.submissions["text"].tolist() == ["dua"]


PEOPLE = [
    ({"nama": "Budi Contoh", "telp": "081234567891"}, {"nama": "Ani Contoh", "telp": "081234567892"}, True),
    ({"nama": "Budi Contoh", "nik": "3276010101900001"}, {"nama": "Ani Contoh", "nik": "3276010101900002"}, True),
    ({"nama": "Budi Contoh", "telp": "081234567891"}, {"nama": "BUDI CONTOH", "telp": "081234567892"}, False),
    ({"nama": "Budi Contoh", "telp": "081234567891"}, {"nama": "Budi C.", "telp": "0812-3456-7891"}, False),
    ({"nama": "Budi Contoh", "telp": "081234567891"}, {"nama": None, "telp": "081234567892"}, False),
    ({"nama": "Budi Contoh", "telp": None}, {"nama": "Ani Contoh", "telp": "081234567892"}, False),
]


@pytest.mark.parametrize(("first", "second", "reused"), PEOPLE)
def test_a_key_of_another_person_is_reused_and_waits_in_quarantine(first, second, reused):
    blank = {"ubah": None, "nama": None, "telp": None, "nik": None}
    rows = [{"id": "7", "isi": "satu", **blank, **first}, {"id": "7", "isi": "dua", **blank, **second}]
    done = run(small_channel(PERSON), raw("t", *rows))
    assert done.rejected["reason"].tolist() == (["key_reused"] if reused else [])
    assert done.submissions["text"].tolist() == (["satu"] if reused else ["dua"])
    assert adds_up(done)


def test_rules_exclude_in_their_order_on_raw_values_before_content_is_asked():
    rules = [
        {
            "rule": "prank",
            "when": {"column": "jenis", "any_of": ["Prank Call"]},
            "unless": {"column": "isi", "pattern": "banjir"},
        },
        {"rule": "silent_call", "when": {"column": "isi", "pattern": "^(-|diam)$"}},
    ]
    rows = [
        {"id": "1", "isi": "-", "jenis": " PRANK  call"},
        {"id": "2", "isi": "Banjir!", "jenis": "Prank Call"},
        {"id": "3", "isi": "Diam", "jenis": "x"},
        {"id": None, "isi": "diam", "jenis": "x"},
    ]
    done = run(small_channel({"exclude": rules, "ignore": ["jenis"]}), raw("t", *rows))
    assert dict(zip(done.excluded["key"], done.excluded["rule"], strict=True)) == {"1": "prank", "3": "silent_call"}
    assert done.submissions["key"].tolist() == ["2"]
    assert done.rejected["reason"].tolist() == ["no_key"]


def test_a_stream_without_key_columns_is_keyed_by_content_and_occurrence():
    of = small_channel({"key": [], "ignore": ["urut"]}, key="content")
    rows = [{"isi": "x", "urut": "1"}, {"isi": "x", "urut": "2"}, {"isi": "y", "urut": "3"}]
    keys = run(of, raw("t", *rows)).submissions["key"].tolist()
    assert [k.split("#")[1] for k in keys] == ["1", "2", "1"]
    assert keys[0].split("#")[0] == keys[1].split("#")[0] != keys[2].split("#")[0]
    assert run(of, raw("t", *reversed(rows))).submissions["key"].sort_values().tolist() == sorted(keys)


def test_the_raw_record_is_kept_as_read_with_sorted_keys_and_without_nulls():
    row = one(small_channel({"ignore": ["z", "a"]}), z=" 1 ", a=None)
    assert list(row["raw"].items()) == [("id", "1"), ("isi", "Jalan rusak"), ("z", " 1 ")]


def test_headers_are_found_without_regard_to_case_and_blanks():
    done = run(small_channel(), raw("t", {"ID ": "1", "Isi": "x"}))
    assert (done.submissions["key"].tolist(), done.schema_drift) == (["1"], ())


def test_what_is_not_expected_and_what_is_missing_is_drift():
    of = small_channel(ANSWERS | {"columns": {"text": "isi", "title": "judul"}, "ignore": ["foto"]})
    tables = [raw("t", {"id": "1", "isi": "x", "foto": "a", "baru": "b"}), raw("petugas", {"id": "1"})]
    assert run(of, *tables).schema_drift == ("jawab (absent)", "petugas.*", "t.baru", "t.judul (absent)")


def test_an_empty_table_is_no_drift():
    done = run(small_channel(ANSWERS), raw("t"), raw("jawab"))
    assert (done.schema_drift, len(done.submissions), done.counts.raw_records) == ((), 0, 0)


def test_a_column_that_did_not_come_is_told_with_the_unused_header_that_is_most_like_it():
    of = small_channel({"columns": {"text": "isi", "reporter_phone": "No. HP", "title": "judul"}, "ignore": ["NO HP"]})
    row = {"id": "1", "isi": "x", "NO HP": "0812", "Keterangan": "y"}
    assert run(of, raw("t", row)).schema_drift == (
        "t.Keterangan",
        "t.No. HP (absent; nearest: NO HP)",
        "t.judul (absent)",
    )


def test_an_optional_column_may_stay_away_but_is_read_where_it_comes():
    of = small_channel({"columns": {"text": "isi", "title": {"column": "Judul", "optional": True}}})
    assert run(of, raw("t", {"id": "1", "isi": "x"})).schema_drift == ()
    done = run(of, raw("t", {"id": "1", "isi": "x", "JUDUL": "Jalan"}))
    assert (done.schema_drift, done.submissions["title"].tolist()) == ((), ["Jalan"])


def test_a_column_that_one_reader_needs_is_not_optional_because_another_can_do_without():
    of = small_channel({"columns": {"text": "isi", "title": {"column": "id", "optional": True}}})
    assert run(of, raw("t", {"isi": "x"})).schema_drift == ("t.id (absent)",)


def test_columns_of_keys_events_and_exclusions_are_missed_too():
    stream = {
        "key": ["nomor", "tahun"],
        "exclude": [
            {
                "rule": "prank",
                "when": {"column": "jenis", "any_of": "iseng"},
                "unless": {"column": "sah", "pattern": "y"},
            }
        ],
        "events": [{"table": "jawab", "complaint": ["aduan"], "key": ["no_jawab"], "columns": {"text": "balasan"}}],
    }
    drift = run(small_channel(stream), raw("t", {"isi": "x"}), raw("jawab", {"balasan": "y"})).schema_drift
    missed = ["jawab.aduan", "jawab.no_jawab", "t.jenis", "t.nomor", "t.sah", "t.tahun"]
    assert drift == tuple(f"{column} (absent)" for column in missed)


@pytest.mark.parametrize("empty", [None, "[]"])
def test_what_lies_in_an_object_that_is_always_empty_is_not_absent(empty):
    of = small_channel({"columns": {"text": "isi", "reporter_name": "pelapor.nama"}, "ignore": ["pelapor"]})
    assert run(of, raw("t", {"id": "1", "isi": "x", "pelapor": empty})).schema_drift == ()
    told = run(of, raw("t", {"id": "1", "isi": "x", "pelapor": "Siti"})).schema_drift
    assert told == ("t.pelapor.nama (absent; nearest: pelapor)",)


def test_a_column_that_is_in_one_chunk_of_a_table_is_not_absent():
    of = small_channel({"columns": {"text": "isi", "title": "judul"}})
    chunks = [raw("t", {"id": "1", "isi": "x"}), raw("t", {"id": "2", "isi": "y", "judul": "z"}, start=2)]
    assert run(of, *chunks).schema_drift == ()


def test_a_piece_that_could_not_be_read_waits_in_quarantine_with_its_bytes():
    piece = UnreadablePiece("t", "berkas", "12", "row ends in the middle", b"\xff\x00")
    done = run(small_channel(), raw("t", {"id": "1", "isi": "x"}), unreadable=(piece,))
    (row,) = done.rejected.to_dict("records")
    assert (row["reason"], row["position"], row["raw"]) == ("unreadable", "12", "base64:/wA=")
    assert (done.counts.extracted, done.counts.raw_records) == (2, 2)


def answers(*rows, complaints=({"id": "1", "isi": "x", "nama": "Siti Contoh"},), **extra):
    columns = {"text": "isi", "reporter_name": "nama", "is_confidential": "rahasia"}
    of = small_channel(ANSWERS | {"columns": columns}, codes={"status": {"selesai": "closed"}})
    blank = {"kata": "Sudah", "tgl": "2024-01-02", "st": None, "opd": None}
    whole = [{"rahasia": None, **c} for c in complaints]
    return run(of, raw("t", *whole), raw("jawab", *[{**blank, **r} for r in rows]), **extra)


def test_an_answer_finds_its_complaint_and_hides_its_reporter():
    done = answers(
        {"id": "1", "no": "5", "kata": "Ibu Siti Contoh, hubungi 0217720123", "st": "Selesai", "opd": "Dishub"}
    )
    (event,) = done.events.to_dict("records")
    assert (event["key"], event["event_key"], event["kind"]) == ("1", "5", "answer")
    assert (event["status"], event["agency"]) == ("closed", "dishub")
    assert event["text_public"] == "Ibu [nama], hubungi [telepon]"
    assert event["flags"] == "[]"


def test_an_answer_to_a_confidential_complaint_is_not_public():
    done = answers({"id": "1", "no": "5"}, complaints=[{"id": "1", "isi": "x", "rahasia": "1", "nama": None}])
    assert done.events["text_public"].isna().all()


def test_an_answer_without_its_complaint_stays_as_an_orphan():
    done = answers({"id": "99", "no": "5"}, {"id": None, "no": "6"})
    assert done.events["flags"].tolist() == ['["complaint:orphan"]'] * 2
    assert done.events["key"].tolist() == ["99", ""]
    assert done.events["text_public"].isna().all()  # whether it may be shown is not known here


def test_an_answer_repeated_to_the_letter_is_one_event_and_counted_twice():
    done = answers({"id": "1", "no": "5"}, {"id": "1", "no": "5"}, {"id": "1", "no": "5", "kata": "Lain"})
    assert done.events["event_key"].tolist() == ["5", "5#2"]
    assert done.events["flags"].tolist() == ["[]", '["event_key:reused"]']
    assert done.counts.events == 3
    assert adds_up(done)


def test_an_answer_without_its_own_key_is_keyed_by_content():
    first, again = (answers({"id": "1", "no": None}, {"id": "1", "no": None, "kata": "Lain"}).events for _ in range(2))
    assert first["event_key"].str.fullmatch("[0-9a-f]{64}").all()
    assert first["event_key"].nunique() == 2
    assert first["event_key"].tolist() == again["event_key"].tolist()


def test_an_unknown_status_of_an_answer_is_counted_apart():
    assert answers({"id": "1", "no": "5", "st": "eskalasi"}).unmapped == {"event_status": {"eskalasi": 1}}


def test_a_fetch_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        normalise(small_channel(), "satu", [], [], datetime(2024, 1, 1), REFERENCE_TABLES)


def test_numbers_attachments_and_addresses_are_brought_into_one_form():
    of = small_channel(
        {
            "columns": {
                "text": "isi",
                "old_numbers": {"join": ["no1", "no2"]},
                "attachments": "foto",
                "sp4n_id": "sp4n",
                "location": {"join": ["jalan", "rt"]},
            }
        }
    )
    row = one(
        of, no1="ADU 001", no2="12.0", foto='["a.jpg","default.jpg"]', sp4n="#9165816", jalan="Jl. Mawar", rt=None
    )
    assert (row["old_numbers"], row["attachments"]) == ("ADU001 12", '["a.jpg"]')
    assert (row["sp4n_id"], row["location"]) == ("9165816", "Jl. Mawar")
    row = one(of, no1=None, no2=None, foto="a.jpg; b.png", sp4n="belum", jalan=None, rt=None)
    assert (row["old_numbers"], row["attachments"]) == (None, '["a.jpg","b.png"]')
    assert (row["sp4n_id"], row["flags"]) == (None, ["sp4n_id:invalid"])


def test_what_was_cleaned_stands_beside_what_came_in_with_its_rule():
    row = one(small_channel(PERSON), ubah=None, nama=" Siti Contoh ", telp="0812-3456-7891", nik="123")
    assert row["changes"] == [["reporter_nik", "wrong_length", "123"], ["reporter_phone", "e164", "0812-3456-7891"]]


CELL = (
    st.none()
    | st.sampled_from(["", "-", "1", "2", "x", "Budi", "Ani", "081234567891", "081234567892", "2024-01-02"])
    | st.text(max_size=6)
)
ROW = st.fixed_dictionaries(dict.fromkeys(("id", "isi", "ubah", "nama", "telp", "nik"), CELL))
ANSWER = st.fixed_dictionaries(dict.fromkeys(("id", "no", "kata", "tgl", "st", "opd"), CELL))


@settings(deadline=None, max_examples=60)
@given(st.lists(ROW, max_size=8), st.lists(ANSWER, max_size=4), st.integers(0, 2))
def test_every_record_leaves_by_exactly_one_door(rows, replies, broken):
    of = small_channel(
        {**PERSON, **ANSWERS, "exclude": [{"rule": "prank", "when": {"column": "isi", "any_of": ["x"]}}]}
    )
    pieces = (UnreadablePiece("jawab", "berkas", "1", "torn", b"x"),) * broken
    done = run(of, raw("t", *rows), raw("jawab", *replies), unreadable=pieces)
    assert adds_up(done)
    assert done.counts.raw_records == len(rows) + len(replies) + broken
    doors = pd.concat(
        [
            done.submissions["position"],
            done.rejected["position"][lambda s: s.index < len(done.rejected) - broken],
            done.excluded["position"],
        ]
    )
    assert sorted(doors) == sorted(str(n) for n in range(1, len(rows) + 1))
    assert not done.submissions["key"].duplicated().any()
    assert not done.events.duplicated(["event_key"]).any()
    frames = (
        (done.submissions, SUBMISSION),
        (done.events, EVENT),
        (done.rejected, REJECTED),
        (done.excluded, EXCLUDED),
    )
    for frame, contract in frames:
        assert list(frame.columns) == names(contract)
    for cell in [*done.submissions["changes"], *done.submissions["raw"], *done.events["flags"]]:
        orjson.loads(cell)
