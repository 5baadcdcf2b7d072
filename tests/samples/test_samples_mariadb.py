"""The sample dump is a dump: a real MariaDB takes it and holds what was planted."""

import pytest

from data.samples import Samples
from tests.servers import MariaDb

pytestmark = pytest.mark.server("mariadb")


@pytest.fixture(scope="module")
def loaded(mariadb: MariaDb, samples: Samples) -> MariaDb:
    mariadb.run("CREATE DATABASE super_db CHARACTER SET utf8mb4")
    said = mariadb.run(samples.folder / "super" / "super.sql", "super_db")
    assert said == "", f"warnings while loading: {said[:500]}"
    return mariadb


def test_every_table_has_the_planted_number_of_rows(loaded: MariaDb, samples: Samples) -> None:
    for table, rows in samples.planted["super"]["tables"].items():
        assert loaded.run(f"SELECT count(*) FROM {table}", "super_db") == f"{rows}\n"


def test_strings_with_quotes_backslashes_and_newlines_come_back_byte_for_byte(
    loaded: MariaDb, samples: Samples
) -> None:
    awkward = samples.planted["super"]["awkward_strings"]
    assert len(awkward) >= 6
    for key, text in awkward.items():
        held = loaded.run(f"SELECT hex(isi_laporan) FROM tb_pengaduan WHERE id_pengaduan = {key}", "super_db")
        assert bytes.fromhex(held.strip()).decode() == text


@pytest.mark.parametrize("column", ["tgl_pengaduan", "tgl_kejadian"])
def test_zero_dates_stay_zero_dates(loaded: MariaDb, samples: Samples, column: str) -> None:
    held = loaded.run(f"SELECT count(*) FROM tb_pengaduan WHERE {column} = 0", "super_db")
    assert int(held) == samples.planted["super"]["zero_dates"][column]


def test_mojibake_emoji_and_sentinels_are_held_as_planted(loaded: MariaDb, samples: Samples) -> None:
    planted = samples.planted["super"]
    counts = {
        "mojibake": r"isi_laporan REGEXP 'â€|Ã©'",
        "nik_overflow": "nik = '2147483647'",
        "nik_zeros": "nik = '0000000000000000'",
        "entities": "isi_laporan LIKE '%&amp;amp;%'",
    }
    for fault, condition in counts.items():
        assert int(loaded.run(f"SELECT count(*) FROM tb_pengaduan WHERE {condition}", "super_db")) == planted[fault]
    assert int(loaded.run("SELECT count(*) FROM tb_pengaduan WHERE isi_laporan LIKE _utf8mb4'%🙏%'", "super_db")) > 0


def test_the_timestamp_is_utc_and_the_datetime_local(loaded: MariaDb) -> None:
    unanswered = "status = '0' AND tgl_pengaduan <> 0 AND id_pengaduan NOT IN (SELECT id_pengaduan FROM tanggapan)"
    apart = "abs(timestampdiff(SECOND, updated_at, tgl_pengaduan)) < 3"
    sql = f"SET time_zone = '+07:00'; SELECT DISTINCT {apart} FROM tb_pengaduan WHERE {unanswered}"
    assert loaded.run(sql, "super_db") == "1\n"


def test_one_answer_belongs_to_no_complaint(loaded: MariaDb) -> None:
    orphans = (
        "SELECT count(*) FROM tanggapan t LEFT JOIN tb_pengaduan p USING (id_pengaduan) WHERE p.id_pengaduan IS NULL"
    )
    assert loaded.run(orphans, "super_db") == "1\n"
