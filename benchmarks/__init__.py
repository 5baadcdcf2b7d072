"""Measured, not claimed: each benchmark is a module with a ``main``."""
