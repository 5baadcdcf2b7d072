"""Reading channel files: what is right is read, and every fault is one line with file, line, key and mend."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channel_file import ChannelFileError, fault_at, read_channel, read_channels
from schemas.mapping import MAPPABLE, column_maps

GOOD = """\
id: lapak
title: Lapak Aduan
government: kota-depok
owner: diskominfo
region: "32.76"
time_zone: Asia/Jakarta
live: true
streams:
  complaints:
    title: Aduan
sources:
  workbook:
    reader: sheet
    path: lapak/aduan.xlsx
    count: {sheet: REKAP, cell: B3}
    streams:
      complaints:
        table: ADUAN
        key: [No Aduan]
        columns:
          text: Isi
          old_numbers: No Aduan
          submitted_at: {column: Tanggal, formats: ["%d/%m/%Y"]}
          location: {join: [Alamat, RT]}
          is_confidential: {column: Rahasia, "true": ["Ya"]}
        events:
          - table: JAWABAN
            complaint: [No Aduan]
            columns: {text: Jawaban}
        exclude:
          - rule: test_entry
            when: {column: Isi, any_of: [tes]}
codes:
  status:
    Baru: unverified
    Selesai: {status: closed, closed_by: agency}
"""
COLUMNS = "sources.workbook.streams.complaints"
FIELDS = f"the fields are: {', '.join(MAPPABLE)}"

READERS = "chat, html, json, mysqldump, rest, sheet, sql"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lapak.yaml"


def fault(file: Path, before: str, after: str) -> str:
    """What is said of the good file after one change, without the folder."""
    assert GOOD.count(before) == 1
    file.write_text(GOOD.replace(before, after), encoding="utf-8")
    return told(file)


def told(file: Path) -> str:
    with pytest.raises(ChannelFileError) as caught:
        read_channel(file)
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(f"{file.parent}/")


def test_a_good_file_is_read_whole(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    read = read_channel(file)
    assert (read.channel.id, read.channel.region, len(read.sha256)) == ("lapak", "32.76", 64)
    mapping = read.channel.sources["workbook"].streams["complaints"]
    assert (mapping.key, mapping.events[0].complaint) == (("No Aduan",), ("No Aduan",))
    assert column_maps(mapping.columns)["location"].origins == ("Alamat", "RT")


def test_the_example_of_the_documentation_is_a_good_file(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "channels.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    name = example.split("id: ")[1].split()[0]
    (tmp_path / f"{name}.yaml").write_text(example, encoding="utf-8")
    assert read_channel(tmp_path / f"{name}.yaml").channel.id == name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("        key: [No Aduan]\n", "        key: No Aduan\n"),
        ("            complaint: [No Aduan]\n", "            complaint: No Aduan\n"),
        ('formats: ["%d/%m/%Y"]', 'formats: "%d/%m/%Y"'),
        ("any_of: [tes]", "any_of: tes"),
        ('"true": ["Ya"]', '"true": Ya'),
        ('"true": ["Ya"]', 'true: ["Ya"]'),
    ],
)
def test_one_name_needs_no_brackets_and_true_no_quotes(file: Path, before: str, after: str) -> None:
    file.write_text(GOOD, encoding="utf-8")
    wanted = read_channel(file).channel
    assert GOOD.count(before) == 1
    file.write_text(GOOD.replace(before, after), encoding="utf-8")
    assert read_channel(file).channel == wanted


def test_labels_of_a_code_list_are_texts_even_if_they_look_like_numbers_or_truth(file: Path) -> None:
    text = GOOD.replace("Baru: unverified", "0: unverified\n    007: postponed\n    true: in_process\n    no: archived")
    file.write_text(text, encoding="utf-8")
    assert list(read_channel(file).channel.codes.status)[:4] == ["0", "007", "true", "no"]


def test_a_file_with_a_byte_order_mark_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_channel(file).channel.id == "lapak"


def test_a_date_is_a_text_and_need_not_exist(file: Path) -> None:
    file.write_text(GOOD.replace("any_of: [tes]", "any_of: [2024-99-99, 2024-01-02]"), encoding="utf-8")
    rule = read_channel(file).channel.sources["workbook"].streams["complaints"].exclude[0]
    assert rule.when.any_of == ("2024-99-99", "2024-01-02")


def test_a_column_may_be_optional(file: Path) -> None:
    file.write_text(GOOD.replace("column: Tanggal,", "column: Tanggal, optional: true,"), encoding="utf-8")
    columns = column_maps(read_channel(file).channel.sources["workbook"].streams["complaints"].columns)
    assert [field for field, m in columns.items() if m.optional] == ["submitted_at"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "id: lapak",
            "id: Lapak-1",
            "lapak.yaml:1: id: write small letters, digits and _, a letter first, as in sigap or ntpd112"
            " (is 'Lapak-1')",
        ),
        ("id: lapak", "id: lain", "lapak.yaml:1: id: is 'lain', but the file is lapak.yaml"),
        (
            "kota-depok",
            "Kota Depok",
            "lapak.yaml:3: government: write small letters, digits and -, a letter first, as in kota-depok"
            " (is 'Kota Depok')",
        ),
        (
            'region: "32.76"',
            "region: 32.7",
            'lapak.yaml:5: region: write the Kemendagri code in quotes, with dots: region: "32.76" (is 32.7)',
        ),
        (
            'region: "32.76"',
            "region: 3276",
            'lapak.yaml:5: region: write the Kemendagri code in quotes, with dots: region: "32.76" (is 3276)',
        ),
        (
            "Asia/Jakarta",
            "WIB",
            "lapak.yaml:6: time_zone: not a time zone; Indonesia has Asia/Jakarta, Asia/Makassar and Asia/Jayapura"
            " (is 'WIB')",
        ),
        ("live: true", "live: mungkin", "lapak.yaml:7: live: write true or false (is 'mungkin')"),
        ("title: Lapak Aduan", "title: 112", 'lapak.yaml:2: title: must be a text; write it in quotes: "112" (is 112)'),
        ("title: Lapak Aduan", "title:", "lapak.yaml:2: title: must be a text"),
        ("owner: diskominfo\n", "", "lapak.yaml:1: owner: is missing; add it"),
        ("    title: Aduan\n", "    key: content\n", "lapak.yaml:9: streams.complaints.title: is missing; add it"),
        (
            "    reader: sheet\n",
            "    reader: excel\n",
            f"lapak.yaml:13: sources.workbook.reader: is 'excel'; write one of {READERS}",
        ),
        (
            "    reader: sheet\n",
            "    reader: mysql\n",
            f"lapak.yaml:13: sources.workbook.reader: is 'mysql'; write one of {READERS};"
            " did you mean 'sql'?",
        ),
        (
            "    reader: sheet\n",
            "",
            f"lapak.yaml:12: sources.workbook.reader: is missing; write one of {READERS}",
        ),
        (
            "cell: B3",
            "cell: 3B",
            "lapak.yaml:15: sources.workbook.count.cell: write one cell: letters of the column, number of the row: B3"
            " (is '3B')",
        ),
        (
            "    path: lapak/aduan.xlsx\n",
            "    path: lapak/aduan.xlsx\n    header_row: empat\n",
            "lapak.yaml:15: sources.workbook.header_row: write a whole number (is 'empat')",
        ),
        (
            "    path: lapak/aduan.xlsx\n",
            "    path: lapak/aduan.xlsx\n    header_row: 0\n",
            "lapak.yaml:15: sources.workbook.header_row: must be greater than or equal to 1 (is 0)",
        ),
        (
            "        key: [No Aduan]\n",
            "",
            f"lapak.yaml:17: {COLUMNS}: add key: [No Aduan] here,"
            " or set streams.complaints.key: content at the top of the file",
        ),
        (
            "        key: [No Aduan]\n",
            "        key: content\n",
            f"lapak.yaml:19: {COLUMNS}.key: write key: content in streams.complaints at the top of the file;"
            " here key lists columns, as in key: [No Aduan]",
        ),
        (
            "    streams:\n      complaints:\n",
            "    streams:\n      aduan:\n",
            "lapak.yaml:17: sources.workbook.streams.aduan: is no stream;"
            " under streams at the top stand: complaints",
        ),
        (
            "          text: Isi\n          old_numbers: No Aduan\n",
            "",
            f"lapak.yaml:17: {COLUMNS}: map at least one of text and title: without words there is no complaint",
        ),
        (
            "text: Isi\n",
            "text: Isi\n          reporter_fone: HP\n",
            f"lapak.yaml:22: {COLUMNS}.columns.reporter_fone: 'reporter_fone' is not a field that can be mapped;"
            " did you mean 'reporter_phone'?",
        ),
        (
            "text: Isi\n",
            "text: Isi\n          no_hp: HP\n",
            f"lapak.yaml:22: {COLUMNS}.columns.no_hp: 'no_hp' is not a field that can be mapped; {FIELDS}",
        ),
        (
            "columns: {text: Jawaban}",
            "columns: {telp: Jawaban}",
            f"lapak.yaml:29: {COLUMNS}.events.0.columns.telp: 'telp' is not a field that can be mapped;"
            " the fields are: actor, agency, kind, occurred_at, status, text",
        ),
        (
            '"%d/%m/%Y"',
            '"dd/mm/yyyy hh:mm:ss"',
            f"lapak.yaml:23: {COLUMNS}.columns.submitted_at.formats.0: write a date format with % signs,"
            " as in %d/%m/%Y %H:%M:%S (is 'dd/mm/yyyy hh:mm:ss')",
        ),
        (
            '"%d/%m/%Y"',
            '"tanggal"',
            f"lapak.yaml:23: {COLUMNS}.columns.submitted_at.formats.0: write a date format with % signs,"
            " as in %d/%m/%Y (is 'tanggal')",
        ),
        (
            '"%d/%m/%Y"',
            '"%D/%M/%Y"',
            f"lapak.yaml:23: {COLUMNS}.columns.submitted_at.formats.0: has a % sign that is none of strptime's;"
            " write it as in %d/%m/%Y %H:%M (is '%D/%M/%Y')",
        ),
        (
            "{column: Tanggal,",
            "{column: Tanggal, value: x,",
            f"lapak.yaml:23: {COLUMNS}.columns.submitted_at: give exactly one of column, join and value",
        ),
        (
            "{column: Tanggal,",
            "{colum: Tanggal,",
            f"lapak.yaml:23: {COLUMNS}.columns.submitted_at.colum: unknown key; did you mean 'column'?",
        ),
        (
            "text: Isi\n",
            "text: 5\n",
            f'lapak.yaml:21: {COLUMNS}.columns.text: must be a text; write it in quotes: "5" (is 5)',
        ),
        (
            "        key: [No Aduan]\n",
            "        key: {a: b}\n",
            f"lapak.yaml:19: {COLUMNS}.key: must be a list, as in key: [A, B]",
        ),
        (
            "any_of: [tes]",
            "pattern: '(tes'",
            f"lapak.yaml:32: {COLUMNS}.exclude.0.when: pattern is no regular expression:"
            " missing ), unterminated subpattern at position 0",
        ),
        (
            "    Baru: unverified\n",
            "    Baru: unverifed\n",
            "lapak.yaml:35: codes.status.Baru: is 'unverifed'; write one of unverified, postponed, dispositioned,"
            " in_process, closed, archived; did you mean 'unverified'?",
        ),
        (
            "closed_by: agency",
            "closed_by: OPD",
            "lapak.yaml:36: codes.status.Selesai.closed_by: is 'OPD'; write one of reporter, agency, admin, system",
        ),
        (
            "codes:\n",
            "codes:\n  type: {Aduan: pengaduan}\n",
            "lapak.yaml:34: codes.type.Aduan: is 'pengaduan'; write one of complaint_supervised, complaint, aspiration,"
            " information_request, whistleblowing, emergency, unclassified",
        ),
        ("codes:\n", "codes: []\nkodes:\n", "lapak.yaml:34: kodes: unknown key; did you mean 'codes'?"),
        ("codes:\n", "zzz: 1\ncodes:\n", "lapak.yaml:33: zzz: unknown key; docs/channels.md lists the keys"),
        (
            "    title: Aduan\n",
            "    title: Aduan\n    time_zone: WIB\n",
            "lapak.yaml:11: streams.complaints.time_zone: does not belong here; docs/channels.md says where it does",
        ),
        (
            "codes:\n",
            "limits: {max_withdrawn: 5}\ncodes:\n",
            "lapak.yaml:33: limits.max_withdrawn: must be less than or equal to 1 (is 5)",
        ),
        (
            "codes:\n",
            "limits: 5\ncodes:\n",
            "lapak.yaml:33: limits: must hold keys of its own, indented below limits: (is 5)",
        ),
        ("  complaints:\n    title: Aduan\n", "  {}\n", "lapak.yaml:8: streams: must not be empty"),
        ("live: true\n", "live: true\nlive: false\n", "lapak.yaml:8: live: stands twice; keep one of them"),
        ("  complaints:\n    title", "\tcomplaints:\n    title", "lapak.yaml:9: holds a tab; indent with blanks"),
        (
            "title: Lapak Aduan",
            "title: Lapak: Aduan",
            "lapak.yaml:2: is not valid YAML: mapping values are not allowed here;"
            " write a text that holds a colon and a blank in quotes",
        ),
        ("id: lapak", "? [a, b]\n: c\nid: lapak", "lapak.yaml:1: a key must be one text"),
        (
            "title: Lapak Aduan",
            "title: !!int satu",
            "lapak.yaml:1: holds a tag (!…) or brackets that cannot be read; write plain keys and values",
        ),
        ("title: Lapak Aduan", "title: !env RUMAH", "lapak.yaml:2: title: must be a text"),
        ("id: lapak\n", "id: lapak\n<<: {zzz: b}\n", "lapak.yaml:1: zzz: unknown key; docs/channels.md lists the keys"),
        ("title: Lapak Aduan", "title: Lapak\x07", "lapak.yaml:2: holds a control character; take it out"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_file_line_key_and_mend(file: Path, before: str, after: str, message: str) -> None:
    assert fault(file, before, after) == message


def test_a_secret_that_was_written_into_the_file_is_not_repeated(file: Path) -> None:
    api = "    reader: rest\n    url: https://a.example\n    auth: {bearer: rahasia123}\n    tables: {t: {path: /t}}\n"
    sheet = "    reader: sheet\n    path: lapak/aduan.xlsx\n    count: {sheet: REKAP, cell: B3}\n"
    said = fault(file, sheet, api)
    assert said == (
        "lapak.yaml:15: sources.workbook.auth.bearer: name a secret in capitals, as in SIGAP_TOKEN;"
        " its value belongs in SATUKANAL_SECRET_<NAME>"
    )


@pytest.mark.parametrize("content", ["", "# hanya komentar\n", "- a\n- b\n", "lapak\n"])
def test_a_file_without_keys_says_how_to_start(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    assert told(file) == "lapak.yaml:1: holds no keys; start with 'id: …'"


def test_a_file_that_is_not_utf8_names_the_line(file: Path) -> None:
    file.write_bytes(GOOD.replace("Lapak Aduan", "Lapak Aduán").encode("latin-1"))
    assert told(file) == "lapak.yaml:2: is not UTF-8; save it as UTF-8"


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    assert told(tmp_path / "tiada.yaml") == "tiada.yaml: cannot be read (No such file or directory)"
    (tmp_path / "map.yaml").mkdir()
    assert told(tmp_path / "map.yaml") == "map.yaml: cannot be read (Is a directory)"


def test_a_folder_gives_its_channels_by_name_and_says_what_it_does_not_have(tmp_path: Path, file: Path) -> None:
    with pytest.raises(ChannelFileError, match=r"holds no channel file \(\*.yaml\); set SATUKANAL_CHANNELS"):
        read_channels(tmp_path)
    file.write_text(GOOD, encoding="utf-8")
    assert list(read_channels(tmp_path)) == list(read_channels(tmp_path, ["lapak"])) == ["lapak"]
    with pytest.raises(ChannelFileError, match=r"lapk: is no channel here; did you mean 'lapak'\?"):
        read_channels(tmp_path, ["lapk"])


def test_a_problem_found_later_is_told_with_the_line_of_its_key(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    error = fault_at(file, ("codes", "status", "Baru"), "is odd")
    assert (str(error), error.line) == (f"{file}:35: codes.status.Baru: is odd", 35)


@given(st.text(max_size=40), st.integers(0, len(GOOD)))
def test_whatever_is_typed_into_a_file_it_is_read_or_told_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, typed: str, at: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "lapak.yaml"
    file.write_bytes((GOOD[:at] + typed + GOOD[at:]).encode("utf-8", "surrogatepass"))
    try:
        assert read_channel(file).channel.id == "lapak"
    except ChannelFileError as error:
        assert "\n" not in str(error)
