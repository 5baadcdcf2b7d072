"""What a column's or a table's name says: Indonesian and English words, as such applications use them (domain §3)."""

import re
from functools import cache

_DATE = r"(?:tgl|tanggal|tggl|waktu|date|time|wkt)"
_CASE = r"(?:aduan|pengaduan|laporan|lapor|keluhan|tiket|ticket|report|complaint|insiden|incident)"

# field: patterns of the folded name, the surest first; the second number is how sure (1 = leaves no doubt)
FIELDS: dict[str, tuple[tuple[str, float], ...]] = {
    "old_numbers": (
        (rf"^(?:no|nomor|nomer|kode|number|id)(?: (?:id|registrasi|register|reg))? {_CASE}$", 0.9),
        (rf"^(?:no|nomor|kode) (?:tiket|ticket|registrasi|register|reg|tracking)\b|^tracking ?id$|^uid$|"
            rf"^{_CASE} (?:no|number|code)$", 1.0),
        (r"\b(?:tiket|ticket|tracking)\b", 0.6),
    ),
    "sp4n_id": ((r"\bsp4n\b|\bspan\b", 0.9),),
    "title": (
        (r"^judul(?: (?:laporan|aduan|pengaduan|keluhan))?$|^title$|^subject$|^subjek$", 1.0),
        (r"^perihal$|^subyek$|\bjudul\b|\btitle\b", 0.8),
    ),
    "text": (
        (rf"^isi(?: {_CASE})?(?: awal)?$|^uraian(?: {_CASE})?$|^deskripsi(?: {_CASE})?$|^description$", 1.0),
        (rf"^{_CASE}$|^isi\b|^(?:teks|text|pesan|message|content|konten|body)$|^kronologi|^keluhan\b", 0.9),
        (r"\bisi\b|\buraian\b|\bdeskripsi\b|\bdescription\b|^permasalahan$|^masalah$|^rincian\b|^detail\b", 0.7),
        (r"^keterangan$|^catatan$|^full ?text$", 0.4),
    ),
    "submitted_at": (
        (rf"^{_DATE} (?:{_CASE}|laporan masuk|masuk|kirim|dikirim|diterima|terima|input|submit)$|^submitted at$", 1.0),
        (rf"^(?:timestamp|created at|{_DATE}|created|create date|date created|{_DATE} (?:dibuat|buat|create|"
            rf"entry))$", 0.8),
        (rf"\b{_DATE}\b.*\b(?:masuk|lapor|laporan|pengaduan|aduan|terima|diterima)\b", 0.7),
        (r"^posting date$|^post date$|^created\b", 0.6),
    ),
    "incident_at": ((rf"\b{_DATE}\b.*\b(?:kejadian|peristiwa|insiden|incident)\b|^date of incident$", 1.0),),
    "version_at": (
        (rf"^updated at$|^diperbarui$|^{_DATE} (?:update|diperbarui|ubah|diubah)$|^last (?:update|updated|"
            rf"modified)\b", 1.0),
        (r"\bupdated?\b|\bmodified\b|^terakhir diubah$", 0.8),
    ),
    "closed_at": (
        (rf"^{_DATE} (?:selesai|tutup|ditutup|penyelesaian)$|^(?:closed|finished|resolved|completed) at$", 1.0),
        (rf"\b{_DATE}\b.*\b(?:selesai|ditutup)\b", 0.8),
    ),
    "status": (
        (rf"^status(?: {_CASE})?$|^status id$|^id status$", 1.0),
        (r"^(?:state|progres|progress|tahap|stts|sts|st)$|^status\b", 0.7),
        (r"\bstatus$", 0.6),
    ),
    "status_reason": ((r"\balasan\b|^reason$", 0.9),),
    "category": (
        (rf"^(?:id )?(?:kategori|category)(?: {_CASE})?(?: id| nama| name)?$|^nama kategori$", 1.0),
        (r"^(?:id )?(?:topik|topic|sektor|bidang|jenis aduan|jenis pengaduan|jenis laporan|"
            r"permasalahan)(?: id)?$", 0.8),
        (r"^(?:kategori|category)\b", 0.6),
    ),
    "agency": (
        (r"^(?:id )?(?:opd|skpd|instansi|dinas|agency|perangkat daerah)(?: id)?$|^(?:opd|skpd|"
            r"instansi) (?:terkait|tujuan|terdisposisi)$", 1.0),
        (r"^(?:diteruskan ke|disposisi(?: ke)?|unit kerja|tujuan|satker)$|\b(?:opd|skpd|instansi)\b", 0.8),
    ),
    "type": (
        (r"^(?:tipe|type|klasifikasi|klasifikasi laporan|tipe laporan|jenis panggilan|classification)$", 1.0),
        (r"^jenis$|^jenis laporan$|^tipe\b|\bklasifikasi\b", 0.7),
    ),
    "district": ((r"^(?:id )?(?:kecamatan|kec|district|distrik)(?: id)?$", 1.0), (r"\bkecamatan\b", 0.7)),
    "village": ((r"^(?:id )?(?:kelurahan|kel|desa|village|kelurahan desa|"
        r"desa kelurahan)(?: id)?$", 1.0), (r"\bkelurahan\b", 0.7)),
    "location": (
        (r"^(?:lokasi|location|tempat)(?: (?:kejadian|aduan|laporan|insiden))?$|^alamat (?:kejadian|lokasi|"
            r"aduan)$", 1.0),
        (r"\blokasi\b|^patokan$|^tempat\b", 0.7),
    ),
    "latitude": ((r"^(?:lat|latitude|lintang|latitud|koordinat lat|loc lat|lat itude)$|\blatitude\b|\blat$", 1.0),),
    "longitude": ((r"^(?:lng|lon|long|longi|longitude|bujur|loc lng|loc lon)$|\blongitude\b|\b(?:lng|lon|"
        r"long)$", 1.0),),
    "reporter_name": (
        (r"^nama (?:pelapor|pengadu|pengirim|penelepon|pemohon|lengkap|warga|masyarakat)\b|^pelapor$|"
            r"^pelapor nama$", 1.0),
        (r"^(?:nama|name|fullname|full name|pengirim|pengadu|reporter|user name|nama user)$", 0.8),
    ),
    "reporter_nik": ((r"^(?:nik|n i k|no nik|nomor nik|no ktp|nomor ktp|ktp|no identitas|nik pelapor|"
        r"pelapor nik)$", 1.0), (r"\bnik\b", 0.8)),
    "reporter_phone": (
        (r"^(?:no |nomor )?(?:telp|telepon|telpon|tlp|hp|handphone|phone|wa|whatsapp|ponsel|seluler|"
            r"msisdn)(?: pelapor| pengadu)?$", 1.0),
        (r"\b(?:telp|telepon|telpon|hp|phone|nohp|notelp|whatsapp|kontak|contact)\b", 0.8),
    ),
    "reporter_email": ((r"^(?:e ?mail|surel)$", 1.0), (r"\be ?mail\b", 0.8)),
    "reporter_address": ((r"^alamat(?: (?:pelapor|lengkap|rumah|pengadu|ktp|tempat tinggal|tinggal|warga|"
        r"domisili))?$|^address$", 0.9),),
    "reporter_account": ((r"^(?:akun|account|username|user|screen name|user id|id user|sender)$", 0.6),),
    "is_anonymous": ((r"\banonim\b|\banonymous\b|^is anonim$|^rahasiakan\b|^samarkan", 1.0),),
    "is_confidential": ((r"^(?:is )?(?:rahasia|confidential|secret|private|privat)$", 1.0),),
    "attachments": (
        (r"^(?:foto|gambar|lampiran|file|attachments?|image|images|photo|photos|dokumen|bukti|"
            r"berkas)(?: (?:laporan|aduan|kejadian|bukti|pengaduan))?$", 1.0),
        (r"\b(?:foto|gambar|lampiran|attachment|image|photo)\b", 0.7),
    ),
}  # fmt: skip

EVENT_FIELDS: dict[str, tuple[tuple[str, float], ...]] = {
    "occurred_at": ((rf"^{_DATE}\b|\b(?:at|waktu|tanggal|tgl)$", 1.0),),
    "text": (
        (r"^(?:tanggapan|isi tanggapan|balasan|respon|response|jawaban|isi|tindak lanjut|answer|reply)$", 1.0),
        (r"\b(?:tanggapan|balasan|komentar|pesan|keterangan|catatan|ket|note|text|respon|uraian|deskripsi)\b", 0.8),
    ),
    "status": ((r"\bstatus\b|^state$", 0.9),),
    "agency": ((r"\b(?:opd|skpd|instansi|dinas)\b", 0.9),),
    "actor": ((r"\b(?:petugas|oleh|operator|admin|user|nama|pegawai|responder|who|by|actor)\b", 0.8),),
}

_NOT_THE_REPORTER = r"\b(?:petugas|opd|skpd|instansi|dinas|kategori|file|admin|agent|operator|terlapor|desa|kota)\b"
NEVER: dict[str, str] = {
    "reporter_name": _NOT_THE_REPORTER,
    "reporter_phone": _NOT_THE_REPORTER,
    "reporter_email": _NOT_THE_REPORTER,
    "text": r"\b(?:id|tgl|tanggal|no|status|kategori|jenis|tipe|lokasi|file|foto|akhir)\b|^judul\b",
    "old_numbers": r"\b(?:hp|telp|telepon|ktp|nik|jenis|status)\b",
    "category": r"\bsub\b",
    "status": r"\b(?:kawin|perkawinan|pegawai|user)\b",
    "status_reason": r"\b(?:tgl|tanggal)\b",
    "latitude": r"\buser\b",
    "longitude": r"\buser\b",
}
NO_READ = (  # what a channel file has no use for, and why
    (r"\b(?:password|passwd|pwd|kata sandi|remember token|token|otp|pin|secret key|"
        r"api key)\b", "holds a secret of a person"),
    (r"^ip\b|\bip (?:address|addr)\b|\buser agent\b|\bdevice\b", "tells of a person's device"),
)  # fmt: skip
DELETED = r"^(?:is |flag )?(?:deleted|dihapus|hapus)(?: at)?$|^(?:is )?(?:draft|draf|test|dummy)$"
COMPLAINTS = r"aduan|pengaduan|laporan|lapor|keluhan|aspirasi|report|complaint|insiden|incident|tiket|ticket|case"
NO_COMPLAINTS = (
    r"tanggapan|balasan|respon|reply|petugas|user|admin|kategori|category|log|riwayat|history|status|jenis|rating|"
    r"komentar|comment|disposisi|lampiran|foto|migration|setting|menu|role|tindak"
)
WHISTLEBLOWERS = r"\bwbs\b|whistle"
PEOPLE = r"masyarakat|\busers?\b|pelapor|warga|penduduk|anggota|member|pelanggan|reporter|citizen"
HISTORY = r"riwayat|history|log|status|tracking|disposisi|timeline"
REMARKS = r"komentar|comment|catatan|rating|nilai|survey|survei"
_PREFIXES = frozenset({"tb", "tbl", "m", "t", "ms", "mst", "ref", "master", "data"})
LABEL = r"^(?:nama|name|label|title|judul)\b|\b(?:nama|name|label)$"
_NO_PERSON = (
    r"\b(?:kategori|category|opd|skpd|instansi|dinas|kecamatan|kelurahan|desa|file|jenis|status|topik|role|level)\b"
)
_PERSONAL = (
    r"\b(?:nama|name|fullname|nik|ktp|telp|telepon|telpon|tlp|hp|phone|wa|whatsapp|email|e mail|surel|alamat|"
    r"address|lokasi|"
    r"location|username|akun|account|pelapor|pengirim|pengadu|penelepon|petugas|operator|agent|reporter|kontak|contact|"
    r"lahir|birth|oleh|kk|chat|terlapor|tempat|sender|user|author|from|owner|participants?|thread|peserta)\b"
)
NOISE = {
    "prank": r"prank(?: call)?|panggilan iseng|iseng",
    "ghost_call": r"ghost(?: call)?|dropped(?: call)?|panggilan hantu",
    "silent_call": r"silent(?: call)?|panggilan diam|hening",
}
TESTS = r"^\s*(tes|test|testing|coba|uji coba|dummy)\b"


@cache
def folded(name: str) -> str:
    """``tglPengaduan``, ``TGL_PENGADUAN`` and ``Tgl. Pengaduan`` are ``tgl pengaduan``."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[\W_]+", " ", apart).split()).casefold()


def base(table: str) -> str:
    """A table's name without prefixes and plural: ``tb_pengaduan``, ``m_kategori``, ``users``."""
    words = [w for w in folded(table.rsplit(".", 1)[-1]).split() if w not in _PREFIXES]
    return single(" ".join(words)) or folded(table)


def single(words: str) -> str:
    """English plurals as singulars: ``categories``, ``users``; not ``dinas``, ``petugas``, ``status``."""
    if words.endswith("ies"):
        return words.removesuffix("ies") + "y"
    return re.sub(r"(?<=[a-z]{2}[^aius])s$", "", words)


def strength(field: str, name: str, fields: dict[str, tuple[tuple[str, float], ...]]) -> float:
    """How sure the name of a column is that it holds ``field``: 0 to 1."""
    text = folded(name)
    if field in NEVER and fields is FIELDS and re.search(NEVER[field], text):
        return 0.0
    return max((sure for pattern, sure in fields[field] if re.search(pattern, text)), default=0.0)


def says_person(name: str) -> bool:
    """Whether a column's name says that it tells who somebody is, a secret of theirs, or where they live."""
    text = folded(name)
    if any(re.search(pattern, text) for pattern, _ in NO_READ):
        return True
    if re.search(r"\b(?:nama|name)\b", text) and re.search(_NO_PERSON, text):
        return False
    return re.search(_PERSONAL, text) is not None
