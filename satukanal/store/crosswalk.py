"""An old ticket number finds its complaint for ever."""

from typing import Any

import sqlalchemy as sa

from satukanal.store.database import Store
from schemas.store import complaint, id_crosswalk, submission, submission_version

_VIEW = sa.table("v_complaint", sa.column("tracking_id"), sa.column("status"))


def find(store: Store, old_number: str, channel: str | None) -> list[dict[str, Any]]:
    """Where ``old_number``, compared without case and outer blanks, leads. A tracking id of ours is also understood.

    Each row has channel, old_number, tracking_id, sp4n_id and the status of the complaint.
    """
    x, s, v, c = id_crosswalk, submission, submission_version, complaint
    wanted = old_number.strip()
    founder = sa.select(complaint.c.complaint_uid).where(complaint.c.tracking_id == wanted.upper()).scalar_subquery()
    query = (
        sa.select(
            x.c.channel, x.c.old_number, c.c.tracking_id, v.c.sp4n_id, sa.func.coalesce(_VIEW.c.status, v.c.status)
        )
        .join(s, s.c.submission_uid == x.c.submission_uid)
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .join(c, c.c.complaint_uid == s.c.complaint_uid)
        .outerjoin(_VIEW, _VIEW.c.tracking_id == c.c.tracking_id)
        .where((sa.func.lower(x.c.old_number) == wanted.lower()) | (x.c.submission_uid == founder))
        .order_by(x.c.channel, x.c.old_number)
    )
    if channel:
        query = query.where(x.c.channel == channel)
    names = ("channel", "old_number", "tracking_id", "sp4n_id", "status")
    with store.reading() as connection:
        return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]
