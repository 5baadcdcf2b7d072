"""What verifying names: one thing that is not as it should be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A ``kind`` for programs, where it is, and what is wrong, in words without personal values."""

    kind: str
    where: str
    detail: str
