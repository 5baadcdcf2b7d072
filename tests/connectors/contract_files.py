"""Benches of the readers of files: CSV, workbook, web page called .xls, JSON, dump, chat."""

import csv
import html
import json
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from contract_bench import FileBench, Wish


class Csv(FileBench):
    name, reader, file = "sheet, CSV", "sheet", "aduan.csv"

    def write(self, home: Path, wish: Wish) -> None:
        with self.path(home).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([wish.columns, *wish.rows()])

    def counted(self, home: Path) -> int:
        with self.path(home).open(encoding="utf-8", newline="") as opened:
            return sum(1 for _ in csv.DictReader(opened))


class Workbook(FileBench):
    """Its parser holds a sheet, and so does its memory grow with the file: docs/readers/sheet.md has the figures."""

    name, reader, file = "sheet, XLSX", "sheet", "aduan.xlsx"
    is_streamed = False
    memory_share = 3.0

    def write(self, home: Path, wish: Wish) -> None:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet(self.table)
        sheet.append(wish.columns)
        for row in wish.rows():
            sheet.append(row)
        book.save(self.path(home))

    def counted(self, home: Path) -> int:
        with zipfile.ZipFile(self.path(home)) as packed:
            return len(re.findall(rb"<row[ >]", packed.read("xl/worksheets/sheet1.xml"))) - 1


class WebPage(FileBench):
    """libxml2 keeps the bytes of a page until its end."""

    memory_share = 1.5
    name, reader, file = "sheet, HTML", "sheet", "aduan.xls"

    def write(self, home: Path, wish: Wish) -> None:
        rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in (wish.columns, *wish.rows())]
        body = "\n".join(f"<tr>{row}</tr>" for row in rows)
        self.path(home).write_text(f"<html><body><table>\n{body}\n</table></body></html>", encoding="utf-8")

    def counted(self, home: Path) -> int:
        return self.path(home).read_text(encoding="utf-8").count("<tr>") - 1


class Json(FileBench):
    name, reader, file = "json", "json", "aduan.json"

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"tables": {"aduan": {"records": "data"}}}

    def write(self, home: Path, wish: Wish) -> None:
        with self.path(home).open("w", encoding="utf-8") as out:
            out.write('{"data": [')
            out.writelines(f"{',' if n else ''}\n{json.dumps(one)}" for n, one in enumerate(wish.documents()))
            out.write("]}")

    def counted(self, home: Path) -> int:
        return self.path(home).read_text(encoding="utf-8").count('"nomor"')


class Dump(FileBench):
    name, reader, file = "mysqldump", "mysqldump", "aduan.sql"

    def write(self, home: Path, wish: Wish) -> None:
        columns = ", ".join(f"`{name}` text" for name in wish.columns)
        rows = [f"({','.join(map(repr, row))})" for row in wish.rows()]  # no quote or backslash stands in them
        with self.path(home).open("w", encoding="utf-8") as out:
            out.write(f"-- MySQL dump 10.13\nCREATE TABLE `aduan` (\n  {columns}\n);\n")
            out.writelines(
                f"INSERT INTO `aduan` VALUES {','.join(rows[at : at + 200])};\n" for at in range(0, len(rows), 200)
            )

    def counted(self, home: Path) -> int:
        return len(re.findall(r"\('ADU-", self.path(home).read_text(encoding="utf-8")))


class Chat(FileBench):
    """Each message is one person's, and so a complaint. A chat has no columns that could be more."""

    name, reader, table, file = "chat", "chat", "pesan", "Chat WhatsApp dengan Layanan Uji.txt"
    new_column = None

    def stream(self) -> dict[str, Any]:
        kinds = {"system": "system_message"}
        burst = {"sender": "sender", "at": "waktu", "text": "text", "minutes": 10, "kind": "kind", "rules": kinds}
        ignored = ["sender", "chat", "at", "number", "media", "kind", "edited"]
        columns = {"text": "text", "submitted_at": "waktu", "reporter_name": "name"}
        return {
            "table": "pesan", "key": ["id"], "shape": "burst", "burst": burst, "columns": columns, "ignore": ignored,
        }  # fmt: skip

    def write(self, home: Path, wish: Wish) -> None:
        with self.path(home).open("w", encoding="utf-8") as out:
            out.write("13/01/22 07.00 - Pesan dan panggilan terenkripsi secara end-to-end.\n")
            for n, (_, at, text) in enumerate(wish.rows()):
                when = datetime.fromisoformat(at) + timedelta(days=1)
                out.write(f"{when:%d/%m/%y %H.%M} - Warga Uji {n}: {text}\n")

    def counted(self, home: Path) -> int:
        return len(re.findall(r" - Warga Uji \d+: ", self.path(home).read_text(encoding="utf-8")))

    def keys_of(self, frame: pd.DataFrame) -> list[str]:
        return frame.loc[frame["sender"].notna(), "text"].str.extract(r"(ADU-\d+)")[0].tolist()
