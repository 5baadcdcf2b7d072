"""Prefect without a service: its settings for a run inside this process. Import before anything imports Prefect.

With PREFECT_API_URL set, a real server is used and nothing here applies but the switches against telemetry.
"""

import os
from pathlib import Path


def prepare(home: Path) -> None:
    """Set Prefect's environment for this process; what the user has set himself stays."""
    defaults = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",  # what fails is told by our own log, in one line and without values
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
