"""The one channel itself and its faces: store, reports, command line."""

from importlib.metadata import version

__version__ = version("satukanal")
