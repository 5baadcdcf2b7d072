"""Data that belongs to the installation: reference tables and invented samples. Code reads it by path only."""

from pathlib import Path

REFERENCE = Path(__file__).parent / "reference"
