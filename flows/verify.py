"""Verifying an installation: the store against itself and its ledger, and the archive's files against the ledger.

The store may not know the archive; here the two meet. Nothing is changed.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.archive import MANIFEST, Archive, ArchiveDamaged, Entry
from connectors.kept import FOLDER
from flows.site import Site
from satukanal.store import verify as store_verify
from satukanal.store.problem import Problem
from satukanal.store.verify import Verdict, shorten


def verify(site: Site, head: str | None) -> dict[str, Any]:
    """What ``satukanal verify --json`` prints; ``head`` is a ledger head that an old report shows, or None."""
    root = site.settings.home_dir / "archive"
    folders = sorted(
        p for p in root.glob("*/*") if p.is_dir() and p.name != FOLDER
    )  # before the snapshot, which then knows them
    verdict = store_verify.verify(site.store, head)
    problems = shorten((*verdict.problems, *_archive(site, root, folders, verdict), *_files(site, root, verdict)))
    return {
        "ok": not problems,
        "digest": verdict.digest,
        "ledger_entries": verdict.ledger_entries,
        "ledger_head": verdict.ledger_head,
        "problems": [{"kind": p.kind, "where": p.where, "detail": p.detail} for p in problems],
    }


def _archive(site: Site, root: Path, folders: list[Path], verdict: Verdict) -> Iterator[Problem]:
    """Every archive that the ledger tells of or that lies under home. A load that failed may lack a manifest."""
    known = {site.archive_dir(channel, load_id): sha256 for load_id, (channel, sha256) in verdict.archives.items()}
    for folder in folders:
        if folder not in known:
            yield Problem("archive_surplus", _shown(folder, root), "no load of this store has this folder")
    for folder, sha256 in known.items():
        if sha256 is not None or (folder / MANIFEST).exists():
            yield from _folder(site, root, folder, sha256)


def _files(site: Site, root: Path, verdict: Verdict) -> Iterator[Problem]:
    """Every file that a complaint carries: there, and what its name says. Others wait for the next run to go."""
    for channel, names in verdict.files.items():
        kept = site.kept_files(channel)
        there = kept.names() if names else set()
        for name in sorted(names):
            where = _shown(kept.folder / name, root)
            if name not in there:
                yield Problem("attachment_missing", where, "is not there")
                continue
            try:
                for _ in kept.stream(name):
                    pass
            except ArchiveDamaged as error:
                yield Problem("attachment_altered", where, str(error).removeprefix(f"{kept.folder / name}: "))


def _folder(site: Site, root: Path, folder: Path, sha256: str | None) -> Iterator[Problem]:
    try:
        archive = Archive.open(folder, site.store.keys)
    except ArchiveDamaged:
        missing = not (folder / MANIFEST).exists()
        kind, told = ("archive_missing", "is not there") if missing else ("archive_altered", "is no whole manifest")
        yield Problem(kind, _shown(folder / MANIFEST, root), f"{told}; its objects were not looked at")
        return
    if sha256 is not None and archive.sha256 != sha256:
        told = "its SHA-256 is not what the ledger says; its objects were not looked at"
        yield Problem("archive_altered", _shown(folder / MANIFEST, root), told)
        return
    for entry in archive.entries:
        yield from _object(archive, entry, f"{_shown(folder, root)}/{entry.name}")
    named = {MANIFEST, *(entry.name for entry in archive.entries)}
    for path in sorted(folder.iterdir()):
        if path.name not in named:
            yield Problem("archive_surplus", _shown(path, root), "the manifest does not name it")


def _object(archive: Archive, entry: Entry, where: str) -> Iterator[Problem]:
    """One object: the sealed file's hash, then that it opens and holds the raw bytes of its hash and length."""
    path = archive.folder / entry.name
    if path.parent != archive.folder or not path.is_file():
        yield Problem("archive_missing", where, "is not there")
        return
    with path.open("rb") as file:
        stored = hashlib.file_digest(file, "sha256").hexdigest()
    size = 0
    try:
        for plain in archive.stream(entry.name):
            size += len(plain)
    except ArchiveDamaged as error:
        yield Problem("archive_altered", where, str(error).removeprefix(f"{path}: "))
        return
    if stored != entry.stored_sha256 or size != entry.bytes:
        yield Problem("archive_altered", where, "opens, but is not the file that the manifest describes")


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root.parent).as_posix()
