"""Channel files for the data engineer: found by name or path, and told as understood."""

from pathlib import Path
from typing import Any

from satukanal.settings import read_secret, read_settings
from schemas.channel import Channel
from schemas.channel_file import ChannelFile, read_channel, read_channels


def shown(file: ChannelFile) -> dict[str, Any]:
    """The channel as understood, and its secrets: by name, and whether they are set."""
    channel = file.channel.model_dump(mode="json", exclude_defaults=True)
    secrets = [{"name": name, "set": read_secret(name) is not None} for name in secrets_of(file.channel)]
    return {"path": str(file.path), "sha256": file.sha256, "channel": channel, "secrets": secrets}


def secrets_of(channel: Channel) -> list[str]:
    """Names of the secrets that the sources of a channel ask for."""
    return sorted({name for source in channel.sources.values() for name in source.secrets()})


def channel_file(name: str) -> ChannelFile:
    """A channel by its id in the installation's folder, or the file of that path. Raises ``ChannelFileError``."""
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return read_channel(Path(name))
    return read_channels(read_settings().channels, [name])[name]
