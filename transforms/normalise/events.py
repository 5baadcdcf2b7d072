"""From rows of an event table (answers, status history) to canonical events.

An event needs its complaint's key, not the complaint: what is orphaned in this load may belong to an earlier one, or to
a record in quarantine, and stays.
"""

import pandas as pd

from schemas.canonical import EVENT, conform
from schemas.channel import Channel
from schemas.mapping import EventMap, column_maps
from schemas.reference import Reference
from transforms.normalise import codes, public, rows
from transforms.normalise.dates import Clock
from transforms.normalise.submissions import Fields
from transforms.normalise.text import clean_line, clean_text
from transforms.normalise.values import Notes, fold, look_up, present

_KINDS = ("answer", "status", "note")


def normalise_events(
    channel: Channel,
    stream: str,
    mapping: EventMap,
    prefix: str,
    frame: pd.DataFrame,
    submissions: pd.DataFrame,
    clock: Clock,
    reference: Reference,
) -> tuple[pd.DataFrame, dict[str, dict[str, int]]]:
    """Events of one table (contract ``EVENT``), and unmapped labels as 'event_status' and 'event_agency'.

    A row that is the same to the letter as one before it is dropped; another row with a key that has been used gets the
    number of its occurrence ('12#2') and the flag 'event_key:reused'. Without key columns the key is the SHA-256 of the
    content. ``prefix`` parts the keys of several event tables. ``key`` is '' where the row does not name its complaint.
    """
    facts = rows.provenance(frame, channel.id, stream)
    key = rows.column_key(frame, mapping.complaint, channel.null_tokens).fillna("")
    own = rows.content_hash(frame, mapping, mapping.complaint)
    if mapping.key:
        named = rows.column_key(frame, mapping.key, channel.null_tokens)
        own = named.where(named.notna(), own)
    facts = facts.assign(key=key, event_key=prefix + own)
    facts = facts[~facts.duplicated(["event_key", "raw"])]
    occurrence = facts.groupby("event_key").cumcount() + 1
    kept = facts.index
    facts = facts.reset_index(drop=True)
    notes = Notes(len(facts))
    reused = occurrence.gt(1).to_numpy()
    notes.flag(reused, "event_key", "reused")
    numbers = facts["event_key"] + "#" + occurrence.reset_index(drop=True).astype("str")
    facts["event_key"] = facts["event_key"].mask(reused, numbers)
    fields = Fields(
        frame.loc[kept].reset_index(drop=True), column_maps(mapping.columns), channel, clock, reference, notes
    )
    out = _canonical(fields, facts, mapping, submissions)
    return conform(out, EVENT), {f"event_{c}": n for c, n in notes.count_unknown(present(facts["raw"])).items()}


def _canonical(fields: Fields, facts: pd.DataFrame, mapping: EventMap, submissions: pd.DataFrame) -> pd.DataFrame:
    notes, channel = fields.notes, fields.channel
    complaint = submissions.drop_duplicates("key").set_index("key")
    orphan = ~facts["key"].isin(complaint.index)
    notes.flag(orphan.to_numpy(), "complaint", "orphan")
    occurred = fields.plausible("occurred_at", fields.date("occurred_at"))
    status, raw_status = fields.origin("status"), fields.raw("status")
    state = pd.Series(None, index=facts.index, dtype=object)
    if status is not None:
        known = codes.read_status("status", raw_status, channel, status, Notes(len(facts)))["status"]
        state = known.where(raw_status.notna())
        notes.unknown(state.eq("unmapped").to_numpy(dtype=bool), "status", raw_status)
    on = occurred.fillna(fields.clock.fetched_at)
    words = fields.cleaned("text", clean_text)
    person = complaint.reindex(facts["key"]).set_index(facts.index)
    hidden = orphan | facts["key"].isin(complaint.index[complaint["is_confidential"]])  # an orphan's may be secret
    kind = look_up(fields.raw("kind"), lambda v: fold(v) if fold(v) in _KINDS else None)
    return facts.assign(
        kind=kind.fillna(mapping.kind),
        occurred_at=occurred,
        status=state,
        status_source=codes.label(raw_status),
        agency=codes.read_agency("agency", fields.raw("agency"), on, channel, fields.reference, notes),
        actor=fields.cleaned("actor", clean_line),
        text=words,
        text_public=public.mask_all(words, person).mask(hidden, None),
        flags=notes.flags_json(),
    )
