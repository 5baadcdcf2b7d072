"""The one channel itself and its faces: store, reports, command line."""
