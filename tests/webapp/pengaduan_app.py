"""A small complaint system as a city's programmer writes one: CodeIgniter's paths, native PHP's habits, SQLite below.

It logs in with a CSRF token and a session cookie (bound to the agent string, kept in the database), pages by offset,
filters archived complaints out of its list, cuts texts short at a byte, and deletes and changes on a plain GET.
"""

import hashlib
import html
import secrets
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

PER_PAGE = 10
CUT_BYTES = 26
USER, PASSWORD = "petugas", "contoh-sandi"
STATUSES = ("Baru", "Proses", "Selesai", "Arsip")
HIDDEN = "Arsip"
_SCHEMA = """
CREATE TABLE petugas (nama TEXT PRIMARY KEY, sandi TEXT NOT NULL);
CREATE TABLE pengaduan (
    id INTEGER PRIMARY KEY, nomor TEXT NOT NULL, pelapor TEXT, telp TEXT, judul TEXT, isi TEXT NOT NULL,
    status TEXT NOT NULL, dibuat TEXT NOT NULL, diubah TEXT NOT NULL
);
CREATE TABLE tanggapan (id INTEGER PRIMARY KEY, id_pengaduan INTEGER NOT NULL, petugas TEXT, isi TEXT, waktu TEXT);
CREATE TABLE ci_sessions (id TEXT PRIMARY KEY, token TEXT, agent TEXT, nama TEXT, dipakai INTEGER NOT NULL DEFAULT 0);
"""
_MENU = (
    "<nav><b>E-Pengaduan</b> <a href='/index.php/dasbor'>Dasbor</a> <a href='/index.php/pengaduan'>Pengaduan</a> "
    "<a id=keluar href='/index.php/auth/keluar'>Keluar</a></nav>"
)


def fill(database: Path, count: int = 47) -> None:
    """Write a new database of ``count`` invented complaints, some of which are gone and some archived."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO petugas VALUES (?, ?)", (USER, _hashed(PASSWORD)))
        for n in range(1, count + 1):
            text = (
                f"Lampu di Jalan Contoh {n} — padam {n % 28 + 1} hari.\nMohon “segera” diperbaiki & dicek <b>{n}</b>."
            )
            day = f"2023-{n % 12 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:15:00"
            connection.execute(
                "INSERT INTO pengaduan VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (n, f"PGD-{n:04d}", f"Warga Contoh {n}", f"08120000{n:04d}", f"Lampu padam {n}", text,
                 STATUSES[n % 4], day, day),
            )  # fmt: skip
            for k in range(n % 3):
                answer = (n, f"Petugas {k}", f"Sudah diteruskan ({k}).", day)
                connection.execute(
                    "INSERT INTO tanggapan (id_pengaduan, petugas, isi, waktu) VALUES (?, ?, ?, ?)", answer
                )
        connection.execute("DELETE FROM pengaduan WHERE id IN (5, 17, 18)")
        connection.execute("DELETE FROM tanggapan WHERE id_pengaduan IN (5, 17, 18)")


def digest(database: Path) -> str:
    """SHA-256 of all rows but those of sessions."""
    with closing(sqlite3.connect(database)) as connection:
        tables = ("petugas", "pengaduan", "tanggapan")
        rows = [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _hashed(password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"garam", 1000).hex()


@dataclass
class PengaduanApp:
    """The system over ``database``. A session lasts ``lifetime`` requests. ``asked`` are all paths, in order."""

    database: Path
    lifetime: int = 10_000

    def __post_init__(self) -> None:
        self.asked: list[str] = []
        inside = self._behind_the_login
        self.app = Starlette(
            routes=[
                Route("/", lambda _: RedirectResponse("/index.php/dasbor", 302)),
                Route("/index.php/auth", self._noted(self._form)),
                Route("/index.php/auth/masuk", self._noted(self._enter), methods=["POST"]),
                Route("/index.php/auth/keluar", inside(self._leave)),
                Route("/index.php/dasbor", inside(self._dashboard)),
                Route("/index.php/pengaduan", inside(self._list)),
                Route("/index.php/pengaduan/index/{offset:int}", inside(self._list)),
                Route("/index.php/pengaduan/detail/{id:int}", inside(self._detail)),
                Route("/index.php/pengaduan/hapus/{id:int}", inside(self._delete)),
                Route("/index.php/pengaduan/ubah_status/{id:int}", inside(self._change)),
            ]
        )

    def _noted(self, page: Callable[[Request], Response | object]) -> Callable[[Request], object]:
        async def handler(request: Request) -> object:
            self.asked.append(request.url.path)
            answer = page(request)
            return answer if isinstance(answer, Response) else await answer  # type: ignore[misc]

        return handler

    def _behind_the_login(self, page: Callable[[Request], Response]) -> Callable[[Request], object]:
        def guarded(request: Request) -> Response:
            with self._open() as rows:
                found = rows.execute(
                    "UPDATE ci_sessions SET dipakai = dipakai + 1 WHERE id = ? AND agent = ? AND nama IS NOT NULL "
                    "AND dipakai < ? RETURNING nama",
                    (request.cookies.get("ci_session"), request.headers["user-agent"], self.lifetime),
                ).fetchall()
            return page(request) if found else RedirectResponse("/index.php/auth", 302)

        return self._noted(guarded)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def _form(self, request: Request) -> Response:
        name, token = secrets.token_hex(16), secrets.token_hex(16)
        with self._open() as rows:
            agent = request.headers["user-agent"]
            rows.execute("INSERT INTO ci_sessions (id, token, agent) VALUES (?, ?, ?)", (name, token, agent))
        fault = "<p class=galat>Nama atau kata sandi salah</p>" if "salah" in request.query_params else ""
        answer = _page(
            f"<h1>Masuk</h1>{fault}<form method=post action='/index.php/auth/masuk'>"
            f"<input type=hidden name=csrf_test_name value={token}><input name=nama placeholder=Nama>"
            "<input name=sandi type=password><button type=submit name=masuk value=1>Masuk</button></form>"
        )
        answer.set_cookie("ci_session", name, httponly=True)
        answer.set_cookie("csrf_cookie_name", token)
        return answer

    async def _enter(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        token, session = form.get("csrf_test_name", ""), request.cookies.get("ci_session")
        with self._open() as rows:
            known = rows.execute("SELECT token FROM ci_sessions WHERE id = ?", (session,)).fetchone()
            if known is None or token != known["token"] or token != request.cookies.get("csrf_cookie_name"):
                return _page("<h1>The action you have requested is not allowed.</h1>", 403)
            person = rows.execute(
                "SELECT nama FROM petugas WHERE nama = ? AND sandi = ?",
                (form.get("nama"), _hashed(form.get("sandi", ""))),
            ).fetchone()
            if person is None:
                return RedirectResponse("/index.php/auth?salah=1", 302)
            rows.execute("UPDATE ci_sessions SET nama = ?, dipakai = 0 WHERE id = ?", (person["nama"], session))
        return RedirectResponse("/index.php/dasbor", 302)

    def _leave(self, request: Request) -> Response:
        with self._open() as rows:
            rows.execute("DELETE FROM ci_sessions WHERE id = ?", (request.cookies.get("ci_session"),))
        return RedirectResponse("/index.php/auth", 302)

    def _dashboard(self, _: Request) -> Response:
        with self._open() as rows:
            total = rows.execute("SELECT count(*) FROM pengaduan").fetchone()[0]
        return _page(f"{_MENU}<h1>Dasbor</h1><p>Jumlah pengaduan: <b id=jumlah>{total}</b></p>")

    def _list(self, request: Request) -> Response:
        """Archived complaints only where the filter asks for them. Texts are cut at a byte, as PHP's substr does."""
        offset = request.path_params.get("offset", 0)
        shown = "= ?" if request.query_params.get("status") == HIDDEN else "<> ?"
        with self._open() as rows:
            total = rows.execute(f"SELECT count(*) FROM pengaduan WHERE status {shown}", (HIDDEN,)).fetchone()[0]
            found = rows.execute(
                f"SELECT * FROM pengaduan WHERE status {shown} ORDER BY id DESC LIMIT ? OFFSET ?",
                (HIDDEN, PER_PAGE, offset),
            ).fetchall()
        link = f"<a id=arsip href='?status={HIDDEN}'>Arsip</a>"
        body = [f"{_MENU}<h1>Pengaduan</h1>{link}<table class=daftar><tbody>".encode()]
        for row in found:
            text = html.escape(row["isi"]).encode()
            path = f"/index.php/pengaduan/{{}}/{row['id']}"
            buttons = (
                f"<a title=Lihat href='{path.format('detail')}'>Lihat</a> "
                f"<a title=Hapus onclick=\"return confirm('Hapus?')\" href='{path.format('hapus')}'>Hapus</a> "
                f"<a title=Proses href='{path.format('ubah_status')}?status=Proses'>Proses</a>"
            )
            body.append(f"<tr><td>{row['nomor']}</td><td>".encode() + text[:CUT_BYTES])
            body.append(f"</td><td>{row['status']}</td><td>{buttons}</td></tr>".encode())
        after = offset + PER_PAGE
        more = f"<a rel=next href='/index.php/pengaduan/index/{after}'>›</a>" if after < total else ""
        body.append(f"</tbody></table><div class=pagination>{more}</div>".encode())
        return _page(b"".join(body))

    def _detail(self, request: Request) -> Response:
        number = request.path_params["id"]
        with self._open() as rows:
            row = rows.execute("SELECT * FROM pengaduan WHERE id = ?", (number,)).fetchone()
            answers = rows.execute("SELECT * FROM tanggapan WHERE id_pengaduan = ? ORDER BY id", (number,)).fetchall()
        if row is None:
            return RedirectResponse("/index.php/pengaduan", 302)  # as such systems do
        labels = {
            "Nomor": "nomor", "Pelapor": "pelapor", "No. HP": "telp", "Judul": "judul", "Isi Pengaduan": "isi",
            "Status": "status", "Tanggal": "dibuat", "Diubah": "diubah",
        }  # fmt: skip
        fields = "".join(
            f"<dt>{label}</dt><dd>{html.escape(row[name]).replace(chr(10), '<br />' + chr(10))}</dd>"
            for label, name in labels.items()
        )
        blocks = "".join(
            f"<div class=tanggapan data-id={a['id']}><b>{a['petugas']}</b><time>{a['waktu']}</time>"
            f"<p>{a['isi']}</p></div>"
            for a in answers
        )
        return _page(f"{_MENU}<h1>Rincian</h1><dl class=rincian>{fields}</dl>{blocks}")

    def _delete(self, request: Request) -> Response:
        with self._open() as rows:
            rows.execute("DELETE FROM pengaduan WHERE id = ?", (request.path_params["id"],))
            rows.execute("DELETE FROM tanggapan WHERE id_pengaduan = ?", (request.path_params["id"],))
        return RedirectResponse("/index.php/pengaduan", 302)

    def _change(self, request: Request) -> Response:
        with self._open() as rows:
            rows.execute(
                "UPDATE pengaduan SET status = ? WHERE id = ?",
                (request.query_params["status"], request.path_params["id"]),
            )
        return RedirectResponse("/index.php/pengaduan", 302)


def _page(body: str | bytes, status: int = 200) -> HTMLResponse:
    content = body.encode() if isinstance(body, str) else body
    head = b"<!DOCTYPE html><html lang=id><head><meta charset=utf-8><title>E-Pengaduan</title></head><body>"
    return HTMLResponse(head + content + b"</body></html>", status)


@contextmanager
def serving(app: PengaduanApp) -> Iterator[str]:
    """The system runs on a free port of loopback while the block does; gives its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as door:
        door.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app.app, log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the system did not start"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
