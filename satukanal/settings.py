"""The settings of an installation: environment variables that begin with SATUKANAL_. Read here and nowhere else.

Command-line options write the same variables (``use``), so that a worker, a task in another process and the command see
one truth. Values are handed down from flows and faces; the rooms below never read the environment.
"""

import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

INSTALLATION = Path(__file__).resolve().parent.parent
PREFIX = "SATUKANAL_"


class SettingsError(Exception):
    """A setting that cannot be used. One line: name, value, mend."""


class Settings(BaseSettings):
    """Where things lie and how we speak. Frozen once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = INSTALLATION / "var"
    store: str = ""  # SQLAlchemy URL; empty = SQLite under home
    channels: Path = INSTALLATION / "connectors" / "channels"
    key_file: Path = Path("~/.config/satukanal/key")
    lang: Literal["id", "en"] = "id"
    addresses: dict[str, str] = {}  # channel: scheme, host and port that replace those of its file
    wait: float = Field(default=0.0, ge=0)  # seconds that a run waits for another one to end
    actor: str = Field(default="", validation_alias=AliasChoices("actor", "SATUKANAL_ACTOR"))

    @property
    def home_dir(self) -> Path:
        """``home``, absolute."""
        return self.home.expanduser().resolve()

    @property
    def store_url(self) -> str:
        """The store's SQLAlchemy URL."""
        return self.store or f"sqlite:///{self.home_dir / 'satukanal.db'}"

    @property
    def key_path(self) -> Path:
        """``key_file``, absolute."""
        return self.key_file.expanduser().resolve()

    @property
    def who(self) -> str:
        """Who acts: the given name, else the login name."""
        return self.actor or getpass.getuser()


def read_settings() -> Settings:
    """The settings as the environment gives them. Raises ``SettingsError``."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors()[0]
        name = f"{PREFIX}{'_'.join(str(part) for part in fault['loc'])}".upper()
        raise SettingsError(f"{name}: {fault['msg']} (is {fault['input']!r})") from error
    except UnreadableSetting as error:  # a setting that is no JSON
        mend = 'write a JSON object, as in SATUKANAL_ADDRESSES={"sigap": "https://…"}'
        raise SettingsError(f"{error}; {mend}") from error


def use(**options: object) -> None:
    """Let command-line options stand in the environment; an option that was not given changes nothing."""
    for name, value in options.items():
        if value is not None:
            os.environ[PREFIX + name.upper()] = str(value)


def read_secret(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The value of a secret: SATUKANAL_SECRET_<NAME>, or the file that SATUKANAL_SECRET_<NAME>_FILE names."""
    value = environment.get(f"{PREFIX}SECRET_{name}")
    if value is None and (path := environment.get(f"{PREFIX}SECRET_{name}_FILE")):
        try:
            value = Path(path).expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{PREFIX}SECRET_{name}_FILE: {path} cannot be read ({error.strerror})") from error
    return value or None
