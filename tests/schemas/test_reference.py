import pytest

from data import REFERENCE
from schemas.reference import BadReference, read_reference


def test_the_tables_point_to_each_other():
    reference = read_reference(REFERENCE)
    agencies, codes = set(reference.agencies["id"]), set(reference.regions["code"])
    assert reference.agencies["id"].is_unique
    assert reference.regions["code"].is_unique
    assert set(reference.agency_aliases["agency"]) <= agencies
    assert set(reference.regions["parent"]) - {""} <= codes


def test_every_city_of_a_sample_channel_has_its_kecamatan_and_kelurahan():
    codes = read_reference(REFERENCE).regions["code"]
    for city, districts, villages in (("32.72", 7, 33), ("32.76", 11, 63), ("64.71", 6, 34)):
        below = codes[codes.str.startswith(f"{city}.")].str.count(r"\.")
        assert ((below == 2).sum(), (below == 3).sum()) == (districts, villages)


def test_a_category_path_is_a_main_topic_or_a_main_and_a_sub_topic():
    paths = read_reference(REFERENCE).category_paths
    assert {"TOPIK LAINNYA", "PERHUBUNGAN > PARKIR LIAR"} <= paths
    assert not any("\xa0" in path for path in paths)


def test_a_table_with_a_wrong_header_is_named(tmp_path):
    for file in REFERENCE.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "agencies.csv").write_text("id,nama\n")
    with pytest.raises(BadReference, match=r"agencies.csv:1: has columns id,nama; must be id,name,name_short"):
        read_reference(tmp_path)
    (tmp_path / "agencies.csv").unlink()
    with pytest.raises(BadReference, match="cannot be read"):
        read_reference(tmp_path)
