import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.normalise.public import mask, quoted_numbers
from transforms.normalise.text import clean_line, clean_text, is_readable

PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["&amp;", "&amp;lt;", "&nbsp;", "<br>", "<b>", "Ã©", "â€™", "\u200b", "\u200d", "\xa0", "\r\n"]
        ),
        st.sampled_from(["😀", "\ufeff", "  ", "\x00", "&#38;", "a<b", "&", ";", "amp;", "👨\u200d👩"]),
        st.text(max_size=8),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  Jalan rusak  ", "Jalan rusak"),
        ("Jalan\xa0rusak \t di  Beji", "Jalan rusak di Beji"),
        ("satu<br>dua<br />tiga", "satu\ndua\ntiga"),
        ("satu\r\n \r\ndua", "satu\ndua"),
        ("<p>satu <b>dua</b></p>", "satu dua"),
        ("R&amp;amp;D &amp;lt;3", "R&D <3"),
        ("Kelurahan&nbsp;Beji", "Kelurahan Beji"),
        ("rumah wargaâ€™s", "rumah warga’s"),
        ("CafÃ© Melati", "Café Melati"),
        ("Cafe\u0301 Melati", "Café Melati"),
        ("ban\u200bjir\ufeff", "banjir"),
        ("parah 😡👨\u200d👩\u200d👧", "parah 😡👨\u200d👩\u200d👧"),
        ("suhu <5 dan >3", "suhu <5 dan >3"),
        ("nol\x00byte", "nolbyte"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_text_loses_what_machines_did_and_keeps_what_people_wrote(before, after):
    assert clean_text(before).value == after


def test_a_repaired_mojibake_is_a_fault_that_keeps_its_value():
    assert clean_text("CafÃ©").fault == "mojibake_repaired"
    assert clean_text("Café").fault is None


def test_the_rules_that_changed_a_text_are_named_in_order():
    assert clean_text("a &amp; b<br>c").rule == "entities+tags"


def test_a_line_has_no_line_ends():
    assert clean_line("Jl. Mawar\nNo. 3<br>Beji").value == "Jl. Mawar No. 3 Beji"


@given(PIECES)
def test_cleaning_text_twice_is_cleaning_it_once(text):
    once = clean_text(text).value
    if once is not None:
        assert clean_text(once).value == once


@given(st.text())
def test_cleaning_never_raises_and_leaves_no_outer_blanks(text):
    value = clean_text(text).value
    assert value is None or (value and value == value.strip() and "\x00" not in value)


@pytest.mark.parametrize(("text", "readable"), [("rusak", True), ("112", True), ("?!…", False), ("😡", False)])
def test_readable_means_a_letter_or_a_digit(text, readable):
    assert is_readable(text) is readable


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("NIK 3276014506900001 mohon dicek", "NIK [NIK] mohon dicek"),
        ("kartu 3276 0145 0690 0001", "kartu [NIK]"),
        ("hub 081234567891 ya", "hub [telepon] ya"),
        ("hub 0812-3456-7891, +62 812 3456 7891 atau 6281234567891", "hub [telepon], [telepon] atau [telepon]"),
        ("kantor (021) 7720123", "kantor [telepon]"),
        ("surel ani.contoh@surel.example.id segera", "surel [email] segera"),
        ("laporan 8112829 tanggal 02-03-2024 10:00", "laporan 8112829 tanggal 02-03-2024 10:00"),
        ("Saya siti  CONTOH dari Beji", "Saya [nama] dari Beji"),
        ("Siti Contohan bukan saya", "Siti Contohan bukan saya"),
        ("RT 03 RW 12 No 145, sejak 2019", "RT 03 RW 12 No 145, sejak 2019"),
    ],
)
def test_public_text_hides_what_points_to_a_person(text, public):
    assert mask(text, "Siti Contoh") == public


@given(st.text(alphabet="0123456789+- .@abc()[]", max_size=60))
def test_masking_twice_is_masking_once(text):
    assert mask(mask(text)) == mask(text)


@given(st.from_regex(r"08[1-9]\d{8,9}", fullmatch=True), st.sampled_from(["", "-", " "]))
def test_no_mobile_number_survives_the_mask(number, glue):
    written = glue.join([number[:4], number[4:8], number[8:]])
    assert mask(f"telepon {written} ya") == "telepon [telepon] ya"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("lihat #9165816 ya", "9165816"),
        ("sesuai no. laporan 8112829", "8112829"),
        ("Laporan No. 8112829, 8588371 Dan 8630536 belum", "8112829 8588371 8630536"),
        ("tiket SPR-2023-00012 dan spr-2023-00013", "SPR-2023-00012 SPR-2023-00013"),
        ("lanjutan SGP-2024-000123", "SGP-2024-000123"),
        ("tiket saya 44817", "44817"),
        ("sejak COVID-19 tahun 2020", None),
        ("hubungi 081234567891", None),
        ("laporan 3 hari lalu di RT 04", None),
        ("tanpa angka", None),
    ],
)
def test_ticket_numbers_that_a_citizen_quotes_are_found(text, numbers):
    assert quoted_numbers(text) == numbers


@pytest.mark.parametrize(
    "written",
    ["08 12 34 56 78 90", "0812/3456/7890", "0812–3456–7890", "+62 (812) 3456-7890", "62.812.3456.7890", "81234567890"],
)
def test_the_reporters_own_phone_is_masked_however_it_is_broken_up(written: str) -> None:
    assert mask(f"WA {written} ya", phone="+6281234567890") == "WA [telepon] ya"


def test_the_reporters_own_nik_is_masked_inside_a_word() -> None:
    masked = mask("nomor KTP-32760112-05900003 saya", nik="3276011205900003")
    assert "3276" not in masked
    assert quoted_numbers(masked) is None
