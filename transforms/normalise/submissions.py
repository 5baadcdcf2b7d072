"""From raw rows of one stream to canonical submissions, and to the rows that did not become one.

Says which cleaner serves which field; what cleaning means is left to ``text``, ``dates``, ``people``, ``places`` and
``codes``.
"""

import re
from dataclasses import dataclass, field

import pandas as pd

from schemas.canonical import EXCLUDED, REJECTED, SUBMISSION, conform, empty
from schemas.channel import Channel
from schemas.codes import ExclusionRule, QuarantineReason, Status, SubmissionType
from schemas.mapping import ColumnMap, Mapping, column_maps
from schemas.reference import Reference
from transforms.normalise import codes, dates, people, places, public, rows, tables, text
from transforms.normalise.attachments import attachment_lister, joined_lists, list_attachments
from transforms.normalise.shapes.base import QUOTES, Shaped
from transforms.normalise.values import Cleaner, Mask, Notes, Outcome, clean, is_true, look_up

_NUMBER_GLUE = re.compile(r"[\s\0]+|^#")
_LONGEST_NUMBER = 200  # characters: what is longer is no number that a citizen holds
_DETAILS = {
    QuarantineReason.NO_KEY.value: "a part of the key is empty",
    QuarantineReason.NO_CONTENT.value: "neither title nor text holds a word",
    QuarantineReason.KEY_REUSED.value: "the key belongs to another person's record of this load",
}


@dataclass(frozen=True)
class StreamResult:
    """What one stream of one source gave. Frames by contract; ``seen`` counts its raw rows."""

    submissions: pd.DataFrame
    rejected: pd.DataFrame
    excluded: pd.DataFrame
    seen: int
    unmapped: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Fields:
    """The mapped fields of some raw rows, and the notes on them. One object per stream and load."""

    frame: pd.DataFrame
    maps: dict[str, ColumnMap]
    channel: Channel
    clock: dates.Clock
    reference: Reference
    notes: Notes = field(repr=False)
    no_files: tuple[str, ...] = ()  # globs of names of attachments that are none

    def origin(self, name: str) -> ColumnMap | None:
        """Where a canonical field comes from; None if it is not mapped."""
        return self.maps.get(name)

    def raw(self, name: str) -> pd.Series:
        """Raw texts of a canonical field; all null if it is not mapped."""
        origin = self.maps.get(name)
        if origin is None:
            return pd.Series(None, index=self.frame.index, dtype="str")
        return tables.pick(self.frame, origin, self.channel.null_tokens)

    def cleaned(self, name: str, cleaner: Cleaner) -> pd.Series:
        """A field through a cleaner."""
        return clean(name, self.raw(name), cleaner, self.notes)

    def date(self, name: str) -> pd.Series:
        """Instants (UTC) of a field, not yet asked whether they are plausible."""
        origin = self.maps.get(name)
        if origin is None:
            return dates.no_dates(self.frame.index)
        return dates.read_dates(name, self.raw(name), origin, self.clock, self.notes)

    def plausible(self, name: str, at: pd.Series) -> pd.Series:
        """``at`` without impossible dates."""
        return dates.drop_implausible(at, name, self.raw(name), self.clock, self.notes)


def normalise_stream(
    channel: Channel,
    source: str,
    stream: str,
    mapping: Mapping,
    shaped: Shaped,
    clock: dates.Clock,
    reference: Reference,
) -> StreamResult:
    """Every row of ``shaped`` as a submission, a rejected or an excluded record: their numbers add up to its length."""
    frame = shaped.frame
    by_content = channel.streams[stream].key == "content"
    if by_content:
        key = rows.numbered(rows.content_hash(frame, mapping))
    else:
        key = rows.column_key(frame, mapping.key, channel.null_tokens)
    all_rows = rows.provenance(frame, channel.id, stream).assign(key=key)
    no_key = key.isna()
    rule = rows.excluded_by(frame, mapping.exclude)
    if shaped.rule is not None:
        rule = shaped.rule.where(shaped.rule.notna(), rule)
    rule = rule.mask(no_key)
    left = all_rows[~no_key & rule.isna()]
    notes = Notes(len(left))
    maps = column_maps(mapping.columns)
    attachments = channel.sources[source].attachments
    no_files = attachments.none if attachments else ()
    fields = Fields(frame.loc[left.index].reset_index(drop=True), maps, channel, clock, reference, notes, no_files)
    notes.flag(is_true(left["key"].str.startswith(rows.HASHED)), "key", "too_long")
    made = pd.concat([left.reset_index(drop=True), _canonical(fields, stream)], axis=1).assign(source=source)
    no_content = ~(_readable(made["title"]) | _readable(made["text"]))
    settled = rows.settle_repeats(made[~no_content]).reindex(made.index)
    reused = settled.eq(QuarantineReason.KEY_REUSED.value)
    reason = settled.where(reused).mask(no_content, QuarantineReason.NO_CONTENT.value)
    repeated = settled.where(settled.eq(ExclusionRule.REPEATED.value))
    kept = (reason.isna() & repeated.isna()).to_numpy(dtype=bool)
    without_key = pd.Series(QuarantineReason.NO_KEY.value, index=all_rows.index).where(no_key)
    return StreamResult(
        conform(made[kept], SUBMISSION),
        rows.stack(
            [rows.rejected(all_rows, without_key, _DETAILS), rows.rejected(made, reason, _DETAILS)], empty(REJECTED)
        ),
        rows.stack([rows.excluded(all_rows, rule), rows.excluded(made, repeated)], empty(EXCLUDED)),
        len(frame),
        notes.count_unknown(kept),
    )


def _readable(texts: pd.Series) -> Mask:
    return texts.fillna("").map(text.is_readable).to_numpy(dtype=bool)


def _canonical(fields: Fields, stream: str) -> pd.DataFrame:
    """All canonical columns but key and provenance."""
    words = _words(fields)
    person = _person(fields)
    when = _dates(fields)
    case = _case(fields, stream, when["submitted_at"])
    place = _place(fields)
    out = pd.concat([words, person, when, case, place], axis=1)
    for name in ("title", "text"):
        out[f"{name}_public"] = public.mask_all(out[name], out)
    both = out["title_public"].fillna("").astype("str") + "\n" + out["text_public"].fillna("").astype("str")
    out["quoted_numbers"] = both.map(public.quoted_numbers)  # of what is masked: a phone is no ticket
    if QUOTES in fields.frame:
        out["quoted_numbers"] = _with_quotes(fields.frame[QUOTES], out["quoted_numbers"])
    hidden = ["title_public", "text_public"]
    out[hidden] = out[hidden].mask(out["is_confidential"], None)
    return out.assign(flags=fields.notes.flags_json(), changes=fields.notes.changes_json())


def _with_quotes(keys: pd.Series, numbers: pd.Series) -> pd.Series:
    """Numbers that a text quotes, after the key that its place in a thread names."""
    pairs = zip(keys, numbers, strict=True)
    joined = [" ".join(one for one in pair if isinstance(one, str)) or None for pair in pairs]
    return pd.Series(joined, index=numbers.index, dtype=object)


def _words(fields: Fields) -> pd.DataFrame:
    cleaners = {"title": text.clean_line, "text": text.clean_text, "location": text.clean_line}
    return pd.DataFrame(
        {
            **{name: fields.cleaned(name, cleaner) for name, cleaner in cleaners.items()},
            "status_reason": fields.cleaned("status_reason", text.clean_text),
            "attachments": _attachments(fields),
            "old_numbers": _old_numbers(fields),
            "sp4n_id": fields.cleaned("sp4n_id", clean_sp4n_id),
        }
    )


def _person(fields: Fields) -> pd.DataFrame:
    cleaners: dict[str, Cleaner] = {
        "reporter_name": people.clean_name,
        "reporter_nik": people.clean_nik,
        "reporter_phone": people.clean_phone,
        "reporter_email": people.clean_email,
        "reporter_address": text.clean_line,
        "reporter_account": text.clean_line,
    }
    return pd.DataFrame({name: fields.cleaned(name, cleaner) for name, cleaner in cleaners.items()})


def _dates(fields: Fields) -> pd.DataFrame:
    clock, notes = fields.clock, fields.notes
    submitted = fields.plausible("submitted_at", fields.date("submitted_at"))
    incident = dates.mend_swapped(
        fields.date("incident_at"), submitted, "incident_at", fields.raw("incident_at"), clock, notes
    )
    incident = fields.plausible("incident_at", incident)
    updated = fields.plausible("version_at", fields.date("version_at"))
    return pd.DataFrame(
        {
            "submitted_at": submitted,
            "submitted_local": clock.local(submitted),
            "incident_at": incident,
            "incident_local": clock.local(incident),
            "closed_at": fields.plausible("closed_at", fields.date("closed_at")),
            "version_at": updated.fillna(clock.fetched_at),
            "version_trusted": updated.notna(),
        }
    )


def _case(fields: Fields, stream: str, submitted: pd.Series) -> pd.DataFrame:
    channel, notes, index = fields.channel, fields.notes, fields.frame.index
    whistle = channel.streams[stream].whistleblowing
    status, kind = fields.origin("status"), fields.origin("type")
    if status is None:
        case = pd.DataFrame({"status": Status.UNVERIFIED.value, "closed_by": None, "archived_by": None}, index=index)
    else:
        case = codes.read_status("status", fields.raw("status"), channel, status, notes)
    for name in ("closed_by", "archived_by"):
        case[name] = codes.read_closer(name, fields.raw(name), notes).fillna(case[name])
    types = pd.Series(SubmissionType.UNCLASSIFIED.value, index=index, dtype=object)
    if kind is not None:
        types = codes.read_type(fields.raw("type"), channel, kind, notes)
    if whistle:  # the stream itself says what its reports are
        types = types.where(types.ne(SubmissionType.UNCLASSIFIED.value), SubmissionType.WHISTLEBLOWING.value)
    case["type"] = types
    case["category"] = codes.read_code("category", fields.raw("category"), channel.codes.category, notes)
    on = submitted.fillna(fields.clock.fetched_at)
    case["agency"] = codes.read_agency("agency", fields.raw("agency"), on, channel, fields.reference, notes)
    for name in ("status", "category", "agency"):
        case[f"{name}_source"] = codes.label(fields.raw(name))
    for name in ("is_anonymous", "is_confidential"):
        origin = fields.origin(name)
        said = codes.read_yes(name, fields.raw(name), origin, notes) if origin else pd.Series(data=False, index=index)
        case[name] = said | (whistle and name == "is_confidential")
    return case


def _place(fields: Fields) -> pd.DataFrame:
    known = places.Gazetteer.below(fields.channel.region, fields.reference)
    named = places.read_places(fields.raw("district"), fields.raw("village"), known, fields.notes)
    points = places.read_coordinates(fields.raw("latitude"), fields.raw("longitude"), fields.notes)
    return pd.concat([named, points], axis=1)


def _attachments(fields: Fields) -> pd.Series:
    """Names of files as a JSON list, of all mapped columns together."""
    origin = fields.origin("attachments")
    if origin is None or origin.value is not None:
        return look_up(fields.raw("attachments"), list_attachments)
    parts = [
        look_up(tables.column(fields.frame, name, fields.channel.null_tokens), attachment_lister(fields.no_files))
        for name in origin.origins
    ]
    return (
        parts[0]
        if len(parts) == 1
        else pd.Series([joined_lists(row) for row in zip(*parts, strict=True)], index=fields.frame.index, dtype=object)
    )


def _old_numbers(fields: Fields) -> pd.Series:
    """Ticket numbers of each mapped column without inner blanks, joined by a blank; none that is too long."""
    origin = fields.origin("old_numbers")
    if origin is None or origin.value is not None:
        return fields.raw("old_numbers")
    parts = [tables.column(fields.frame, name, fields.channel.null_tokens) for name in origin.origins]
    numbers = [look_up(p, clean_number).astype("str").fillna("") for p in parts]
    for number, part in enumerate(numbers):
        long = (part.str.len() > _LONGEST_NUMBER).to_numpy(dtype=bool)
        fields.notes.flag(long, "old_numbers", "too_long")
        numbers[number] = part.mask(long, "")
    folded = tables.join(numbers, " ").str.split().str.join(" ")
    return folded.mask(folded.eq(""))


def clean_number(value: str) -> str:
    """A ticket number without blanks, a leading '#', or the '.0' of a float."""
    return re.sub(r"\.0$", "", _NUMBER_GLUE.sub("", value))


def clean_sp4n_id(value: str) -> Outcome:
    """The number of the national system: digits, seven of them today; ``invalid`` otherwise."""
    number = clean_number(value)
    return Outcome(number, rule="digits_only") if re.fullmatch("[0-9]{5,10}", number) else Outcome(None, "invalid")
