"""Invented canonical frames for the load benchmark, made by column, chunk by chunk. Nobody in them exists.

The shares follow a city's channel: nearly all reporters leave a telephone number, a third a NIK, one submission in five
has an attachment, three in five have been answered; texts have about 400 bytes, and the raw record repeats them.
"""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from schemas.canonical import EVENT, SUBMISSION, conform

WORDS = (
    "jalan berlubang lampu mati sampah menumpuk saluran air tersumbat trotoar rusak pohon tumbang banjir parkir liar "
    "kebisingan pasar taman puskesmas sekolah pelayanan loket antrean lama petugas tidak ada mohon segera diperbaiki "
    "terima kasih warga kelurahan dekat simpang depan masjid belakang kantor sejak minggu lalu belum ditangani pagi "
    "malam bahaya bagi pengendara anak kecil bau menyengat kabel putus hujan deras genangan setinggi lutut"
)
STATUSES = ("unverified", "dispositioned", "in_process", "closed")
CATEGORIES = ("INFRASTRUKTUR > JALAN", "LINGKUNGAN > SAMPAH", "INFRASTRUKTUR > PENERANGAN", "PERHUBUNGAN > PARKIR")
POOL = 4_000
Numbers = np.ndarray[Any, np.dtype[Any]]
FIRST = np.datetime64("2021-01-01", "us")


def submissions(size: int, step: int) -> Iterator[pd.DataFrame]:
    """``size`` submissions, at most ``step`` at a time; the same for every call."""
    pool = _pool()
    for start in range(0, size, step):
        yield _submissions(np.arange(start, min(start + step, size)), pool)


def events(size: int, step: int) -> Iterator[pd.DataFrame]:
    """The answers to three in five of ``submissions(size, …)``."""
    pool = _pool()
    for start in range(0, size, step):
        numbers = np.arange(start, min(start + step, size))
        yield _events(numbers[numbers % 5 < 3], pool)


def _pool() -> Numbers:
    dice, words = random.Random(1), WORDS.split()
    return np.array([" ".join(dice.choices(words, k=29)) for _ in range(POOL)], dtype=object)


def _column(values: Numbers) -> "pd.Series[str]":
    return pd.Series(values, dtype="str")


def _submissions(numbers: Numbers, pool: Numbers) -> pd.DataFrame:
    digits = pd.Series(numbers).astype("str")
    words = _column(pool[numbers * 7919 % POOL]) + " " + _column(pool[numbers * 104729 % POOL]) + " nomor " + digits
    sent = FIRST + (numbers * 61_000_000).astype("timedelta64[us]")
    phone, name = "+62000" + digits.str.zfill(8), "Warga Rekaan " + digits
    attached = pd.Series(np.where(numbers % 5 == 0, '["foto.jpg"]', "[]"))
    raw = '{"id":"' + digits + '","isi":"' + words + '","nama":"' + name + '","telp":"' + phone + '","status":"2"}'
    frame = pd.DataFrame(
        {
            "channel": "bangku",
            "stream": "complaints",
            "key": digits,
            "source": "dump",
            "object": "bangku.sql",
            "position": digits,
            "version_at": pd.Series(sent).dt.tz_localize("UTC"),
            "version_trusted": True,
            "submitted_at": pd.Series(sent).dt.tz_localize("UTC"),
            "submitted_local": pd.Series(sent + np.timedelta64(7, "h")),
            "type": "complaint",
            "status": np.array(STATUSES)[numbers % 4],
            "status_source": (numbers % 4).astype(str),
            "category": np.array(CATEGORIES)[numbers // 3 % 4],
            "category_source": "jalan",
            "agency": "dinas-rekaan",
            "agency_source": "Dinas Rekaan",
            "region_code": "32.72",
            "district": "Kecamatan Rekaan",
            "latitude": pd.Series(-6.9 + numbers % 1000 / 1e4).where(numbers % 4 == 0),
            "longitude": pd.Series(106.9 + numbers % 1000 / 1e4).where(numbers % 4 == 0),
            "is_anonymous": numbers % 20 == 19,
            "is_confidential": False,
            "old_numbers": ("BNK-" + digits).where(numbers % 2 == 0),
            "text": words,
            "text_public": words,
            "location": "depan kantor rekaan nomor " + digits,
            "reporter_name": name,
            "reporter_phone": phone.where(numbers % 10 != 9),
            "reporter_nik": ("000000" + digits.str.zfill(10)).where(numbers % 3 == 0),
            "reporter_email": ("warga" + digits + "@contoh.invalid").where(numbers % 4 == 1),
            "reporter_address": "Jalan Rekaan " + digits,
            "attachments": attached,
            "flags": "[]",
            "changes": "[]",
            "raw": raw,
        }
    )
    return conform(frame, SUBMISSION)


def _events(answered: Numbers, pool: Numbers) -> pd.DataFrame:
    digits = pd.Series(answered).astype("str")
    answer = _column(pool[answered * 31 % POOL])
    frame = pd.DataFrame(
        {
            "channel": "bangku",
            "stream": "complaints",
            "key": digits,
            "event_key": digits,
            "object": "bangku.sql",
            "position": digits,
            "kind": "answer",
            "occurred_at": pd.Series(
                FIRST + (answered * 61_000_000 + 86_400_000_000).astype("timedelta64[us]")
            ).dt.tz_localize("UTC"),
            "status": "closed",
            "status_source": "4",
            "agency": "dinas-rekaan",
            "actor": "petugas rekaan",
            "text": answer,
            "text_public": answer,
            "flags": "[]",
            "raw": '{"jawaban":"' + answer + '"}',
        }
    )
    return conform(frame, EVENT)
