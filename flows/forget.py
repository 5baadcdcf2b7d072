"""What a person leaves in raw records: found by reading an archive again, blanked in its bytes, held back from loads.

The readers and the normaliser say which records of an archive are the person's, the blankers of ``connectors.blank``
write their objects anew, and the readers say whether everybody else's records are still what they were.
"""

import base64
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from connectors.archive import Archive, ArchiveDamaged, rewrite, swap
from connectors.base import ReaderError
from connectors.blank import LEAST_TELLING, Blanking, Mine
from connectors.blankers import BLANKERS
from connectors.lookups import joined_columns
from flows.reading import Reading, read_archive
from flows.site import Site
from satukanal.store import codec
from satukanal.store.erasure import Identity, Suppressed
from satukanal.store.keys import Keyring
from schemas.canonical import EXCLUDED, SUBMISSION, conform, names
from schemas.channel import Channel
from schemas.channel_file import ChannelFile
from schemas.codes import ExclusionRule
from schemas.mapping import column_maps
from schemas.sources import ChatSource, SourceBase
from transforms.normalise import Normalised
from transforms.normalise.shapes import PARTS


class CannotBlank(Exception):
    """An archive from which a person's records cannot be taken without harm to others'. One line; names the load."""


@dataclass(frozen=True)
class Blanked:
    """An archive without the person, ready beside the one that it replaces."""

    archive: Archive
    objects: dict[str, tuple[str, str]]  # name → SHA-256 of the raw bytes before and after

    def told(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {"manifest": self.archive.sha256, "objects": self.objects}


def uids(keys: Keyring, frame: pd.DataFrame) -> pd.Series:
    """The submission ids of a canonical frame that has channel, stream and key."""
    made = [
        codec.submission_uid(keys, *one) for one in zip(frame["channel"], frame["stream"], frame["key"], strict=True)
    ]
    return pd.Series(made, index=frame.index, dtype="str")


def hold_back(keys: Keyring, done: Normalised, suppressed: Suppressed) -> tuple[Normalised, list[Mine]]:
    """``done`` without what was erased once, and the raw records of it that the archive holds.

    A submission leaves as excluded by the rule ``erased``, its key as the store has it now; answers to it are dropped.
    """
    gone = set(suppressed.submissions)
    marks = {name: uids(keys, getattr(done, name)) for name in ("submissions", "events", "excluded")}
    hit = {name: of.isin(gone) for name, of in marks.items()}
    mine = [
        *_mine(done.submissions[hit["submissions"]]),
        *_mine(done.events[hit["events"]]),
        *_mine(
            done.excluded[hit["excluded"] | codec.note_ids(keys, "exclusion", done.excluded).isin(suppressed.notes)]
        ),
        *_mine(done.rejected[codec.note_ids(keys, "quarantine", done.rejected).isin(suppressed.notes)]),
    ]
    erased = done.submissions.loc[hit["submissions"], ["channel", "stream", "object", "position"]]
    erased = erased.assign(
        key=marks["submissions"][hit["submissions"]].map(suppressed.submissions),
        rule=ExclusionRule.ERASED.value,
        raw=marks["submissions"][hit["submissions"]].map(_in_place_of),
    )
    parts = [done.excluded[~hit["excluded"]], _without_words(done.excluded[hit["excluded"]], marks, suppressed)]
    excluded = pd.concat([part for part in (*parts, conform(erased, EXCLUDED)) if len(part)] or [done.excluded])
    return replace(
        done,
        submissions=done.submissions[~hit["submissions"]].reset_index(drop=True),
        events=done.events[~hit["events"]].reset_index(drop=True),
        excluded=conform(excluded.reset_index(drop=True), EXCLUDED),
    ), mine


def _without_words(frame: pd.DataFrame, marks: Mapping[str, pd.Series], suppressed: Suppressed) -> pd.DataFrame:
    """Other exclusions of the person's records: they keep their rule, and nothing else that tells of them."""
    own = marks["excluded"].reindex(frame.index)
    return frame.assign(key=own.map(suppressed.submissions), raw=own.map(_in_place_of))


def _in_place_of(uid: str) -> str:
    """What is kept of an erased record: which one it was, so that each is told apart from the others."""
    return orjson.dumps({"erased": uid}).decode()


def _mine(frame: pd.DataFrame) -> list[Mine]:
    """The raw records behind rows of a canonical frame; all pieces of what a shape joined."""
    found = []
    for object_, position, raw in zip(frame["object"], frame["position"], frame["raw"], strict=True):
        cells = _cells(raw)
        for piece in orjson.loads(cells.pop(PARTS, "[]")):
            texts = {name: cell for name, cell in piece.items() if cell is not None}
            found.append(Mine(texts.pop("_object"), texts.pop("_position"), texts))
        found.append(Mine(object_, position, cells))
    return found


def _cells(raw: str | None) -> dict[str, str]:
    if not raw or raw.startswith("base64:"):
        return {"": base64.b64decode(raw[7:]).decode("utf-8", "replace")} if raw else {}
    cells: dict[str, str] = orjson.loads(raw)
    return cells


def blank_archive(
    site: Site,
    file: ChannelFile,
    reading: Reading,
    mine: Collection[Mine],
    identity: Identity,
    folder: Path,
    keys: Collection[tuple[str, str]] = (),
) -> Blanked | None:
    """Write what ``reading`` read anew in the new ``folder``, without ``mine``; None where there is nothing to blank.

    Raises ``CannotBlank`` if the result, read again, lacks or changes anybody else's record, or still holds theirs.
    """
    channel, archive = file.channel, reading.archive
    source = channel.sources[reading.source]
    place = f"{channel.id}/{archive.folder.name}"
    blanker = BLANKERS.get(source.reader)
    if blanker is None:
        raise CannotBlank(f"{place}: records of reader {source.reader} cannot be blanked")
    kept, personal = _kept(channel, reading.source), _personal(channel, reading.source)
    what = Blanking(tuple(mine), frozenset(kept), identity.pattern, frozenset(personal), frozenset(keys))
    try:
        fresh = dict(blanker(source, archive, what))
        if not fresh and not mine:
            return None
        shutil.rmtree(folder, ignore_errors=True)
        made = rewrite(archive, folder, fresh)
        after = read_archive(site, file, reading.source, made)
    except (ReaderError, ArchiveDamaged) as error:
        raise CannotBlank(f"{place}: {error}") from error
    _compare(place, reading.done, after.done, what, source)
    names = [name for name in fresh if made.entry(name).sha256 != archive.entry(name).sha256]
    if not names:
        shutil.rmtree(folder)
        return None
    return Blanked(made, {name: (archive.entry(name).sha256, made.entry(name).sha256) for name in names})


def _kept(channel: Channel, source: str) -> set[str]:
    """Source columns by which a replay knows a record, and an answer its complaint."""
    kept: set[str] = set()
    for name, mapping in channel.sources[source].streams.items():
        if channel.streams[name].key == "columns":
            kept |= set(mapping.key)
        for events in mapping.events:
            kept |= {*events.complaint, *events.key}
    return kept


def _personal(channel: Channel, source: str) -> set[str]:
    """Source columns whose values tell of a person, or are what they wrote."""
    fields = set(names(SUBMISSION, "personal"))
    found = set(channel.personal)
    for mapping in channel.sources[source].streams.values():
        found |= {
            c for field, origin in column_maps(mapping.columns).items() if field in fields for c in origin.origins
        }
    return found


def _records(done: Normalised) -> dict[tuple[str, str, str], dict[str, str]]:
    frames = {"record": (done.submissions, done.excluded, done.rejected), "answer": (done.events,)}
    return {
        (kind, one.object, one.position): one.cells for kind, many in frames.items() for f in many for one in _mine(f)
    }


def _compare(place: str, before: Normalised, after: Normalised, what: Blanking, source: SourceBase) -> None:
    """Others' records are what they were, but for the person's numbers in them; of the person's only keys are left.

    A name of the person that a look-up told in somebody else's record is gone there too.
    """
    own, joined = {(one.object, one.position) for one in what.mine}, joined_columns(source)
    then, now = _records(before), _records(after)
    for at, cells in then.items():
        if at[1:] in own:
            continue
        named = {name for name in joined & cells.keys() if cells[name] in what.values}
        kept = {name: what.masked(cell) for name, cell in cells.items() if name not in named}
        if at not in now or kept != {name: cell for name, cell in now[at].items() if name not in named}:
            raise CannotBlank(f"{place}: {at[1]}, {at[2]} would not be what it was; nothing was erased")
    telling = {at: _telling(cells, what, source) for at, cells in then.items() if at[1:] in own}
    for at, values in telling.items():
        if values & set(now.get(at, {}).values()):
            left = sorted(name for name, cell in now[at].items() if cell in values)
            raise CannotBlank(f"{place}: {at[1]}, {at[2]} would still hold {', '.join(left)}; nothing was erased")


def _telling(cells: Mapping[str, str], what: Blanking, source: SourceBase) -> set[str]:
    """Cells that may not be left: those about the person, and whatever else stands in a row that is all theirs.

    A line of a chat keeps its time and chat; what a look-up adds that is not about them (an officer's name) stays.
    """
    others = set(cells) if isinstance(source, ChatSource) else joined_columns(source)
    return {
        cell
        for name, cell in cells.items()
        if name not in what.keep
        and (name in what.personal or name not in others)
        and len(cell.strip()) >= LEAST_TELLING
    }


def swap_archive(site: Site, channel: str, load_id: str, prepared: Path) -> None:
    """Put a blanked archive into its place under home."""
    swap(prepared, site.archive_dir(channel, load_id), _aside(site) / channel / load_id)


def settle_swaps(site: Site) -> None:
    """Finish what a kill left between two archives: one put aside goes, or comes back if none took its place."""
    for aside in sorted(_aside(site).glob("*/*")):
        folder = site.archive_dir(aside.parent.name, aside.name)
        if folder.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(folder)


def _aside(site: Site) -> Path:
    return site.settings.home_dir / "erasures.old"
