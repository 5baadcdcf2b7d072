"""Who answers: of those who write, the one who answers many different people speaks for the office."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

_MOST = 500_000  # pairs that are kept
_OFFICE = re.compile(
    r"layanan|pengaduan|aduan|lapor|admin|diskominfo|kominfo|pemkot|pemkab|pemprov|pemda|humas|call ?center|resmi|"
    r"official|dinas|kecamatan|kelurahan|operator|petugas|\bkota\b|\bkab\b|hotline|command ?center|prokopim",
    re.IGNORECASE,
)
_FEWEST = 2
_LEAD = 2  # so many times as many people as the next one answers


@dataclass(frozen=True)
class Speaker:
    """One who seems to answer for the channel, and why."""

    name: str
    evidence: str


@dataclass
class Talk:
    """Who wrote to whom, as it is read; ``speakers`` tells at the end."""

    _to: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _from: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _count: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _pairs: int = 0

    def add(self, pairs: Iterable[tuple[str | None, str | None]]) -> None:
        """Take in pairs of who wrote, and to whom (None: to nobody)."""
        for who, whom in pairs:
            if not who or self._pairs >= _MOST:
                continue
            self._count[who] += 1
            if whom and whom != who:
                self._pairs += 1
                self._to[who].add(whom)
                self._from[whom].add(who)

    def speakers(self) -> list[Speaker]:
        """Those who answer for the channel, the busiest first; empty where nobody stands out."""
        ranked = sorted(self._count, key=lambda who: (-self._weight(who), -self._count[who], who))
        if not ranked:
            return []
        second = self._weight(ranked[1]) if len(ranked) > 1 else 0
        first = self._weight(ranked[0])
        chosen = [ranked[0]] if first >= max(_FEWEST, _LEAD * second) else []
        chosen += [who for who in ranked[:5] if who not in chosen and _is_office(who) and self._weight(who) >= _FEWEST]
        return [Speaker(who, self._said(who, ranked)) for who in chosen]

    def _weight(self, who: str) -> int:
        return len(self._to[who]) + (len(self._from[who]) if _is_office(who) or self._to[who] else 0)

    def _said(self, who: str, ranked: list[str]) -> str:
        rest = max((len(self._to[other]) for other in ranked if other != who), default=0)
        office = "; the name is an office's" if _is_office(who) else ""
        return (
            f"answers {len(self._to[who])} different people, is answered by {len(self._from[who])}; "
            f"nobody else answers more than {rest}{office}"
        )


def _is_office(name: str) -> bool:
    return _OFFICE.search(name) is not None
