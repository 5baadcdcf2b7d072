"""The SIGAP service: a paginated JSON API behind a bearer token, moody as live services are.

The first request for records is answered 429 (``Retry-After: 0``) and the third 503, once per run of the server.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

Records = Callable[[], list[dict[str, Any]]]


def sigap_app(records: Records, token: str, folder: Path) -> Starlette:
    """The application over ``records``, which is asked afresh at every request, and the photos below ``folder``."""
    asked: list[str] = []

    def refused(request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {token}":
            return None
        return JSONResponse({"message": "Unauthenticated."}, 401)

    async def laporan(request: Request) -> Response:
        if answer := refused(request):
            return answer
        asked.append(request.url.query)
        if len(asked) == 1:
            return JSONResponse({"message": "Too Many Attempts."}, 429, {"Retry-After": "0"})
        if len(asked) == 3:
            return JSONResponse({"message": "Service Unavailable"}, 503)
        try:
            page, per_page = (
                int(request.query_params.get(name, default)) for name, default in (("page", 1), ("per_page", 15))
            )
        except ValueError:
            return JSONResponse({"message": "The given data was invalid."}, 422)
        rows, per_page = records(), min(max(per_page, 1), 100)
        meta = {
            "current_page": page,
            "last_page": max(1, -(-len(rows) // per_page)),
            "per_page": per_page,
            "total": len(rows),
        }
        return JSONResponse({"data": rows[(page - 1) * per_page : page * per_page], "meta": meta})

    async def statistik(request: Request) -> Response:
        if answer := refused(request):
            return answer
        ids = [row["id"] for row in records()]
        total = len({i for i in ids if i is not None}) + ids.count(None)
        return JSONResponse({"data": {"total": total}})

    photos = StaticFiles(directory=folder / "storage", check_dir=False)
    return Starlette(
        routes=[
            Route("/api/v1/laporan", laporan),
            Route("/api/v1/statistik", statistik),
            Mount("/storage", photos),
        ]
    )
