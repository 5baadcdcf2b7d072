"""The key file: several secrets, kept well, rotated whole; what an older secret sealed still opens."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satukanal.store import Keyring, WrongKey, read_or_make
from satukanal.store.keys import add_secret, check_file, parse_secrets, read_secrets, write_private

HEX = "ab" * 32


def test_a_file_of_64_digits_is_secret_v1(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{HEX}\n")
    keys, made = read_or_make(tmp_path / "key", may_make=False)
    assert not made
    assert keys.check_value() == Keyring.from_secret(bytes.fromhex(HEX)).check_value()
    assert keys.newest == 1


def test_a_new_secret_seals_while_the_old_one_opens_and_ids_stay(tmp_path: Path) -> None:
    path = tmp_path / "key"
    old, made = read_or_make(path, may_make=True)
    assert made
    copy = add_secret(path)
    new, _ = read_or_make(path, may_make=False)
    assert new.open(old.seal(b"rahasia", b"x"), b"x") == b"rahasia"
    with pytest.raises(ValueError, match="does not hold"):
        old.open(new.seal(b"rahasia", b"x"), b"x")
    assert (new.newest, new.check_value(), new.blind("nik", "1")) == (2, old.check_value(), old.blind("nik", "1"))
    assert path.stat().st_mode & 0o777 == copy.stat().st_mode & 0o777 == 0o600
    assert read_secrets(copy) == {1: read_secrets(path)[1]}
    assert path.read_text().splitlines()[0].startswith("v2:")
    assert [p.name for p in tmp_path.glob(".*")] == []


@given(plain=st.binary(max_size=200), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_one_altered_bit_anywhere_is_noticed(plain: bytes, at: int, bit: int) -> None:
    keys = Keyring.from_secrets({1: bytes(32), 3: b"\x01" * 32})
    sealed = bytearray(keys.seal(plain, b"here"))
    assert keys.open(bytes(sealed), b"here") == plain
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(ValueError, match="altered"):
        keys.open(bytes(sealed), b"here")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not hold v1"),
        (f"v2:{HEX}\n", "does not hold v1"),
        (f"{HEX}\nv1:{HEX}\n", "line 2: secret v1 stands twice"),
        (f"v1:{HEX}\nv256:{HEX}\n", "above v255"),
        ("v1:abc\n", "line 1 is not"),
        ("hello\n", "line 1 is not"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_without_telling_what_is_in_it(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(WrongKey, match=told) as caught:
        read_or_make(tmp_path / "key", may_make=True)
    assert HEX not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert (tmp_path / "key").read_text() == text


@given(st.text())
def test_any_text_is_a_key_file_or_a_value_error(text: str) -> None:
    try:
        found = parse_secrets(text)
    except ValueError:
        return
    assert all(len(secret) == 32 for secret in found.values())


def test_a_key_file_that_others_may_read_is_told(tmp_path: Path) -> None:
    read_or_make(tmp_path / "key", may_make=True)
    assert check_file(tmp_path / "key") == []
    (tmp_path / "key").chmod(0o644)
    (problem,) = check_file(tmp_path / "key")
    assert "0644" in problem
    assert "chmod 600" in problem


def test_a_private_file_is_never_written_over_another(tmp_path: Path) -> None:
    write_private(tmp_path / "key", "first")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "key", "second")
    assert (tmp_path / "key").read_text() == "first"
