"""What all commands share: options that are settings, the two consoles, JSON for machines."""

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

HomeOption = Annotated[Path | None, typer.Option("--home", help="Home folder (SATUKANAL_HOME).", show_default=False)]
StoreOption = Annotated[str | None, typer.Option("--store", help="SQLAlchemy URL of the store (SATUKANAL_STORE).")]
FilesOption = Annotated[
    Path | None, typer.Option("--channels", help="Folder of channel files (SATUKANAL_CHANNELS).", show_default=False)
]
KeyOption = Annotated[
    Path | None, typer.Option("--key-file", help="Key file (SATUKANAL_KEY_FILE).", show_default=False)
]
ActorOption = Annotated[str | None, typer.Option("--actor", help="Who acts (SATUKANAL_ACTOR); default: login name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON alone, for machines.")]
LangOption = Annotated[str | None, typer.Option("--lang", help="Language of the report, id or en (SATUKANAL_LANG).")]
WaitOption = Annotated[
    float | None,
    typer.Option(help="Seconds to wait for another run to end (SATUKANAL_WAIT); default: none.", min=0),
]

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)


def print_json(value: Any) -> None:
    """``value`` as JSON, alone on standard output."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n")
    sys.stdout.flush()
