import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.normalise.people import clean_email, clean_name, clean_nik, clean_phone


@pytest.mark.parametrize(
    "written",
    [
        *("081234567891", "0812-3456-7891", "+62 812 3456 7891", "6281234567891", "006281234567891", "81234567891"),
        *("81234567891.0", "'081234567891", "(0812) 3456.7891", "+62081234567891", "081234567891 / 087712345678"),
    ],
)
def test_a_phone_has_one_form_however_it_was_written(written):
    assert clean_phone(written).value == "+6281234567891"


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("8.12346E+11", "digits_lost"),
        ("6,28E+12", "digits_lost"),
        ("112", "no_citizen_phone"),
        ("1708", "no_citizen_phone"),
        ("0", "invalid"),
        ("0812", "invalid"),
        ("tidak punya", "invalid"),
        ("000000000000", "invalid"),
        ("", "invalid"),
    ],
)
def test_what_is_no_phone_is_null_and_says_why(written, fault):
    outcome = clean_phone(written)
    assert (outcome.value, outcome.fault) == (None, fault)


@pytest.mark.parametrize("written", ["(021) 7720123", "+62 21 7720123", "0217720123"])
def test_a_land_line_is_a_phone(written):
    assert clean_phone(written).value == "+62217720123"


@given(st.text(max_size=40) | st.from_regex(r"[0-9+() .-]{0,20}", fullmatch=True))
def test_a_phone_is_e164_or_null_with_a_fault(written):
    outcome = clean_phone(written)
    if outcome.value is None:
        assert outcome.fault
    else:
        assert re.fullmatch(r"\+[1-9]\d{6,14}", outcome.value)
        assert clean_phone(outcome.value).value == outcome.value


@pytest.mark.parametrize(
    ("written", "value", "fault"),
    [
        ("3276010101900001", "3276010101900001", None),
        ("3276.0145.0690.0001", "3276014506900001", None),  # a woman: day + 40
        ("'3276010101900001", "3276010101900001", None),
        ("2147483647", None, "int_overflow"),
        ("0000000000000000", None, "placeholder"),
        ("3.27E+15", None, "digits_lost"),
        ("123", None, "wrong_length"),
        ("9976010101900001", None, "invalid"),
        ("3276013202900001", None, "invalid"),
        ("3276013002900001", None, "invalid"),  # 30 February
        ("3276010113900001", None, "invalid"),
        ("bukan NIK", None, "invalid"),
    ],
)
def test_a_nik_has_sixteen_digits_a_province_and_a_day_that_exists(written, value, fault):
    outcome = clean_nik(written)
    assert (outcome.value, outcome.fault) == (value, fault)


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{10,18}", fullmatch=True))
def test_a_nik_is_sixteen_digits_or_null_with_a_fault(written):
    outcome = clean_nik(written)
    assert outcome.fault if outcome.value is None else re.fullmatch("[0-9]{16}", outcome.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Ani@Surel.Example.ID ", "ani@surel.example.id"),
        ("mailto:a@b.id", "a@b.id"),
        ("ani@surel", None),
        ("a b@c.id", None),
    ],
)
def test_an_email_is_lower_case_or_null(written, value):
    assert clean_email(written).value == value


@pytest.mark.parametrize(
    "nobody", ["Anonim", "HAMBA ALLAH", "NN", "N.N.", "tanpa nama", "081234567891", "--", "No Name"]
)
def test_a_name_that_stands_for_nobody_is_null(nobody):
    assert (clean_name(nobody).value, clean_name(nobody).fault) == (None, "placeholder")


def test_a_name_keeps_its_letters_and_loses_its_blanks():
    assert clean_name("  Siti \xa0 Contoh,  S.Pd ").value == "Siti Contoh, S.Pd"


@given(st.text(max_size=40))
def test_people_cleaners_never_raise(written):
    for cleaner in (clean_name, clean_email, clean_nik, clean_phone):
        outcome = cleaner(written)
        assert outcome.value is not None or outcome.fault
