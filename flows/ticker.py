"""Progress on long work, told in the log at most every other second."""

import logging
from time import monotonic

log = logging.getLogger("satukanal")
TICK_SECONDS = 2.0


class Ticker:
    """Tells how far the work on one channel has come; ``what`` is counted."""

    def __init__(self, channel_id: str, what: str) -> None:
        self.channel_id, self.what, self.told_at = channel_id, what, monotonic()

    def tick(self, done: int, total: int | None) -> None:
        """``done`` of ``total`` (None: unknown) are behind us."""
        if monotonic() - self.told_at >= TICK_SECONDS:
            self.told_at = monotonic()
            log.info("%s: %d%s %s", self.channel_id, done, f" of {total}" if total else "", self.what)
