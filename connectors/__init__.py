"""Extract: readers of old channels, the archive of raw bytes, the HTTP session. Knows schemas only."""
