"""Seconds and milliseconds since 1970, as texts that ``dates`` can read."""

import pandas as pd

AT = "_at"  # column that a shape makes of a stamp
_SECONDS = r"\d{8,10}(?:\.0+)?"  # 1973 to 2286
_MILLISECONDS = r"\d{11,13}(?:\.0+)?"
FORMAT = "%Y-%m-%dT%H:%M:%S.%f%z"


def stamp_texts(stamps: pd.Series) -> pd.Series:
    """Each stamp as ISO 8601 in UTC (``FORMAT``); 0 is null, as is an empty cell; any other text stays as it is."""
    stripped = stamps.str.strip()
    number = pd.to_numeric(stripped.where(stripped.str.fullmatch(rf"{_SECONDS}|{_MILLISECONDS}", na=False)))
    milliseconds = stripped.str.fullmatch(_MILLISECONDS, na=False)
    at = pd.to_datetime(number.where(milliseconds, number * 1000), unit="ms", utc=True)
    texts = at.dt.strftime(FORMAT).astype("str")
    return texts.where(at.notna(), stripped.mask(stripped.isin(["", "0", "0.0"]))).astype("str")
