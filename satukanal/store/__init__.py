"""Load: stage, publish, match, reconcile, and what can be read back. One code for SQLite and PostgreSQL.

Nothing else opens the store. It knows contracts only: what comes in are canonical frames, what goes out are frames and
plain dictionaries. Composition is left to ``flows``.
"""

from satukanal.store.database import Store, StoreError, StoreFailed, exists, open_store
from satukanal.store.keys import Keyring, WrongKey, read_or_make
from satukanal.store.lock import StoreBusy, run_lock

__all__ = [
    "Keyring", "Store", "StoreBusy", "StoreError", "StoreFailed", "WrongKey", "exists", "open_store", "read_or_make",
    "run_lock",
]  # fmt: skip
