"""Invented sources of every kind, seeded, with planted faults and the truth behind them: for the demo and the tests."""

from data.samples.serve import SECRETS, SampleServers
from data.samples.write import DEFAULT_SEED, DEFAULT_SIZE, Samples, write_samples

__all__ = ["DEFAULT_SEED", "DEFAULT_SIZE", "SECRETS", "SampleServers", "Samples", "write_samples"]
