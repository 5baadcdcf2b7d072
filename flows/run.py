"""Calling the flow from this process, with Prefect embedded or with the server that PREFECT_API_URL names."""

from typing import Any, cast

from flows.embedded import prepare
from flows.site import open_site, ready_channels
from satukanal.settings import read_settings
from satukanal.store import run_lock


def run_consolidation(channels: list[str] | None, *, full: bool = False) -> dict[str, Any]:
    """Run ``consolidate`` here and return its summary. Raises what the flow raises."""
    with open_site() as site:  # what is wrong beforehand should not wait for Prefect to start
        ready_channels(site, channels or ())
        with run_lock(site.store, site.settings.who, site.settings.wait):
            pass  # nobody else runs
    prepare(read_settings().home_dir)
    from flows.consolidate import consolidate  # Prefect reads its environment when it is imported

    ended = consolidate(channels, full=full, return_state=True).result(raise_on_failure=False)
    if isinstance(ended, BaseException):
        raise ended
    return cast(dict[str, Any], ended)
