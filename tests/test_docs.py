"""The documentation is true: every command, setting, channel key and reader stands in it; links lead somewhere."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from connectors.readers import READERS
from satukanal.cli import app
from satukanal.settings import INSTALLATION, PREFIX, Settings
from schemas.channel import Channel, Limits, Stream
from schemas.mapping import MAPPABLE, EventMap, Exclusion, Mapping

DOCS = INSTALLATION / "docs"
README = INSTALLATION / "README.md"
PAGES = [README, INSTALLATION / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def commands() -> list[tuple[str, object]]:
    top = get_command(app)
    found = []
    for name, command in top.commands.items():  # type: ignore[attr-defined]
        for child, inner in getattr(command, "commands", {}).items():
            found.append((f"{name} {child}", inner))
        if not hasattr(command, "commands"):
            found.append((name, command))
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_has_an_example_in_its_help_and_a_place_in_the_readme(name: str, command: object) -> None:
    assert f"satukanal {name}" in (command.help or "")  # type: ignore[attr-defined]
    assert f"satukanal {name}" in README.read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    text = (DOCS / "running.md").read_text(encoding="utf-8")
    assert [n for n in Settings.model_fields if f"`{PREFIX}{n.upper()}`" not in text] == []


def test_every_key_and_field_of_a_channel_file_is_documented() -> None:
    text = (DOCS / "channels.md").read_text(encoding="utf-8")
    keys = {key for model in (Channel, Stream, Mapping, EventMap, Exclusion, Limits) for key in model.model_fields}
    assert sorted(key for key in keys | set(MAPPABLE) if f"`{key}" not in text and f"{key}`" not in text) == []


def test_every_reader_has_a_page_that_names_all_its_keys() -> None:
    for name in READERS:
        assert (DOCS / "readers" / f"{name}.md").exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(INSTALLATION)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_stays_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 200
