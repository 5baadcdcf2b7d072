"""Erasing a person: found, shown, taken out of archive and store, and kept from coming back by a load or a backup.

The new archives are prepared beside the old ones, the store is changed in one transaction, and only then are they put
in their place: killed before the transaction nothing has happened, killed after it the next run completes the rest.
Beside the key file a list of keyed hashes outlives the store, so that an old backup is cleaned when it is restored.
"""

import logging
import os
import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from connectors.archive import MANIFEST, Archive, ArchiveDamaged
from connectors.base import ReaderError
from flows.collect import sweep
from flows.forget import CannotBlank, blank_archive, hold_back, settle_swaps, swap_archive
from flows.reading import read_archive
from flows.site import Site
from satukanal.store import erasure
from satukanal.store.erasure import ERASED, Found, Identity, Load, Suppressed
from transforms.normalise.people import clean_email, clean_nik, clean_phone

log = logging.getLogger("satukanal")
Progress = Callable[[int, int], None]
_KINDS = (("nik", clean_nik), ("phone", clean_phone), ("email", clean_email))


class UnknownReporter(Exception):
    """What was given is nothing by which a reporter is known, or nobody is. One line, without the value."""


def find(site: Site, reporters: Sequence[str], keep: Sequence[str]) -> Found:
    """Everything of the person whom ``reporters`` name: NIK, phone, e-mail, ``account:…`` or tracking id.

    Raises ``UnknownReporter``.
    """
    values, tracking_ids = [], []
    for number, text in enumerate(reporters, 1):
        one = text.strip()
        if one.upper().startswith("SK-"):
            tracking_ids.append(one)
        elif one.startswith("account:"):
            values.append(("account", one.removeprefix("account:").strip()))
        else:
            values.append(_value(one, number))
    found = erasure.find(site.store, values, tracking_ids, keep)
    if not found.submissions and not found.notes:
        raise UnknownReporter("nothing here is known by what --reporter gives; nothing was erased")
    return found


def _value(text: str, number: int) -> tuple[str, str]:
    for kind, clean in _KINDS:
        cleaned = clean(text).value
        if cleaned is not None:
            return kind, cleaned
    raise UnknownReporter(
        f"--reporter number {number} is no NIK, phone, e-mail or tracking id; write account:NAME for an account"
    )


def erase(site: Site, found: Found, progress: Progress) -> dict[str, Any]:
    """Erase ``found``; returns what was done: ``erasure``, counts and the ledger's new head.

    Call while holding the run lock. Raises ``CannotBlank``, and then nothing was erased.
    """
    try:
        os.close(os.open(_list_path(site), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        told = f"{_list_path(site)}: cannot be written ({error.strerror}); nothing was erased"
        raise CannotBlank(told) from error
    name = erasure.new_erasure()
    room = _room(site) / name
    room.mkdir(parents=True, mode=0o700)
    loads = erasure.loads(site.store, found.channels)
    archives: dict[str, Any] = {}
    remains: list[Path] = []
    try:
        for done, one in enumerate(loads, 1):
            folder = site.archive_dir(one.channel, one.load_id)
            if (folder / MANIFEST).exists():
                archives |= _prepare(site, found, one, room)
            elif folder.exists():
                remains.append(folder)
            progress(done, len(loads))
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
    for folder in remains:  # of a load that was killed while it read: without a manifest nobody can say what is theirs
        shutil.rmtree(folder)
        log.warning("%s: the remains of a load that was killed are gone", folder)
    head = erasure.erase(site.store, found, _new_keys(site, found), archives, site.settings.who, name)
    complete(site)
    return {
        "erasure": name,
        "submissions": len(found.submissions),
        "quarantined": len(found.notes.get("quarantine", ())),
        "excluded": len(found.notes.get("exclusion", ())),
        "archives": len(archives),
        "objects": sum(len(told["objects"]) for told in archives.values()),
        "remains": len(remains),
        "ledger_head": head,
    }


def _prepare(site: Site, found: Found, one: Load, room: Path) -> dict[str, Any]:
    file = site.channel(one.channel)
    if one.source not in file.channel.sources:
        raise CannotBlank(f"{one.channel}/{one.load_id}: was read by source {one.source!r}, which {file.path.name} has "
                          "no more; put it back, then erase")  # fmt: skip
    try:
        archive = Archive.open(site.archive_dir(one.channel, one.load_id), site.store.keys)
        reading = read_archive(site, file, one.source, archive)
    except (ReaderError, ArchiveDamaged) as error:
        raise CannotBlank(f"{one.channel}/{one.load_id}: {error}; nothing was erased") from error
    notes = frozenset(uid for ids in found.notes.values() for uid in ids)
    wanted = Suppressed(dict.fromkeys(found.uids, ""), notes)
    _, mine = hold_back(site.store.keys, reading.done, wanted)
    prepared = room / one.channel / one.load_id
    keys = [(one_of.stream, one_of.key) for one_of in found.submissions if one_of.channel == one.channel]
    blanked = blank_archive(site, file, reading, mine, found.identity, prepared, keys)
    return {one.load_id: blanked.told()} if blanked else {}


def _new_keys(site: Site, found: Found) -> dict[str, str]:
    """What replaces keys that tell of the person: made of their words, or holding their numbers."""
    by_content = {
        (name, stream)
        for name in found.channels
        for stream, told in site.channel(name).channel.streams.items()
        if told.key == "content"
    }
    return {
        one.uid: f"{ERASED}{one.uid}"
        for one in found.submissions
        if (one.channel, one.stream) in by_content or found.identity.meets(one.key)
    }


def complete(site: Site) -> None:
    """Finish what an erasure that was killed has left, and erase again what an old backup brought back.

    Call while holding the run lock.
    """
    rooms = sorted(_room(site).iterdir()) if _room(site).exists() else []
    done = erasure.known(site.store) if rooms else set()
    for room in rooms:
        if room.name in done:
            for prepared in sorted(room.glob("*/*")):
                swap_archive(site, prepared.parent.name, prepared.name, prepared)
            erasure.purge(site.store)
        shutil.rmtree(room)
    settle_swaps(site)
    listed = erased_ever(site)
    if listed:
        back = erasure.again(site.store, listed)
        if back.submissions or back.notes:
            log.warning("%d submissions that were erased once are back from a backup; erasing them", len(back.uids))
            erase(site, back, lambda _done, _total: None)
            return
    sweep(site)
    _list(site, set(erasure.all_suppressed(site.store)) - listed)


def blank_leftovers(site: Site, loads: Collection[Load]) -> None:
    """Take out of archives of loads that were killed what was erased before them and they had read again."""
    for one in loads:
        gone = suppressed(site, one.channel)
        folder = site.archive_dir(one.channel, one.load_id)
        if not gone or not folder.exists():
            continue
        if not (folder / MANIFEST).exists():
            shutil.rmtree(folder)
            continue
        file = site.channel(one.channel)
        prepared = site.scratch_dir(one.load_id) / "archive"
        try:
            reading = read_archive(site, file, one.source, Archive.open(folder, site.store.keys))
            _, mine = hold_back(site.store.keys, reading.done, gone)
            if mine and blank_archive(site, file, reading, mine, Identity(), prepared):
                swap_archive(site, one.channel, one.load_id, prepared)
        except (ReaderError, ArchiveDamaged, CannotBlank) as error:
            log.warning("%s: what was erased once could not be taken out of it (%s)", folder, error)


def _room(site: Site) -> Path:
    return site.settings.home_dir / "erasures"


def _list_path(site: Site) -> Path:
    path = site.settings.key_path
    return path.with_name(f"{path.name}.erased")


def suppressed(site: Site, channel: str) -> Suppressed:
    """What a load of ``channel`` must not bring back: what the store says, or what a later life of it erased."""
    ever, told = erased_ever(site), erasure.suppressed(site.store, channel)
    before = {uid: f"{ERASED}{uid}" for uid in ever}
    return Suppressed(before | dict(told.submissions), told.notes | ever)


def erased_ever(site: Site) -> set[str]:
    """What was erased from this store, in all its lives."""
    path, mine = _list_path(site), site.store.identity()
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return {uid for line in lines for store, _, uid in [line.partition(" ")] if store == mine and uid}


def _list(site: Site, fresh: set[str]) -> None:
    """Add keyed hashes to the list beside the key file; what was cut off in the middle of a line is written again."""
    if not fresh:
        return
    descriptor = os.open(_list_path(site), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write("\n" + "".join(f"{site.store.identity()} {uid}\n" for uid in sorted(fresh)))
        file.flush()
        os.fsync(file.fileno())
