"""The installation as a flow sees it: settings, open store, channel files, secrets. Opened per task, shared by none."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connectors.base import RunError
from connectors.kept import FOLDER, KeptFiles
from data import REFERENCE
from satukanal.settings import Settings, read_secret, read_settings
from satukanal.store import Store, codec, exists, open_store, read_or_make
from schemas.channel_file import ChannelFile, fault_at, read_channel, read_channels
from schemas.reference import Reference, read_reference
from transforms.normalise import check_codes

log = logging.getLogger("satukanal")


class NotReady(Exception):
    """The installation cannot do what was asked. One line: what, where, mend."""


@dataclass(frozen=True)
class Site:
    """An open installation."""

    settings: Settings
    store: Store

    def channel(self, name: str) -> ChannelFile:
        """One channel file. Raises ``ChannelFileError``."""
        return read_channel(self.settings.channels / f"{name}.yaml")

    def channels(self, only: Sequence[str] = ()) -> dict[str, ChannelFile]:
        """The channel files, all or those named. Raises ``ChannelFileError``."""
        return read_channels(self.settings.channels, only)

    def reference(self) -> Reference:
        """Regions, agencies and categories."""
        return read_reference(REFERENCE)

    def archive_dir(self, channel: str, load_id: str) -> Path:
        """Where a load's raw bytes lie."""
        return self.settings.home_dir / "archive" / channel / load_id

    def kept_files(self, channel: str, folder: Path | None = None) -> KeptFiles:
        """The files that the channel's complaints carry; with ``folder``, those that lie there for a while."""
        keys = self.store.keys
        return KeptFiles(folder or self.archive_dir(channel, FOLDER), keys, partial(codec.file_name, keys))

    def scratch_dir(self, load_id: str) -> Path:
        """Where a load keeps what it needs until it is published."""
        return self.settings.home_dir / "scratch" / load_id


@contextmanager
def open_site() -> Iterator[Site]:
    """Open the installation; store and key are made if there are none.

    Raises ``NotReady``, ``StoreError``, ``WrongKey`` or ``SettingsError``, each one line for a person.
    """
    settings = read_settings()
    try:
        settings.home_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # nobody else's business
    except OSError as error:
        raise NotReady(f"SATUKANAL_HOME: {settings.home_dir} cannot be made ({error.strerror})") from error
    keys, made = read_or_make(settings.key_path, may_make=not exists(settings.store_url))
    if made:
        log.warning("NEW KEY: %s was made just now. Without it nobody can read the personal data,", settings.key_path)
        log.warning("not even from a backup. Keep a copy elsewhere, now: 'satukanal keys recovery --help' makes one.")
    store = open_store(settings.store_url, keys)
    try:
        yield Site(settings, store)
    finally:
        store.close()


@contextmanager
def open_existing() -> Iterator[Site]:
    """Open the installation for reading; without a store raises ``NotReady``."""
    settings = read_settings()
    if not exists(settings.store_url):
        raise NotReady(f"there is no store under {settings.home_dir}; run 'satukanal demo' or 'satukanal run' first")
    with open_site() as site:
        yield site


def ready_channels(site: Site, only: Sequence[str]) -> dict[str, ChannelFile]:
    """The channel files of a run, after all that can be known beforehand: secrets are set, codes exist.

    Raises ``NotReady`` or ``ChannelFileError``.
    """
    files = site.channels(only)
    reference = site.reference()
    for file in files.values():
        for name in _missing_secrets(file):
            raise NotReady(f"{file.path}: the secret {name} is not set; set SATUKANAL_SECRET_{name} (or …_FILE)")
        for problem in check_codes(file.channel, reference):
            raise fault_at(file.path, problem.key, problem.problem)
    return files


def secret(name: str) -> str:
    """The value of a secret. Raises ``RunError`` naming the variable to set."""
    value = read_secret(name)
    if value is None:
        raise RunError(f"the secret {name} is not set; set SATUKANAL_SECRET_{name} or SATUKANAL_SECRET_{name}_FILE")
    return value


def _missing_secrets(file: ChannelFile) -> list[str]:
    """Names of secrets that the channel's sources ask for and the environment does not have."""
    wanted = [name for source in file.channel.sources.values() for name in source.secrets()]
    return [name for name in wanted if read_secret(name) is None]
