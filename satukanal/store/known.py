"""What the store knows of a channel before it is read again: how far the last load came, which cases are open."""

from collections.abc import Collection
from dataclasses import dataclass

import orjson
import pandas as pd
import sqlalchemy as sa

from satukanal.store import codec
from satukanal.store.database import Store
from schemas.codes import LoadStatus, Status
from schemas.store import load, reporter, submission, submission_version

CHUNK = 500
_ENDED = (Status.CLOSED.value, Status.ARCHIVED.value)
_PUBLISHED = (LoadStatus.PUBLISHED.value, LoadStatus.UNCHANGED.value)


@dataclass(frozen=True)
class Progress:
    """The keys of one stream, as the store writes them; open ones are those of cases neither closed nor archived."""

    keys: frozenset[str]
    open_keys: frozenset[str]


def people(store: Store, channel: str, stream: str, keys: Collection[str]) -> pd.DataFrame:
    """Those of ``keys`` that stand, with key, is_confidential and the reporter in clear (``codec.REPORTER``)."""
    s, v, r = submission, submission_version, reporter
    query = (
        sa.select(s.c.submission_uid, s.c.key, v.c.is_confidential, r.c.sealed)
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .outerjoin(r, (r.c.submission_uid == s.c.submission_uid) & (r.c.version_no == s.c.version_no))
        .where(s.c.channel == channel, s.c.stream == stream)
    )
    listed, found = sorted(keys), []
    with store.reading() as connection:
        for start in range(0, len(listed), CHUNK):
            part = query.where(s.c.key.in_(listed[start : start + CHUNK]))
            for row in connection.execute(part).mappings():
                person = codec.unseal(store.keys, row["sealed"], codec.CONTEXTS[reporter](row))
                named = {name: person.get(name) for name in codec.REPORTER}
                found.append({"key": row["key"], "is_confidential": row["is_confidential"], **named})
    return pd.DataFrame(found, columns=["key", "is_confidential", *codec.REPORTER])


def cursors(store: Store, channel: str, source: str) -> dict[str, str]:
    """How far the last published load of ``source`` came, by stream, or by ``stream/table`` for answers."""
    query = (
        sa.select(load.c.cursors)
        .where(load.c.channel == channel, load.c.source == source, load.c.status.in_(_PUBLISHED))
        .order_by(load.c.finished_at.desc())
        .limit(1)
    )
    with store.reading() as connection:
        found: dict[str, str] = orjson.loads(connection.scalar(query) or "{}")
    return found


def progress(store: Store, channel: str, stream: str) -> Progress:
    """What stands of ``stream``, withdrawn submissions aside."""
    s, v = submission, submission_version
    query = (
        sa.select(s.c.key, v.c.status)
        .join(v, (v.c.submission_uid == s.c.submission_uid) & (v.c.version_no == s.c.version_no))
        .where(s.c.channel == channel, s.c.stream == stream, s.c.withdrawn_at.is_(None))
    )
    with store.reading() as connection:
        rows = connection.execute(query).tuples().all()
    return Progress(frozenset(key for key, _ in rows), frozenset(key for key, status in rows if status not in _ENDED))


def loads_alike(store: Store, channel: str, source: str, spec_sha256: str) -> list[str]:
    """Loads of ``source`` that the same channel file described and that are no longer running, the latest first."""
    query = (
        sa.select(load.c.load_id)
        .where(
            load.c.channel == channel, load.c.source == source, load.c.spec_sha256 == spec_sha256,
            load.c.status != LoadStatus.RUNNING.value,
        )
        .order_by(load.c.started_at.desc(), load.c.load_id.desc())
    )  # fmt: skip
    with store.reading() as connection:
        return list(connection.scalars(query))
