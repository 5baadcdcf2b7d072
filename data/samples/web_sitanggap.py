"""The SITANGGAP admin site: a login form with a CSRF token, a dashboard, list pages and a page for each complaint.

It looks as such admin templates do and behaves so too, down to the link that deletes a complaint on a plain GET. What a
reader must never follow is noted in ``touched``; the sample deletes nothing.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

PER_PAGE = 25
COOKIE = "sitanggap_session"
FIELDS = (
    ("Judul", "judul"), ("Isi Aduan", "isi"), ("Tanggal Aduan", "tanggal"), ("Tanggal Kejadian", "kejadian"),
    ("Diperbarui", "diperbarui"), ("Status", "status"), ("Kategori", "kategori"), ("Diteruskan ke", "opd"),
    ("Kecamatan", "kecamatan"), ("Kelurahan", "kelurahan"), ("Lokasi", "lokasi"), ("Nama Pelapor", "nama"),
    ("NIK", "nik"), ("No. HP", "hp"), ("Alamat Pelapor", "alamat"), ("Rahasiakan Identitas", "rahasiakan"),
    ("Sumber", "sumber"),
)  # fmt: skip

Records = Callable[[], list[dict[str, Any]]]


@pass_eval_context
def _nl2br(_context: EvalContext, text: str) -> Markup:
    return Markup("<br>\n").join(escape(line) for line in text.split("\n"))


class SitanggapSite:
    """The site over ``records``, asked afresh at every request, with the photos below ``folder``.

    ``touched`` lists forbidden pages that were asked for.
    """

    def __init__(self, records: Records, user: str, password: str, folder: Path) -> None:
        self._records, self._user, self._password = records, user, password
        self._folder = folder
        self._sessions: dict[str, dict[str, Any]] = {}
        self.touched: list[str] = []
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(),
            trim_blocks=True,
        )
        self._pages.filters["nl2br"] = _nl2br
        self.app = Starlette(
            routes=[
                Route("/", self._home),
                Route("/login", self._login_form, methods=["GET"]),
                Route("/login", self._login, methods=["POST"]),
                Route("/logout", self._logout),
                Route("/admin", self._dashboard),
                Route("/admin/aduan", self._listing),
                Route("/admin/aduan/{number:int}", self._detail),
                Route("/admin/aduan/{number:int}/hapus", self._delete),
                Route("/unggah/{year:int}/{name:str}", self._photo),
            ]
        )

    def _page(self, name: str, status: int, **values: Any) -> HTMLResponse:
        return HTMLResponse(self._pages.get_template(name).render(values), status)

    def _session(self, request: Request) -> dict[str, Any] | None:
        return self._sessions.get(request.cookies.get(COOKIE, ""))

    def _inside(self, request: Request) -> bool:
        session = self._session(request)
        return bool(session and session["user"])

    async def _home(self, request: Request) -> Response:
        return RedirectResponse("/admin" if self._inside(request) else "/login", 302)

    async def _login_form(self, request: Request) -> Response:
        session = self._session(request)
        name = request.cookies.get(COOKIE, "")
        if session is None:
            name = secrets.token_urlsafe(24)
            session = self._sessions[name] = {"user": None, "token": secrets.token_hex(20), "message": None}
        message, session["message"] = session["message"], None
        answer = self._page("login.html", 200, token=session["token"], message=message)
        answer.set_cookie(COOKIE, name, httponly=True, samesite="lax")
        return answer

    async def _login(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        session = self._session(request)
        if session is None or not secrets.compare_digest(form.get("_token", "").encode(), session["token"].encode()):
            return self._page("expired.html", 419)
        if (form.get("username"), form.get("password")) != (self._user, self._password):
            session["message"] = "Nama pengguna atau kata sandi salah."
            return RedirectResponse("/login", 302)
        name = secrets.token_urlsafe(24)  # a new session at login, as frameworks do
        self._sessions.pop(request.cookies[COOKIE])
        self._sessions[name] = {"user": self._user, "token": secrets.token_hex(20), "message": None}
        answer = RedirectResponse("/admin", 302)
        answer.set_cookie(COOKIE, name, httponly=True, samesite="lax")
        return answer

    async def _logout(self, request: Request) -> Response:
        self.touched.append("/logout")
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        return RedirectResponse("/login", 302)

    async def _dashboard(self, request: Request) -> Response:
        if not self._inside(request):
            return RedirectResponse("/login", 302)
        rows = self._records()
        statuses: dict[str, int] = {}
        for row in rows:
            statuses[row["status"]] = statuses.get(row["status"], 0) + 1
        return self._page(
            "dashboard.html", 200, total=len(rows), statuses=statuses, latest=rows[:6], user=self._user, menu="dasbor"
        )

    async def _listing(self, request: Request) -> Response:
        if not self._inside(request):
            return RedirectResponse("/login", 302)
        rows = self._records()
        last = max(1, -(-len(rows) // PER_PAGE))
        asked = request.query_params.get("halaman", "1")
        page = int(asked) if asked.isdecimal() and 1 <= int(asked) <= last else 1
        shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
        near = [n for n in range(1, last + 1) if n in (1, last) or abs(n - page) <= 2]
        return self._page(
            "listing.html", 200, rows=shown, page=page, last=last, near=near, total=len(rows),
            first=(page - 1) * PER_PAGE + 1, user=self._user, menu="aduan",
        )  # fmt: skip

    async def _detail(self, request: Request) -> Response:
        if not self._inside(request):
            return RedirectResponse("/login", 302)
        number = request.path_params["number"]
        row = next((row for row in self._records() if row["id"] == number), None)
        if row is None:
            return self._page("missing.html", 404, user=self._user, menu="aduan")
        details = [(label, row[name]) for label, name in FIELDS]
        return self._page("detail.html", 200, row=row, details=details, user=self._user, menu="aduan")

    async def _photo(self, request: Request) -> Response:
        """Files lie behind the login too; one that is gone is told by a page, as such sites do."""
        if not self._inside(request):
            return RedirectResponse("/login", 302)
        path = self._folder / "unggah" / str(request.path_params["year"]) / request.path_params["name"]
        if not path.is_file():
            return self._page("missing.html", 404, user=self._user, menu="aduan")
        return FileResponse(path)

    async def _delete(self, request: Request) -> Response:
        self.touched.append(request.url.path)
        return RedirectResponse("/admin/aduan", 302)
