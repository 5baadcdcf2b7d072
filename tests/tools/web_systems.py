"""Small real web systems of several makes, over one invented list of complaints; each notes what it was asked."""

import html
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.connectors.old_system import Asked, Reply, as_json, as_page

USER, PASSWORD, TOKEN = "pembaca", "sandi-rahasia-uji", "token-rahasia-uji"
PERSONAL = ("Wulandari", "0812", "Melati")
COUNT = 43
PLACES = ("Tugu", "Pancoran Mas", "Kukusan", "Beji Timur", "Cisalak")
STATES = ("Baru", "Diproses", "Selesai")
Answer = Callable[[Asked], Reply]


def complaints() -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "nomor": f"ADU-{2024000 + n}",
            "judul": f"Lampu jalan mati di gang {n}",
            "isi": f"Lampu penerangan jalan di gang {n} sudah mati sejak {n} hari dan warga takut lewat malam hari",
            "tanggal": f"2024-03-{1 + n % 28:02d} 08:{n % 60:02d}:00",
            "status": STATES[n % 3],
            "kelurahan": PLACES[n % 5],
            "nama": f"Wulandari {chr(65 + n % 26)}{chr(97 + n % 26)}ta",
            "telepon": f"08123456{n:04d}",
            "alamat": f"Jl. Melati No. {n} RT 01 RW 02",
            "tanggapan": [
                {"id": n * 10 + k, "waktu": f"2024-04-{1 + n % 28:02d} 09:0{k}:00", "petugas": f"Petugas {k}",
                 "isi": f"Sudah kami teruskan ke dinas untuk ditangani, mohon menunggu giliran ke {k}"}
                for k in range(n % 3)
            ],
        }
        for n in range(1, COUNT + 1)
    ]  # fmt: skip


ROWS = complaints()


def page_of(rows: list[dict[str, Any]], number: int, size: int) -> list[dict[str, Any]]:
    return rows[(number - 1) * size : number * size]


def laravel(asked: Asked) -> Reply:
    """``paginate()`` behind a bearer token."""
    if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
        return as_json({"message": "Unauthenticated."}, 401)
    number, size = int(asked.query.get("page", 1)), int(asked.query.get("per_page", 10))
    last = -(-COUNT // size)
    return as_json(
        {"current_page": number, "data": page_of(ROWS, number, size), "last_page": last, "per_page": size,
         "next_page_url": f"http://lama.example/api/aduan?page={number + 1}" if number < last else None, "total": COUNT}
    )  # fmt: skip


def datatables(asked: Asked) -> Reply:
    start, length = int(asked.query.get("start", 0)), int(asked.query.get("length", 10))
    return as_json(
        {"draw": int(asked.query.get("draw", 0)), "recordsTotal": COUNT, "recordsFiltered": COUNT,
         "data": ROWS[start : start + length]}
    )  # fmt: skip


def bare(asked: Asked) -> Reply:
    return as_json(page_of(ROWS, int(asked.query.get("page", 1)), 10))


def whole(asked: Asked) -> Reply:
    return as_json({"status": True, "result": ROWS})


def offset(asked: Asked) -> Reply:
    start, limit = int(asked.query.get("offset", 0)), int(asked.query.get("limit", 10))
    return as_json({"items": ROWS[start : start + limit], "offset": start, "limit": limit, "total": COUNT})


def cursor(asked: Asked) -> Reply:
    start = int(asked.query.get("cursor", "c0").removeprefix("c"))
    following = f"c{start + 10}" if start + 10 < COUNT else None
    return as_json({"data": ROWS[start : start + 10], "meta": {"next_cursor": following}})


def linked(asked: Asked) -> Reply:
    number = int(asked.query.get("page", 1))
    following = f"/api/aduan/?page={number + 1}" if number * 10 < COUNT else None
    return as_json({"count": COUNT, "next": following, "previous": None, "results": page_of(ROWS, number, 10)})


def xml(asked: Asked) -> Reply:
    number = int(asked.query.get("page", 1))
    keys = [key for key in ROWS[0] if key != "tanggapan"]
    rows = "".join(
        "<aduan>" + "".join(f"<{key}>{html.escape(str(row[key]))}</{key}>" for key in keys) + "</aduan>"
        for row in page_of(ROWS, number, 10)
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?><hasil><halaman>{number}</halaman><total_halaman>5</total_halaman>'
    return Reply(f"{body}<daftar>{rows}</daftar></hasil>".encode(), 200, {"Content-Type": "application/xml"})


def frame(body: str, *, inside: bool = True, out: str = '<a href="/logout">Keluar</a>') -> str:
    menu = f'<nav><a href="/">Beranda</a> {out}</nav>' if inside else ""
    return f'<!DOCTYPE html><html><head><title>x</title></head><body>{menu}<div class="isi">{body}</div></body></html>'


class Site:
    """An admin site: a login form, a list, detail pages. ``changed`` notes what must never be asked for."""

    login_path = "/login"
    inputs = ("username", "password")
    hidden = ""
    start = "/admin/aduan"
    size = 10

    def __init__(self) -> None:
        self.changed: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        inside = "sesi=masuk" in asked.headers.get("Cookie", "")
        if any(word in asked.path for word in ("hapus", "logout", "edit", "delete")):
            self.changed.append(asked.path)
            return as_page("gone")
        if asked.path == self.login_path and asked.method == "POST":
            return self.enter(asked)
        if not inside:
            if asked.path == self.login_path:
                return as_page(frame(self.door(), inside=False))
            return Reply(b"", 302, {"Location": self.login_path})
        return self.show(asked)

    def door(self) -> str:
        user, password = self.inputs
        return (
            f'<form method="post" action="{self.login_path}">{self.hidden}<input name="{user}">'
            f'<input type="password" name="{password}"><button type="submit">Masuk</button></form>'
        )

    def enter(self, asked: Asked) -> Reply:
        user, password = self.inputs
        token = dict(
            parse_qsl(
                self.hidden.replace('<input type="hidden" name="', "").replace('" value="', "=").replace('">', "")
            )
        )
        good = (asked.form.get(user), asked.form.get(password)) == (USER, PASSWORD)
        if not good or any(asked.form.get(name) != value for name, value in token.items()):
            return Reply(b"", 302, {"Location": self.login_path})
        return self.welcome()

    def welcome(self) -> Reply:
        return Reply(b"", 302, {"Location": self.start, "Set-Cookie": "sesi=masuk; Path=/"})

    def show(self, asked: Asked) -> Reply:
        raise NotImplementedError


class CodeIgniter(Site):
    """Offsets in the path, a table of three cells a row, answers in a table, no class that helps."""

    inputs = ("identity", "password")
    login_path = "/auth/login"
    hidden = '<input type="hidden" name="csrf_test_name" value="0a1b2c">'
    start = "/pengaduan/index"

    def show(self, asked: Asked) -> Reply:
        pieces = asked.path.strip("/").split("/")
        if pieces[:2] == ["pengaduan", "detail"]:
            return as_page(frame(self.detail(ROWS[int(pieces[2]) - 1])))
        if pieces[:2] != ["pengaduan", "index"]:
            return as_page(frame("<h1>Beranda</h1>"), 404)
        at = int(pieces[2]) if len(pieces) > 2 else 0
        rows = "".join(
            f"<tr><td>{at + n}</td><td>{row['nomor']}</td><td>{row['isi'][:30]}…</td><td>{row['status']}</td>"
            f'<td><a class="btn btn-info" href="/pengaduan/detail/{row["id"]}"><i class="fa fa-eye"></i></a> '
            f'<a class="btn btn-danger" href="/pengaduan/hapus/{row["id"]}"><i class="fa fa-trash"></i></a></td></tr>'
            for n, row in enumerate(ROWS[at : at + self.size], 1)
        )
        numbers = "".join(
            f"<strong>{k // self.size + 1}</strong>" if k == at else
            f'<a href="/pengaduan/index{f"/{k}" if k else ""}">{k // self.size + 1}</a>'
            for k in range(0, COUNT, self.size)
        )  # fmt: skip
        more = f'<a href="/pengaduan/index/{at + self.size}" rel="next">&gt;</a>' if at + self.size < COUNT else ""
        head = "<tr><th>No</th><th>Nomor</th><th>Isi</th><th>Status</th><th>Aksi</th></tr>"
        return as_page(
            frame(
                f'<table class="table table-bordered"><thead>{head}</thead><tbody>{rows}</tbody></table>'
                f'<div class="pagination">{numbers}{more}</div>'
            )
        )

    def detail(self, row: dict[str, Any]) -> str:
        labels = {
            "Judul": "judul", "Isi Pengaduan": "isi", "Tanggal Pengaduan": "tanggal", "Status": "status",
            "Kelurahan": "kelurahan", "Nama Pelapor": "nama", "No. HP": "telepon", "Alamat": "alamat",
        }  # fmt: skip
        rows = "".join(f"<tr><td>{label}</td><td>:</td><td>{row[key]}</td></tr>" for label, key in labels.items())
        answers = "".join(
            f"<tr><td>{a['waktu']}</td><td>{a['petugas']}</td><td>{a['isi']}</td></tr>" for a in row["tanggapan"]
        )
        head = "<thead><tr><th>Waktu</th><th>Petugas</th><th>Tanggapan</th></tr></thead>"
        none = '<tr><td colspan="3">Belum ada tanggapan</td></tr>'
        body = f"<tbody>{answers or none}</tbody>"
        return f"<table>{rows}</table><h3>Tanggapan</h3><table id='tanggapan'>{head}{body}</table>"


class Laravel(Site):
    """A token in the form, page links of Bootstrap, labels in a ``dl``, deleting by a form in each row."""

    inputs = ("email", "password")
    hidden = '<input type="hidden" name="_token" value="abc123">'
    start = "/admin/complaints"

    def show(self, asked: Asked) -> Reply:
        pieces = asked.path.strip("/").split("/")
        if pieces[:2] != ["admin", "complaints"]:
            return as_page(frame('<a href="/admin/complaints">Daftar Pengaduan</a>'))
        if len(pieces) > 2:
            return as_page(frame(self.detail(ROWS[int(pieces[2]) - 1])))
        number = int(asked.query.get("page", 1))
        rows = "".join(
            f'<tr><td><a href="/admin/complaints/{row["id"]}">{row["nomor"]}</a></td><td>{row["judul"]}</td>'
            f"<td>{row['status']}</td>"
            f'<td><form method="post" action="/admin/complaints/{row["id"]}"><input type="hidden" name="_method" '
            'value="DELETE"><button>Delete</button></form></td></tr>'
            for row in page_of(ROWS, number, self.size)
        )
        last = -(-COUNT // self.size)
        links = "".join(
            f'<li class="page-item active"><span>{n}</span></li>' if n == number else
            f'<li class="page-item"><a class="page-link" href="http://{asked.headers["Host"]}/admin/complaints?page={n}">{n}</a></li>'
            for n in range(1, last + 1)
        )  # fmt: skip
        head = "<tr><th>Ticket</th><th>Title</th><th>Status</th><th>Action</th></tr>"
        return as_page(
            frame(
                f'<table class="table"><thead>{head}</thead><tbody>{rows}</tbody></table>'
                f'<ul class="pagination">{links}</ul>'
            )
        )

    def detail(self, row: dict[str, Any]) -> str:
        labels = {"Description": "isi", "Created At": "tanggal", "Status": "status", "Village": "kelurahan",
            "Full Name": "nama", "Phone": "telepon"}  # fmt: skip
        pairs = "".join(f"<dt>{label}</dt><dd>{row[key]}</dd>" for label, key in labels.items())
        answers = "".join(
            f'<li class="timeline-item" data-id="{a["id"]}"><span class="time">{a["waktu"]}</span>'
            f'<h4 class="who">{a["petugas"]}</h4><p class="reply">{a["isi"]}</p></li>'
            for a in row["tanggapan"]
        )
        return f'<h2>{row["judul"]}</h2><dl class="row">{pairs}</dl><ul class="timeline">{answers}</ul>'


class Native(Site):
    """PHP without a framework: pages by query, the page after the login is broken, labels in boxes."""

    login_path = "/login.php"
    inputs = ("user", "pass")
    start = "/index.php?hal=pengaduan"

    def welcome(self) -> Reply:
        return Reply(b"<b>Fatal error</b>", 500, {"Content-Type": "text/html", "Set-Cookie": "sesi=masuk; Path=/"})

    def show(self, asked: Asked) -> Reply:
        if asked.path == "/detail.php":
            return as_page(frame(self.detail(ROWS[int(asked.query["id"]) - 1])))
        number = int(asked.query.get("p", 1))
        rows = "".join(
            f"<tr><td>{row['tanggal']}</td><td>{row['judul']}</td><td>{row['status']}</td>"
            f'<td><a href="detail.php?id={row["id"]}">Lihat</a> | <a href="hapus.php?id={row["id"]}" '
            "onclick=\"return confirm('Yakin?')\">Hapus</a></td></tr>"
            for row in page_of(ROWS, number, self.size)
        )
        more = f'<a href="index.php?hal=pengaduan&p={number + 1}">Berikutnya</a>' if number * self.size < COUNT else ""
        head = "<tr><th>Tanggal</th><th>Judul</th><th>Status</th><th></th></tr>"
        return as_page(frame(f'<table border="1">{head}{rows}</table>{more}', out='<a href="logout.php">Logout</a>'))

    def detail(self, row: dict[str, Any]) -> str:
        labels = {"Nomor Tiket": "nomor", "Judul": "judul", "Isi": "isi", "Tanggal": "tanggal", "Status": "status",
            "Nama": "nama", "Telepon": "telepon"}  # fmt: skip
        return "".join(
            f'<div class="baris"><div class="kiri">{label}</div><div class="kanan">{row[key]}</div></div>'
            for label, key in labels.items()
        )


def cards(asked: Asked) -> Reply:
    """Public cards that tell all there is to know in the list; each leads to a page of its own."""
    if asked.path.startswith("/laporan/"):
        row = ROWS[int(asked.path.rpartition("-")[2]) - 1]
        pairs = "".join(
            f"<tr><th>{label}</th><td>{row[key]}</td></tr>"
            for label, key in {
                "Isi Laporan": "isi",
                "Tanggal": "tanggal",
                "Status": "status",
                "Lokasi": "kelurahan",
            }.items()
        )
        return as_page(frame(f'<table class="rincian">{pairs}</table>', inside=False))
    number = int(asked.query.get("page", 1))
    body = "".join(
        f'<div class="col-md-4 kartu"><h3 class="judul">{row["judul"]}</h3><span class="tiket">{row["nomor"]}</span>'
        f'<p class="ringkas">{row["isi"][:40]}…</p><a href="/laporan/lampu-mati-{row["id"]}">Selengkapnya</a></div>'
        for row in page_of(ROWS, number, 10)
    )
    more = f'<a class="next" href="/laporan?page={number + 1}">Berikutnya</a>' if number * 10 < COUNT else ""
    return as_page(frame(f'<div class="row">{body}</div><div class="pagination">{more}</div>', inside=False))


def plain(asked: Asked) -> Reply:
    """A page that is no list, one that a script fills, one of a single record, and some that refuse."""
    match asked.path:
        case "/skrip":
            return as_page(
                frame(
                    '<table id="t"></table><script>$("#t").DataTable({serverSide: true, ajax: "/aduan/data"})</script>'
                )
            )
        case "/satu":
            return as_page(
                frame(
                    "<table><tr><th>Judul</th><td>a</td></tr><tr><th>Isi</th><td>b</td></tr><tr><th>Status</th><td>c</td></tr></table>"
                )
            )
        case "/kosong":
            return as_json({"data": []})
        case "/galat":
            return as_json({"status": False, "message": "Wulandari tidak boleh"})
        case "/gambar":
            return Reply(b"\x89PNG\r\n", 200, {"Content-Type": "image/png"})
        case "/pos":
            return Reply(b"", 405)
        case "/tidak-ada":
            return as_page("404", 404)
        case _:
            return as_page(frame("<h1>Selamat datang</h1><p>Wulandari menulis berita di sini.</p>"))
