import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalise_build import CHANNELS, REFERENCE_TABLES, channel, one, raw, run, small_channel

from schemas.channel import Channel
from transforms.normalise import check_codes

PLACES = {"columns": {"text": "isi", "district": "kec", "village": "kel", "latitude": "lat", "longitude": "lng"}}


def place(**cells):
    row = one(small_channel(PLACES), **{"kec": None, "kel": None, "lat": None, "lng": None, **cells})
    return row, (row["region_code"], row["district"], row["village"])


@pytest.mark.parametrize(
    ("kec", "kel", "found"),
    [
        ("Beji", "Kukusan", ("32.76.06.1004", "Beji", "Kukusan")),
        ("KEC. BEJI", "Kel. kukusan", ("32.76.06.1004", "Beji", "Kukusan")),
        ("Kecamatan Pancoranmas", None, ("32.76.01", "Pancoran Mas", None)),
        (None, "Kukusan", ("32.76.06.1004", "Beji", "Kukusan")),  # unique in the city: it names its district
        (None, None, ("32.76", None, None)),
    ],
)
def test_a_place_has_its_code_as_deep_as_it_is_known(kec, kel, found):
    row, got = place(kec=kec, kel=kel)
    assert got[0] == _code(found[0], found[2])
    assert got[1:] == found[1:]
    assert not [f for f in row["flags"] if f.startswith(("district", "village"))]


def _code(expected, village):
    """The code by name, so that the test does not repeat the table's numbers."""
    regions = REFERENCE_TABLES.regions
    if village is None:
        return expected
    return regions[regions["name"].eq(village) & regions["code"].str.startswith("32.76.")]["code"].item()


def test_a_place_outside_the_region_is_null_flagged_and_counted():
    done = run(small_channel(PLACES), raw("t", {"id": "1", "isi": "x", "kec": "Bojonggede", "kel": "Kukusan"}))
    assert done.unmapped == {"district": {"Bojonggede": 1}}
    assert done.submissions["flags"][0] == '["district:unknown"]'
    assert done.submissions["village"][0] == "Kukusan"


def test_a_village_name_that_stands_twice_needs_its_district():
    row, got = place(kel="Curug")
    assert got == ("32.76", None, "Curug")
    assert row["flags"] == ["village:ambiguous"]
    row, got = place(kec="Cimanggis", kel="Curug")
    assert got[1:] == ("Cimanggis", "Curug")
    assert row["flags"] == []


def test_a_village_of_another_district_keeps_both_names_and_claims_no_code():
    row, got = place(kec="Beji", kel="Curug")
    assert got == ("32.76", "Beji", "Curug")
    assert row["flags"] == ["village:outside_district"]


def test_where_the_reference_knows_no_places_the_names_stay_as_written():
    row = one(small_channel(PLACES, region="17.71"), kec="Ratu Agung", kel=None, lat=None, lng=None)
    assert (row["region_code"], row["district"], row["flags"]) == ("17.71", "Ratu Agung", [])


@pytest.mark.parametrize(
    ("lat", "lng", "point", "fault"),
    [
        ("-6.4", "106.8", (-6.4, 106.8), None),
        ("-6,4", "106,8", (-6.4, 106.8), None),
        ("106.8", "-6.4", (-6.4, 106.8), "swapped"),
        ("0", "0.0", (None, None), "zero"),
        ("48.8", "2.3", (None, None), "outside_indonesia"),
        ("utara", "106.8", (None, None), "unreadable"),
        ("-6.4", None, (None, None), "incomplete"),
        ("nan", "106.8", (None, None), "unreadable"),
        ("inf", "106.8", (None, None), "outside_indonesia"),
        (None, None, (None, None), None),
    ],
)
def test_coordinates_lie_in_indonesia_or_are_null(lat, lng, point, fault):
    row, _ = place(lat=lat, lng=lng)
    assert (row["latitude"], row["longitude"]) == point
    assert {f.split(":")[1] for f in row["flags"]} - {"incomplete"} == ({fault} if fault else set()) - {"incomplete"}
    assert bool(row["flags"]) is bool(fault)


CODED = {
    "columns": {
        "text": "isi",
        "status": "st",
        "type": "jenis",
        "category": "kat",
        "agency": "opd",
        "submitted_at": "tgl",
        "is_confidential": {"column": "rahasia", "true": ["Ya"]},
    }
}
CODES = {
    "status": {"selesai": {"status": "closed", "closed_by": "agency"}, "baru": "unverified"},
    "type": {"aduan": "complaint"},
    "category": {"Banjir": "LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR"},
    "agency": {"Bidang Taman": "dlh"},
}


def coded(**cells):
    given_cells = {"st": "baru", "jenis": None, "kat": None, "opd": None, "tgl": None, "rahasia": None, **cells}
    return one(small_channel(CODED, codes=CODES), **given_cells)


@pytest.mark.parametrize("label", ["selesai", " SELESAI ", "Selesai\xa0"])
def test_a_status_is_found_without_regard_to_case_and_blanks(label):
    row = coded(st=label)
    assert (row["status"], row["closed_by"], row["status_source"]) == ("closed", "agency", label.strip())


@pytest.mark.parametrize("label", ["eskalasi", None])
def test_a_status_that_the_list_lacks_is_unmapped_and_never_a_default(label):
    row = coded(st=label)
    assert (row["status"], row["flags"]) == ("unmapped", ["status:unmapped"])


def test_without_a_status_column_nothing_is_verified_and_without_a_type_column_nothing_classified():
    row = one(small_channel())
    assert (row["status"], row["type"], row["flags"]) == ("unverified", "unclassified", [])


def test_unknown_labels_are_counted_by_field():
    rows = [
        {"id": str(n), "isi": "x", "st": "eskalasi", "jenis": "lain", "kat": "Hewan", "opd": "BUMD X"} for n in range(3)
    ]
    done = run(small_channel(CODED, codes=CODES), raw("t", *rows))
    assert done.unmapped == {
        "agency": {"BUMD X": 3},
        "category": {"Hewan": 3},
        "status": {"eskalasi": 3},
        "type": {"lain": 3},
    }
    assert set(done.submissions["type"]) == {"unclassified"}
    assert done.submissions["category"].isna().all()


def test_labels_in_the_count_hold_no_numbers_of_people():
    row = {"id": "1", "isi": "x", "st": "baru", "kat": "hubungi 081234567891 " + "x" * 90}
    done = run(small_channel(CODED, codes=CODES), raw("t", row))
    (label,) = done.unmapped["category"]
    assert label.startswith("hubungi [telepon]")
    assert len(label) == 60


@pytest.mark.parametrize(
    ("label", "agency"),
    [
        ("Bidang Taman", "dlh"),  # the channel's own list
        ("SATPOLL PP", "satpol-pp"),
        ("Satpol PP Kota Depok", "satpol-pp"),
        ("SATUAN POLISI PAMONG PRAJA", "satpol-pp"),
        ("DPUPR", "dinas-pu"),
        ("Dinas P.U.P.R.", "dinas-pu"),
        ("dinas  pekerjaan umum dan penataan ruang", "dinas-pu"),
        ("Disdukcapil", "disdukcapil"),
        ("Dishub", "dishub"),
        ("Kantor Pos", None),
    ],
)
def test_an_agency_is_known_by_many_names(label, agency):
    row = coded(opd=label)
    assert (row["agency"], row["agency_source"]) == (agency, label if "  " not in label else " ".join(label.split()))


@pytest.mark.parametrize(("tgl", "agency"), [("2016-05-01", "dlh"), ("2018-05-01", "dkp3"), (None, "dkp3")])
def test_a_name_that_has_meant_two_offices_is_read_by_the_date(tgl, agency):
    assert coded(opd="DKP", tgl=tgl)["agency"] == agency


@pytest.mark.parametrize(
    ("said", "hidden", "flags"),
    [
        ("Ya", True, []),
        ("ya ", True, []),
        ("Tidak", False, []),
        (None, False, []),
        ("mungkin", True, ["is_confidential:unmapped"]),
    ],
)
def test_a_wish_for_secrecy_that_is_not_understood_is_granted(said, hidden, flags):
    row = coded(rahasia=said)
    assert (row["is_confidential"], row["flags"]) == (hidden, flags)
    assert (row["text_public"] is None) is hidden


def test_reports_of_a_whistleblowing_stream_are_confidential():
    streams = {"complaints": {"title": "WBS", "whistleblowing": True}}
    row = one(small_channel(streams=streams))
    assert (row["type"], row["is_confidential"], row["text_public"]) == ("whistleblowing", True, None)


@pytest.mark.parametrize("file", sorted(p.stem for p in CHANNELS.glob("*.yaml")))
def test_every_code_of_every_channel_file_exists(file):
    assert check_codes(channel(file), REFERENCE_TABLES) == []


@pytest.mark.parametrize(
    ("change", "key", "problem"),
    [
        (
            {"codes": {"category": {"PJU": "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUMM"}}},
            ("codes", "category", "PJU"),
            "'PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUMM' is no category of data/reference/categories.csv;"
            " did you mean 'PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM'?",
        ),
        (
            {"codes": {"agency": {"X": "dishubb"}}},
            ("codes", "agency", "X"),
            "'dishubb' is no agency of data/reference/agencies.csv; did you mean 'dishub'?",
        ),
        (
            {"owner": "Dinas Perhubungan"},
            ("owner",),
            "'Dinas Perhubungan' is no agency of data/reference/agencies.csv; did you mean 'dishub'?",
        ),
        (
            {"region": "32.99"},
            ("region",),
            "'32.99' is no region of data/reference/regions.csv; the nearest are '32.",
        ),
    ],
)
def test_a_code_that_does_not_exist_is_named_with_its_list_and_the_nearest_that_does(change, key, problem):
    broken = Channel.model_validate(small_channel().model_dump() | change)
    (found,) = check_codes(broken, REFERENCE_TABLES)
    assert found.key == key
    assert found.problem.startswith(problem)


def test_a_wrong_sub_category_is_looked_for_below_its_main_category_first():
    broken = small_channel(codes={"category": {"PJU": "PERHUBUNGAN > LAMPU"}})
    (found,) = check_codes(broken, REFERENCE_TABLES)
    hints = found.problem.split("the nearest are ")[1].split(", ")
    assert len(hints) == 3
    assert all(hint.startswith("'PERHUBUNGAN > ") for hint in hints)


def test_an_owner_that_is_like_no_agency_still_gets_the_nearest_three():
    broken = Channel.model_validate(small_channel().model_dump() | {"owner": "kelurahan"})
    (found,) = check_codes(broken, REFERENCE_TABLES)
    nearest = [hint.strip("'") for hint in found.problem.split("the nearest are ")[1].split(", ")]
    assert len(nearest) == 3
    assert set(nearest) <= set(REFERENCE_TABLES.agencies["id"])


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=12), st.text(max_size=12))
def test_no_label_and_no_place_makes_normalising_fail(district, village, lat, opd):
    of = small_channel({"columns": {**PLACES["columns"], "agency": "opd"}})
    cells = {"id": "1", "isi": "x", "kec": district, "kel": village, "lat": lat, "lng": lat, "opd": opd}
    assert len(run(of, raw("t", cells)).submissions) == 1
