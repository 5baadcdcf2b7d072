"""Guesses by names and values; what they write is read back as it was meant."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from data import REFERENCE
from schemas.reference import read_reference
from transforms.normalise.values import fold
from transforms.scaffold.codes import guess_codes, guess_status
from transforms.scaffold.dates import guess_dates
from transforms.scaffold.names import FIELDS, base, strength
from transforms.scaffold.page import BLOCK, quoted
from transforms.scaffold.places import zone_of
from transforms.scaffold.profile import ColumnProfile, coverage

REGIONS = read_reference(REFERENCE)


def column(*values: str | None, name: str = "kolom") -> ColumnProfile:
    profile = ColumnProfile(name)
    profile.add(pd.Series(list(values), dtype="str"))
    return profile


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        (("2023-01-31 10:11:12", "2023-02-01"), ()),
        (("31/01/2023 07:15", "01/02/2023 08:00"), ("%d/%m/%Y %H:%M",)),
        (("01/31/2023", "02/01/2023"), ("%m/%d/%Y",)),
        (("7/1/2015 10:27:00", "25/2/2015 01:00:00"), ("%d/%m/%Y %H:%M:%S",)),
        (("20 Agustus 2021 07:15", "1 Mei 2021 10:00"), ("%d %B %Y %H:%M",)),
        (("03-07-2023 17:51 WIB", "13-07-2023 17:51 WIB"), ("%d-%m-%Y %H:%M WIB",)),
        (("24 Feb 2024", "3 Des 2024"), ("%d %B %Y",)),
        (("2024-01-01T10:00:00+07:00", "2024-01-02T10:00:00+07:00"), ("%Y-%m-%dT%H:%M:%S%z",)),
        (("Jumat, 5 Januari 2024 14.30", "Sabtu, 6 Januari 2024 09.00"), ("%A, %d %B %Y %H.%M",)),
    ],
)
def test_formats_are_found_by_all_values(values: tuple[str, ...], formats: tuple[str, ...]) -> None:
    guess = guess_dates(column(*values))
    assert guess is not None
    assert (guess.formats, guess.share) == (formats, 1.0)


def test_formats_that_came_with_the_years_stand_beside_each_other_but_never_swapped() -> None:
    values = (
        [f"{day:02d}/03/2023" for day in range(1, 29)] + [f"{day} Maret 2022" for day in range(1, 10)] + ["01/31/2023"]
    )
    guess = guess_dates(column(*values))
    assert guess is not None
    assert guess.formats == ("%d/%m/%Y", "%d %B %Y")
    assert guess.share < 1


def test_days_that_could_be_months_are_said_to_be() -> None:
    guess = guess_dates(column("01/02/2023", "03/04/2023"))
    assert guess is not None
    assert (guess.formats, guess.ambiguous) == (("%d/%m/%Y",), True)


@pytest.mark.parametrize(
    "values", [("0812345678", "0813456789"), ("Jalan rusak", "Lampu mati"), ("7 jam yang lalu",), ()]
)
def test_what_is_no_date_is_none(values: tuple[str, ...]) -> None:
    assert guess_dates(column(*values)) is None


@pytest.mark.parametrize(
    ("label", "status", "by"),
    [
        ("0", "unverified", None), ("menunggu", "unverified", None), ("Belum Terverifikasi", "unverified", None),
        ("proses", "in_process", None), ("Terdisposisi – Sedang Diproses", "in_process", None),
        ("belum selesai", "in_process", None), ("Selesai", "closed", "agency"),
        ("Ditutup oleh Sistem", "closed", "system"),
        ("Ditutup oleh Pelapor", "closed", "reporter"), ("ditolak", "archived", "admin"),
        ("Diarsipkan oleh Sistem", "archived", "system"), ("Menunggu Kelengkapan Informasi", "postponed", None),
        ("Terdisposisi – Belum Ditindaklanjuti", "dispositioned", None), ("verifikasi", "dispositioned", None),
        ("in_progress", "in_process", None), ("Bukan Kewenangan", "archived", "admin"), ("3", None, None),
        ("Koord. PLN", None, None), ("Pending Vendor", None, None),
    ],
)  # fmt: skip
def test_status_words_have_their_codes_and_others_none(label: str, status: str | None, by: str | None) -> None:
    found, closed_by, archived_by = guess_status(label)
    assert (found, closed_by or archived_by) == (status, by)


def test_every_category_that_is_guessed_exists() -> None:
    labels = [
        "Jalan",
        "PJU",
        "Drainase",
        "Sampah",
        "Lainnya",
        "Bansos",
        "KTP",
        "Parkir Liar",
        "Pohon",
        "Kesehatan",
        "Xyz",
    ]
    codes = {code.label: code.code for code in guess_codes("category", dict.fromkeys(labels, 1), REGIONS)}
    assert {code for code in codes.values() if code} <= REGIONS.category_paths
    assert codes["Lainnya"] == "TOPIK LAINNYA"
    assert codes["Xyz"] is None


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("tgl_pengaduan", "submitted_at"), ("WAKTU LAPOR", "submitted_at"), ("createdAt", "submitted_at"),
        ("Tanggal Kejadian", "incident_at"), ("isi_laporan", "text"), ("Uraian Aduan", "text"),
        ("No. HP", "reporter_phone"),
        ("NAMA PENELEPON", "reporter_name"), ("no_tiket", "old_numbers"), ("Tracking ID", "old_numbers"),
        ("id_kategori", "category"), ("opd_id", "agency"), ("Kelurahan/Desa", "village"), ("lng", "longitude"),
    ],
)  # fmt: skip
def test_names_of_columns_say_what_they_hold(name: str, field: str) -> None:
    assert max(FIELDS, key=lambda f: strength(f, name, FIELDS)) == field


def test_names_of_others_are_not_the_reporters() -> None:
    for name in ("nama_petugas", "nama_kategori", "nama_opd", "nama terlapor"):
        assert strength("reporter_name", name, FIELDS) == 0


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("tb_pengaduan", "pengaduan"),
        ("users", "user"),
        ("categories", "category"),
        ("petugas", "petugas"),
        ("m_dinas", "dinas"),
    ],
)
def test_tables_are_known_without_prefix_and_plural(table: str, name: str) -> None:
    assert base(table) == name


def test_zones_follow_the_province() -> None:
    assert [zone_of(code) for code in ("32.76", "64.71", "91.71")] == ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]


def test_a_profile_of_more_than_memory_holds_a_sample_that_other_columns_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.scaffold.profile.KEPT_CHARS", 20_000)
    keys = column(*map(str, range(10_000)))
    part = column(*map(str, range(0, 10_000, 3)))
    other = column(*(f"x{n}" for n in range(5_000)))
    assert keys.is_sample
    assert keys.distinct == 1
    assert 100 < len(keys.values) < 1_000
    assert coverage(part, keys) == 1
    assert coverage(other, keys) == 0


def test_what_says_nothing_is_counted_apart_from_null() -> None:
    profile = column("a", None, "", "-", "NULL", "0000-00-00", "a")
    assert (profile.rows, profile.nulls, profile.blanks, profile.filled) == (7, 1, 4, 2)


@given(st.text(max_size=30), st.booleans())
def test_every_text_survives_as_a_yaml_scalar(text: str, block: bool) -> None:
    written = quoted(text, BLOCK) if block else f"[{quoted(text)}, x]"
    read = YAML(typ="safe").load(f"a: {written}\n")["a"]
    assert (read if block else read[0]) == text


@given(st.lists(st.text(max_size=12), max_size=30))
def test_counts_of_labels_are_kept_whatever_their_case(labels: list[str]) -> None:
    counts = {label: labels.count(label) for label in labels}
    found = guess_codes("status", counts, REGIONS)
    assert sum(code.count for code in found) == len(labels)
    assert len({fold(code.label) for code in found}) == len(found)
