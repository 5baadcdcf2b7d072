"""Archives of invented files, for the tests of the file readers."""

from pathlib import Path

from connectors.archive import Archive, ArchiveWriter
from connectors.base import Context, RunError
from satukanal.store.keys import Keyring

KEYS = Keyring.from_secret(b"kunci uji coba berisi 32 byte ..")


def no_secrets(name: str) -> str:
    raise RunError(f"secret {name} is not set")


def context(folder: Path) -> Context:
    return Context(channel="uji", sources_dir=folder, secret=no_secrets)


def archive_of(folder: Path, **files: bytes) -> Archive:
    """An archive that holds ``files``; two underscores in a name stand for its dot."""
    writer = ArchiveWriter(folder, KEYS)
    for name, content in files.items():
        writer.write(name.replace("__", "."), [content], {"path": name})
    return writer.finish()
