"""Codes for local labels: status, type, category, agency. What no rule knows stays open, with what is nearest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import fuzz, process

from schemas.channel import Channel
from schemas.codes import Closer, Status, SubmissionType
from schemas.reference import Reference
from transforms.normalise.codes import read_agency
from transforms.normalise.values import Notes, fold
from transforms.scaffold.facts import plain

_BY = {
    "pelapor": Closer.REPORTER,
    "sistem": Closer.SYSTEM,
    "system": Closer.SYSTEM,
    "otomatis": Closer.SYSTEM,
    "admin": Closer.ADMIN,
}
_STATUS = (  # the first that is found; not before selesai, or "belum selesai" is closed
    (r"belum (?:selesai|tuntas)", Status.IN_PROCESS),
    (r"belum (?:di)?tindak ?lanjut\w*", Status.DISPOSITIONED),
    (r"tunda|postpone|kelengkapan|pending informasi|hold", Status.POSTPONED),
    (r"\bbelum\b|menunggu|^pending$|waiting|\bbaru\b|\bmasuk\b|ajukan|\bopen\b|\bnew\b|submitted|unverified|"
        r"terkirim|dikirim", Status.UNVERIFIED),
    (r"tolak|reject|arsip|archive|wewenang|kewenangan|batal|cancel|spam|invalid|hoax|hapus|failed|"
        r"gagal", Status.ARCHIVED),
    (r"selesai|closed?\b|done|finish|tuntas|tutup|resolved|complete", Status.CLOSED),
    (r"proses|progress|tindak ?lanjut|follow ?up|\bsedang\b|dikerjakan|penanganan|ditangani|respon|"
        r"coordinated", Status.IN_PROCESS),
    (r"verifi|disposisi|diteruskan|diterima|dibaca|forward|verified|dispatch|penugasan|assigned|setuju|"
        r"approve", Status.DISPOSITIONED),
)  # fmt: skip
_TYPE = (
    (r"tidak berkadar", SubmissionType.COMPLAINT),
    (r"berkadar|pengawasan|berpengawasan", SubmissionType.COMPLAINT_SUPERVISED),
    (r"whistle|wbs", SubmissionType.WHISTLEBLOWING),
    (r"darurat|emergency", SubmissionType.EMERGENCY),
    (r"informasi|information|tanya|pertanyaan|inquiry|question", SubmissionType.INFORMATION_REQUEST),
    (r"aspirasi|saran|usul|masukan|aspiration|suggestion|apresiasi|kritik", SubmissionType.ASPIRATION),
    (r"aduan|pengaduan|keluhan|complaint|laporan", SubmissionType.COMPLAINT),
)  # fmt: skip
_CATEGORY = (
    (r"\bpju\b|penerangan|lampu jalan|street ?light", "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM"),
    (r"parkir|parking", "PERHUBUNGAN > PARKIR LIAR"),
    (r"lalu ?lintas|macet|transport|angkutan|perhubungan|terminal", "PERHUBUNGAN"),
    (r"drainase|gorong|parit|selokan|saluran air|"
        r"drainage", "PEKERJAAN UMUM DAN PENATAAN RUANG > DRAINASE (GORONG-GORONG/PARIT)"),
    (r"banjir|genangan|flood", "LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR"),
    (r"jalan (?:berlubang|rusak)|lubang", "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG"),
    (r"\bjalan\b|jembatan|infrastruktur|trotoar|road", "PEKERJAAN UMUM DAN PENATAAN RUANG > INFRASTRUKTUR JALAN"),
    (r"sampah|kebersihan|persampahan|garbage|waste", "LINGKUNGAN HIDUP DAN KEHUTANAN > PENGELOLAAN SAMPAH"),
    (r"\bair\b|\bpdam\b|air bersih|air minum", "ENERGI DAN SUMBER DAYA ALAM > LAYANAN AIR MINUM"),
    (r"kependudukan|\bktp\b|dukcapil|kartu keluarga|adminduk", "KEPENDUDUKAN"),
    (r"ketertiban|trantib|keamanan|\bpkl\b|miras", "KETENTERAMAN, KETERTIBAN UMUM, DAN PELINDUNGAN MASYARAKAT"),
    (r"kesehatan|puskesmas|rumah sakit|\bbpjs\b|health", "KESEHATAN"),
    (r"pendidikan|sekolah|\bppdb\b|education", "PENDIDIKAN DAN KEBUDAYAAN"),
    (r"sosial|bansos|bantuan|kemiskinan|\bpmks\b|\bodgj\b", "SOSIAL DAN KESEJAHTERAAN"),
    (r"lingkungan|pohon|polusi|taman|limbah", "LINGKUNGAN HIDUP DAN KEHUTANAN"),
    (r"tenaga kerja|ketenagakerjaan|upah|loker", "KETENAGAKERJAAN"),
    (r"internet|wifi|aplikasi|jaringan|teknologi|website", "TEKNOLOGI INFORMASI DAN KOMUNIKASI"),
    (r"perizinan|ekonomi|umkm|pasar|pajak|keuangan", "EKONOMI DAN KEUANGAN"),
    (r"pertanian|ternak|pupuk", "PERTANIAN DAN PETERNAKAN"),
    (r"^lain|lainnya|other|umum$", "TOPIK LAINNYA"),
)  # fmt: skip
MOST = 60  # labels of one list


@dataclass(frozen=True)
class CodeGuess:
    """One label, how often it stands there, and its code; None with a hint where no rule knows it."""

    label: str
    count: int
    code: str | None
    closed_by: str | None = None
    archived_by: str | None = None
    hint: str = ""


def guess_status(label: str) -> tuple[str | None, str | None, str | None]:
    """Status, closed_by and archived_by of a label; None where it says nothing."""
    text = fold(label.replace("_", " "))
    if text == "0":
        return Status.UNVERIFIED.value, None, None
    for pattern, status in _STATUS:
        if re.search(pattern, text):
            by = next((closer.value for word, closer in _BY.items() if word in text), None)
            if status is Status.CLOSED:
                return status.value, by or Closer.AGENCY.value, None
            return status.value, None, (by or Closer.ADMIN.value) if status is Status.ARCHIVED else None
    return None, None, None


def guess_codes(
    field: str, counts: Mapping[str, int], reference: Reference, meaning: Mapping[str, str] | None = None
) -> list[CodeGuess]:
    """Codes of the labels of ``field``, commonest first. ``meaning`` tells labels in full, as a look-up table does."""
    told = {fold(k): v for k, v in (meaning or {}).items()}
    merged: dict[str, tuple[str, int]] = {}
    for label, count in counts.items():
        first, before = merged.get(fold(label), (label, 0))
        merged[fold(label)] = first, before + count
    ordered = sorted(merged.values(), key=lambda pair: (-pair[1], pair[0]))
    found = []
    for label, count in ordered:
        words = told.get(fold(label), label)
        one = _code(field, words, reference)
        hint = f"= {plain(words)}" if words != label else ""
        found.append(CodeGuess(label, count, one[0], one[1], one[2], "; ".join(filter(None, (hint, one[3])))))
    return found


def _code(field: str, words: str, reference: Reference) -> tuple[str | None, str | None, str | None, str]:
    if field == "status":
        status, closed_by, archived_by = guess_status(words)
        return (
            status,
            closed_by,
            archived_by,
            "" if status else "write one of " + ", ".join(s.value for s in Status if s is not Status.UNMAPPED),
        )
    if field == "type":
        found = next((kind.value for pattern, kind in _TYPE if re.search(pattern, fold(words))), None)
        return found, None, None, "" if found else "write one of " + ", ".join(t.value for t in SubmissionType)
    if field == "category":
        path = category_of(words, reference)
        return path, None, None, "" if path else f"nearest: {nearest_category(words, reference)}"
    return None, None, None, f"nearest: {nearest_agency(words, reference)}"


def category_of(words: str, reference: Reference) -> str | None:
    """The path of the category tree that a label means, None where that is not clear."""
    text = fold(words.replace("_", " "))
    same = [path for path in sorted(reference.category_paths) if text in (fold(path), fold(path.rpartition(" > ")[2]))]
    if len(same) == 1 and not re.match("lain|umum", text):
        return same[0]
    return next(
        (path for pattern, path in _CATEGORY if re.search(pattern, text) and path in reference.category_paths), None
    )


def nearest_category(words: str, reference: Reference) -> str:
    """The path most like a label."""
    best = process.extractOne(words, sorted(reference.category_paths), scorer=fuzz.token_set_ratio, processor=fold)
    return str(best[0]) if best else ""


def nearest_agency(words: str, reference: Reference) -> str:
    """The id of the agency whose name or alias is most like a label."""
    names = dict(zip(reference.agency_aliases["alias"], reference.agency_aliases["agency"], strict=True))
    names |= dict(zip(reference.agencies["name"], reference.agencies["id"], strict=True))
    best = process.extractOne(words, list(names), scorer=fuzz.token_sort_ratio, processor=fold)
    return str(names[best[0]]) if best else ""


def unknown_agencies(labels: list[str], channel: Channel, reference: Reference) -> list[str]:
    """Those of ``labels`` that normalising would not know at all, whatever the date."""
    raw = pd.Series(labels, dtype="str")
    found = pd.Series(False, index=raw.index)
    for year in ("2005", "2012", "2018", "2024"):
        on = pd.Series(pd.Timestamp(f"{year}-06-01", tz="UTC"), index=raw.index)
        found |= read_agency("agency", raw, on, channel, reference, Notes(len(raw))).notna()
    return [label for label, known in zip(labels, found, strict=True) if not known]
