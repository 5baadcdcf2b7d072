"""Runs, loads and channels: what was begun, how it ended, and what state each channel is in."""

import secrets
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from satukanal.store import ledger
from satukanal.store.database import Store
from satukanal.store.stage import clear
from schemas.channel import Channel
from schemas.codes import ChannelState, LoadStatus, RunStatus
from schemas.expectations import QualityResult
from schemas.reference import Reference
from schemas.store import agency, agency_alias, channel, channel_transition, load, quality_result, run


def new_id(prefix: str) -> str:
    """An id that sorts by time: prefix, UTC to the second, eight random hex digits."""
    return f"{prefix}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def begin_run(store: Store, government: str, actor: str, program_version: str) -> str:
    """Record that a run began; returns its ``run_id``."""
    run_id = new_id("run")
    with store.writing() as connection:
        connection.execute(
            run.insert().values(
                run_id=run_id,
                government=government,
                status=RunStatus.RUNNING.value,
                started_at=datetime.now(UTC),
                actor=actor,
                program_version=program_version,
            )
        )
    return run_id


def finish_run(store: Store, run_id: str, status: RunStatus, *, balanced: bool | None) -> None:
    """Record how a run ended (``balanced``: None where nothing was published); one that was abandoned stays so."""
    with store.writing() as connection:
        connection.execute(
            run.update()
            .where(run.c.run_id == run_id, run.c.status == RunStatus.RUNNING.value)
            .values(status=status.value, finished_at=datetime.now(UTC), balanced=balanced)
        )


def register_channel(store: Store, spec: Channel, spec_sha256: str, actor: str) -> ChannelState:
    """Make the channel known, or bring its title and place up to date; returns its state, which only acts change."""
    facts = {
        "title": spec.title,
        "government": spec.government,
        "owner": spec.owner,
        "region": spec.region,
        "time_zone": spec.time_zone,
        "live": spec.live,
        "spec_sha256": spec_sha256,
    }
    with store.writing() as connection:
        state = connection.scalar(sa.select(channel.c.state).where(channel.c.channel == spec.id))
        if state is not None:
            connection.execute(channel.update().where(channel.c.channel == spec.id).values(**facts))
            return ChannelState(state)
        now = datetime.now(UTC)
        first = ChannelState.REGISTERED
        connection.execute(channel.insert().values(channel=spec.id, state=first.value, state_since=now, **facts))
        _note_transition(connection, spec.id, spec.government, None, first, actor, "first run with this channel", now)
        return first


def transition(store: Store, channel_id: str, to: ChannelState, actor: str, reason: str) -> None:
    """Move a channel to another state, as an act in the ledger. Whether it may is for the gates to say."""
    with store.writing() as connection:
        _move(connection, channel_id, to, actor, reason)


def _move(connection: sa.Connection, channel_id: str, to: ChannelState, actor: str, reason: str) -> None:
    row = connection.execute(sa.select(channel).where(channel.c.channel == channel_id)).one()
    now = datetime.now(UTC)
    connection.execute(channel.update().where(channel.c.channel == channel_id).values(state=to.value, state_since=now))
    _note_transition(connection, channel_id, row.government, row.state, to, actor, reason, now)


def _note_transition(
    connection: sa.Connection,
    channel_id: str,
    government: str,
    before: str | None,
    to: ChannelState,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    told = {"from_state": before, "to_state": to.value, "reason": reason}
    connection.execute(
        channel_transition.insert().values(channel=channel_id, government=government, at=now, actor=actor, **told)
    )
    ledger.append(connection, government=government, act="transition", subject=channel_id, actor=actor, payload=told)


def begin_load(store: Store, run_id: str, spec: Channel, spec_sha256: str, source: str, actor: str) -> str:
    """Record that a channel's load began; returns its ``load_id``. The first one moves the channel to *loading*."""
    load_id = new_id(f"load-{spec.id}")
    with store.writing() as connection:
        if connection.scalar(sa.select(channel.c.state).where(channel.c.channel == spec.id)) == ChannelState.REGISTERED:
            _move(connection, spec.id, ChannelState.LOADING, actor, "its first load began")
        connection.execute(
            load.insert().values(
                load_id=load_id,
                run_id=run_id,
                channel=spec.id,
                government=spec.government,
                source=source,
                status=LoadStatus.RUNNING.value,
                started_at=datetime.now(UTC),
                spec_sha256=spec_sha256,
            )
        )
    return load_id


def end_load(store: Store, load_id: str, status: LoadStatus, error: str, known: dict[str, Any]) -> None:
    """Record that a load was not published, and why, in one line; ``known`` are columns of its row."""
    with store.writing() as connection:
        clear(connection, load_id)
        connection.execute(
            load.update()
            .where(load.c.load_id == load_id, load.c.status == LoadStatus.RUNNING.value)
            .values(status=status.value, error=error, finished_at=datetime.now(UTC), **known)
        )


def save_quality(store: Store, load_id: str, government: str, results: list[QualityResult]) -> None:
    """Keep what the expectations found, once per load."""
    with store.writing() as connection:
        connection.execute(quality_result.delete().where(quality_result.c.load_id == load_id))
        for ordinal, result in enumerate(results):
            connection.execute(
                quality_result.insert().values(
                    load_id=load_id,
                    ordinal=ordinal,
                    government=government,
                    suite=result.suite,
                    expectation=result.expectation,
                    column=result.column,
                    success=result.success,
                    observed=result.observed,
                    unexpected_count=result.unexpected_count,
                    element_count=result.element_count,
                )
            )


def save_reference(store: Store, reference: Reference, government: str) -> None:
    """Bring the agencies and their dated aliases up to date with the reference data."""
    agencies = reference.agencies.astype(object).where(reference.agencies.notna(), None).to_dict("records")
    aliases = reference.agency_aliases.astype(object).where(reference.agency_aliases.notna(), None).to_dict("records")
    with store.writing() as connection:
        connection.execute(agency_alias.delete().where(agency_alias.c.government == government))
        connection.execute(agency.delete().where(agency.c.government == government))
        for row in agencies:
            connection.execute(
                agency.insert().values(
                    agency=row["id"], government=government, name=row["name"], name_short=row.get("name_short")
                )
            )
        for row in aliases:
            connection.execute(
                agency_alias.insert().values(
                    alias=row["alias"],
                    agency=row["agency"],
                    government=government,
                    valid_from=_date(row.get("valid_from")),
                    valid_to=_date(row.get("valid_to")),
                )
            )


def _date(text: object) -> object:
    return datetime.strptime(str(text), "%Y-%m-%d").replace(tzinfo=UTC).date() if text else None
