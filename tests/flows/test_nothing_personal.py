"""What the samples hold of people, in every way of writing it, against every output, log and file that we leave."""

import gzip
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import sqlalchemy as sa

from flows.site import open_existing
from satukanal.store import codec
from schemas.store import attachment, exclusion, quarantine, reporter, submission_version
from tests.flows.conftest import Demo

SATUKANAL = str(Path(sys.executable).with_name("satukanal"))
LEAST_NAME = 8  # characters, and two words: a shorter name may be that of a street
_DIGITS = re.compile(rb"(?<![0-9])\+?[0-9](?:[ .\-()/]{0,2}[0-9]){8,18}(?![0-9])")
_EMAIL = re.compile(rb"[\w.+%-]{2,64}@[\w.-]{4,64}")


class Secrets:
    """Numbers as digits, addresses and names in lower case."""

    def __init__(self) -> None:
        self.numbers: set[str] = set()
        self.emails: set[str] = set()
        self.names: set[str] = set()
        self.texts: set[str] = set()

    def add(self, person: dict[str, Any]) -> None:
        for name in ("reporter_nik", "reporter_phone"):
            if person.get(name):
                digits = re.sub(r"\D", "", person[name])
                self.numbers |= {digits, digits.removeprefix("62"), "0" + digits.removeprefix("62")}
        if person.get("reporter_email"):
            self.emails.add(person["reporter_email"].lower())
        for name in ("reporter_name", "reporter_address", "reporter_account"):
            value = " ".join((person.get(name) or "").split())
            if len(value) >= LEAST_NAME and " " in value:
                self.names.add(value.casefold())

    def met_in(self, content: bytes) -> list[str]:
        """What of it stands in ``content``: as it is, escaped for JSON, HTML and addresses, or as UTF-16."""
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        found = []
        for plain in (content, content.replace(b"\0", b"")):
            digits = {re.sub(rb"\D", b"", match[0]).decode() for match in _DIGITS.finditer(plain)}
            found += [f"number {n[:2]}…" for n in digits if n in self.numbers or n.removeprefix("0062") in self.numbers]
            found += [e for m in _EMAIL.finditer(plain) if (e := m[0].decode("latin1").lower()) in self.emails]
            words = plain.decode("utf-8", "replace").casefold()
            for value in self.names | self.texts:
                written = {value, orjson.dumps(value).decode()[1:-1], json.dumps(value)[1:-1], html.escape(value)}
                found += [one for one in (*written, quote(value)) if one.casefold() in words]
        return found


def secrets_of(home: Path) -> Secrets:
    """Everything personal that the store has, rejected and excluded records and confidential words included."""
    secrets = Secrets()
    with open_existing() as site, site.store.reading() as connection:

        def opened(table: sa.Table) -> Iterator[dict[str, Any]]:
            for row in connection.execute(sa.select(table)).mappings():
                yield dict(row) | codec.unseal(site.store.keys, row["sealed"], codec.CONTEXTS[table](row))

        for person in opened(reporter):
            secrets.add(person)
        for row in opened(submission_version):
            if row["is_confidential"]:
                secrets.texts.add(" ".join(row["text"].split())[:60].casefold())
        for table in (quarantine, exclusion):
            for row in opened(table):
                cells = json.loads(row["raw"]) if (row["raw"] or "").startswith("{") else {}
                for name, cell in cells.items():
                    if re.search(r"nik|telp|telepon|hp", name, re.IGNORECASE):
                        secrets.numbers |= {n for n in [re.sub(r"\D", "", cell)] if len(n) > 9}
        assert sum(1 for _ in opened(attachment)) > 10
    return secrets


def told_by(*commands: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for words in commands:
        done = subprocess.run([SATUKANAL, *words], capture_output=True, timeout=300, check=False)
        yield " ".join(words), done.stdout + done.stderr


def test_it_finds_a_number_and_a_name_however_they_are_written() -> None:
    secrets = Secrets()
    secrets.add({"reporter_phone": "+6281200000017", "reporter_name": "Siti Contoh Aminah", "reporter_nik": None})
    for written in (
        b"call 0812-0000-0017 now", b"6281200000017", b"(+62) 812 0000 0017", "SITI CONTOH AMINAH".encode("utf-16-le"),
        b"siti contoh aminah", b"Siti%20Contoh%20Aminah", gzip.compress(b"tel:+62812.0000.0017"),
    ):  # fmt: skip
        assert secrets.met_in(written), written
    assert not secrets.met_in(b"081200000018 Siti Aminah")


def test_no_personal_value_is_told_or_left_lying_anywhere(demo: Demo, tmp_path: Path) -> None:
    secrets = secrets_of(demo.home)
    assert len(secrets.numbers) > 200
    assert len(secrets.names) > 100
    assert len(secrets.emails) > 10
    assert len(secrets.texts) > 3
    person = next(iter(sorted(secrets.emails)))
    outputs = told_by(
        ("run", "--json"),
        ("run", "super"),
        ("report", "latest", "--lang", "en", "--out", str(tmp_path / "report.html")),
        ("report", "latest", "--format", "json", "--out", str(tmp_path / "report.json")),
        ("verify", "--json"),
        ("retire", "status"),
        ("channels", "list"),
        ("backup", "--out", str(tmp_path / "backup.tar.gz")),
        ("erase", "--reporter", f"not.{person}", "--yes"),
        ("keys", "check"),
    )
    for what, content in outputs:
        assert secrets.met_in(content) == [], what
    ours = [p for p in demo.home.rglob("*") if p.is_file() and "sources" not in p.relative_to(demo.home).parts]
    assert {"archive", "reports", "satukanal.db"} <= {p.relative_to(demo.home).parts[0] for p in ours}
    for path in (*ours, tmp_path / "report.html", tmp_path / "report.json", tmp_path / "backup.tar.gz"):
        assert secrets.met_in(path.read_bytes()) == [], path
