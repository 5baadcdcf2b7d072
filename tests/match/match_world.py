"""A small invented world of citizens and troubles, with the truth known: who wrote, and about what.

Three families of phrasings: ``TUNED`` and ``SECOND`` were looked at while the weights were set, ``UNSEEN`` was written
afterwards and only measured. Names, numbers and
places are invented; phones use the prefix +62 899 0 and NIK the region 99.
"""

import numpy as np
import pandas as pd

from transforms.match import RECORD_COLUMNS

CHANNELS = ("super", "sigap", "sitanggap", "ntpd112", "lapor")
CITIES = {"97.71": "Kota Contoh", "97.72": "Kota Misal", "97.73": "Kota Andai"}
DISTRICTS = ("Awan", "Bintang", "Cempaka", "Dahlia")
VILLAGES = ("Satu Hati", "Dua Sungai", "Tiga Raksa Baru")
STREETS = (
    "Melati", "Kenanga", "Anggrek", "Sudirman", "Pattimura", "Merpati", "Rajawali", "Cendrawasih", "Mangga", "Rambutan",
    "Veteran", "Pemuda", "Ahmad Yani", "Gajah Mada", "Siliwangi", "Diponegoro", "Flamboyan", "Teratai", "Kutilang",
    "Nuri", "Sawo", "Delima", "Pahlawan", "Kartini", "Cokroaminoto",
)  # fmt: skip
LANDMARKS = (
    "depan SDN 02", "dekat masjid Al Ikhlas", "samping minimarket", "pertigaan pos ronda", "depan toko bangunan Jaya",
    "dekat jembatan bambu", "seberang puskesmas", "belakang pasar pagi", "depan bengkel Barokah", "dekat lapangan voli",
)  # fmt: skip
FIRST = (
    "Bayu", "Citra", "Danang", "Endah", "Fajar", "Gilang", "Hesti", "Irma", "Joko", "Kirana", "Lukman", "Mega",
    "Naufal", "Oki", "Puspita", "Rangga", "Sekar", "Taufik", "Umi", "Vina", "Wahyu", "Yoga", "Zahra", "Agus", "Siti",
    "Budi", "Nur", "Sri", "Ahmad", "Dewi",
)  # fmt: skip
LAST = (
    "Prakoso", "Wulandari", "Nugraha", "Permata", "Hakim", "Maharani", "Firmansyah", "Anggraini", "Siregar", "Lubis",
    "Harahap", "Saputra", "Lestari", "Setiawan", "Santoso", "Utomo", "Pertiwi", "Ramadhan", "Syahputra", "Melinda",
)  # fmt: skip

# category → phrasings of the trouble; {s} street, {l} landmark
TUNED = {
    "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG": (
        "jalan {s} berlubang besar {l} sudah banyak motor jatuh",
        "ada lubang dalam di jalan {s} {l}, bahaya untuk pengendara",
        "aspal jalan {s} rusak parah dan bolong {l}, hampir celaka tadi malam",
        "jalan {s} hancur {l} kalau hujan lubangnya tidak kelihatan",
    ),
    "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM": (
        "lampu jalan mati di jalan {s} {l} sehingga gelap sekali",
        "PJU di jalan {s} padam sudah seminggu {l}",
        "penerangan jalan umum {s} {l} tidak menyala, rawan kejahatan",
    ),
    "LINGKUNGAN HIDUP DAN KEHUTANAN > PENGELOLAAN SAMPAH": (
        "sampah menumpuk di jalan {s} {l} belum diangkut baunya menyengat",
        "tumpukan sampah {l} jalan {s} sudah lima hari tidak diangkut petugas",
        "truk sampah tidak pernah datang ke jalan {s}, sampah berserakan {l}",
    ),
    "LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR": (
        "got mampet di jalan {s} {l} air meluap ke rumah warga",
        "saluran air tersumbat {l} jalan {s} setiap hujan banjir",
        "banjir lagi di jalan {s} karena drainase penuh lumpur {l}",
    ),
    "ENERGI DAN SUMBER DAYA ALAM > LAYANAN AIR MINUM": (
        "air PDAM tidak mengalir di jalan {s} {l} sejak kemarin",
        "air keran keruh dan bau di rumah kami jalan {s} {l}",
        "aliran air ledeng jalan {s} {l} kecil sekali",
    ),
    "PERHUBUNGAN > PARKIR LIAR": (
        "parkir liar di jalan {s} {l} bikin macet setiap sore",
        "mobil parkir sembarangan {l} jalan {s} menutup akses",
    ),
}
SECOND = {
    "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG": (
        "kondisi jl {s} memprihatinkan, ada kubangan {l} yang membuat pemotor terpeleset",
        "dua kali ban saya pecah gara-gara lubang menganga {l} di jalan {s}",
        "tambalan aspal {s} terkelupas lagi {l}, lobang makin lebar",
    ),
    "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM": (
        "gelap gulita kalau malam {l} sebab lampu tiang jalan {s} tak berfungsi",
        "bohlam PJU {l} putus, jl {s} jadi menakutkan bagi anak pulang mengaji",
        "lampu di jalan {s} kedip-kedip lalu mati {l}",
    ),
    "LINGKUNGAN HIDUP DAN KEHUTANAN > PENGELOLAAN SAMPAH": (
        "TPS liar muncul {l} jl {s}, sampah rumah tangga dibuang begitu saja",
        "gunungan sampah {l} di jalan {s} dikerubungi lalat",
        "petugas kebersihan absen terus, sampah jl {s} membusuk {l}",
    ),
    "LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR": (
        "selokan {l} jalan {s} buntu penuh plastik, air masuk teras",
        "genangan setinggi betis di jl {s} {l} tiap habis hujan",
        "gorong-gorong {s} ambles {l} jadi air meluber kemana-mana",
    ),
    "ENERGI DAN SUMBER DAYA ALAM > LAYANAN AIR MINUM": (
        "sudah tiga hari keran kering di jl {s} {l}, warga beli air galon",
        "pipa PDAM bocor {l} jalan {s} airnya terbuang",
        "debit air bersih jalan {s} {l} mati total pagi ini",
    ),
    "PERHUBUNGAN > PARKIR LIAR": (
        "bahu jalan {s} {l} dijadikan lahan parkir oleh juru parkir tak resmi",
        "angkot ngetem dan parkir ngawur {l} jl {s} jadi biang macet",
    ),
}
UNSEEN = {
    "PEKERJAAN UMUM DAN PENATAAN RUANG > JALAN BERLUBANG": (
        "permukaan {s} bergelombang dan berlubang sedalam 20 senti {l}, truk saja sampai oleng",
        "kapan {s} diaspal ulang? {l} batu kerikilnya berhamburan dan jalannya bolong-bolong",
        "saya terjatuh karena menghindari lubang di jalan {s} {l}",
    ),
    "PERHUBUNGAN > LAMPU PENERANGAN JALAN UMUM": (
        "enam titik PJU jalan {s} {l} sudah sebulan tidak nyala",
        "tiap malam jalan {s} {l} gelap total, lampunya rusak semua",
        "tiang lampu jalan {s} {l} ada tapi tak pernah menyala",
    ),
    "LINGKUNGAN HIDUP DAN KEHUTANAN > PENGELOLAAN SAMPAH": (
        "bak sampah {l} jalan {s} meluber sampai menutup separuh badan jalan",
        "sampah pasar dibuang warga luar ke jalan {s} {l}, bau sekali",
        "jadwal angkut sampah jalan {s} kacau, kantong plastik bertumpuk {l}",
    ),
    "LINGKUNGAN HIDUP DAN KEHUTANAN > BANJIR": (
        "rumah di jalan {s} {l} kemasukan air tiap hujan deras karena parit dangkal",
        "drainase jalan {s} {l} tertutup beton warung sehingga banjir",
        "air hujan tidak surut dua hari di jalan {s} {l}",
    ),
    "ENERGI DAN SUMBER DAYA ALAM > LAYANAN AIR MINUM": (
        "PDAM jalan {s} {l} hanya hidup jam dua dini hari",
        "air ledeng berwarna coklat dan berbau karat di jalan {s} {l}",
        "meteran muter terus padahal air PDAM jalan {s} {l} tidak keluar",
    ),
    "PERHUBUNGAN > PARKIR LIAR": (
        "trotoar jalan {s} {l} dipakai parkir motor ojek, pejalan kaki turun ke aspal",
        "truk gandeng bermalam dan parkir di jalan {s} {l} menghalangi pagar rumah",
    ),
}
OPENINGS = (
    "Selamat pagi, ",
    "Assalamualaikum min, ",
    "Lapor, ",
    "Mohon bantuannya, ",
    "Yth dinas terkait, ",
    "",
    "",
    "",
)
CLOSINGS = (
    ". Mohon segera ditindaklanjuti", ". Terima kasih", ", tolong diperbaiki", ". Kapan ada petugas yang datang?",
    " sudah pernah kami laporkan ke RT tapi belum ada tanggapan", "", "",
)  # fmt: skip
SLANG = {
    "sudah": "udh", "tidak": "gak", "yang": "yg", "jalan": "jln", "tolong": "tlg", "banyak": "byk", "karena": "krn",
    "mohon": "mhn", "untuk": "utk", "dengan": "dgn", "kalau": "klo", "setiap": "tiap", "belum": "blm", "malam": "mlm",
}  # fmt: skip
START = pd.Timestamp("2023-01-01", tz="UTC")


class World:
    """Makes records one by one; ``frames`` gives them with their truth (uid, person, incident)."""

    def __init__(self, seed: int, family: dict[str, tuple[str, ...]]) -> None:
        self.random = np.random.default_rng(seed)
        self.family = family
        self.rows: list[dict[str, object]] = []
        self.truth: list[dict[str, object]] = []
        self.people: list[dict[str, object]] = []
        self.incidents = 0

    def pick(self, items):
        return items[int(self.random.integers(len(items)))]

    def person(self, surname: str | None = None) -> dict[str, object]:
        number = len(self.people)
        first, last = self.pick(FIRST), surname or self.pick(LAST)
        middle = f" {self.pick(FIRST)}" if self.random.random() < 0.3 else ""
        person = {
            "id": number,
            "name": f"{first}{middle} {last}",
            "phone": f"+628990{self.random.integers(10**7, 10**8)}",
            "nik": f"99{self.random.integers(10**13, 10**14)}",
            "email": f"{first}.{last}{number}@contoh.invalid".lower() if self.random.random() < 0.4 else None,
        }
        self.people.append(person)
        return person

    def incident(self, days: float) -> dict[str, object]:
        self.incidents += 1
        city, district, village = self.pick(list(CITIES)), self.pick(DISTRICTS), self.pick(VILLAGES)
        return {
            "id": self.incidents,
            "city": city,
            "district": district,
            "village": village + " " + district,
            "street": self.pick(STREETS),
            "landmark": self.pick(LANDMARKS),
            "category": self.pick(list(self.family)),
            "latitude": -6.0 - self.random.random() * 0.1,
            "longitude": 106.8 + self.random.random() * 0.1,
            "time": START + pd.Timedelta(days=float(self.random.random() * days)),
        }

    def words(self, incident: dict[str, object]) -> str:
        text = self.pick(self.family[str(incident["category"])]).format(
            s=incident["street"], l=incident["landmark"] if self.random.random() < 0.7 else ""
        )
        text = self.pick(OPENINGS) + text + self.pick(CLOSINGS)
        if self.random.random() < 0.5:
            text = " ".join(SLANG.get(w, w) if self.random.random() < 0.6 else w for w in text.split())
        return text

    def submit(self, incident: dict[str, object], person: dict[str, object], **change: object) -> dict[str, object]:
        maybe = self.random.random
        exact = maybe() < 0.4
        row: dict[str, object] = dict.fromkeys(RECORD_COLUMNS)
        row |= {
            "uid": f"u{self.random.integers(10**11, 10**12)}",
            "channel": self.pick(CHANNELS),
            "stream": "complaints",
            "submitted_at": pd.Timestamp(incident["time"]) + pd.Timedelta(days=float(self.random.exponential(3))),
            "closed_at": pd.NaT,
            "region_code": incident["city"],
            "district": incident["district"] if maybe() < 0.9 else None,
            "village": incident["village"] if maybe() < 0.75 else None,
            "category": incident["category"] if maybe() < 0.7 else str(incident["category"]).split(" > ")[0],
            "type": "complaint",
            "status": "in_process",
            "text": self.words(incident),
            "location": f"Jl. {incident['street']} {incident['landmark']}" if maybe() < 0.5 else None,
            "latitude": float(incident["latitude"]) + self.random.normal(0, 0.0003) if exact else np.nan,
            "longitude": float(incident["longitude"]) + self.random.normal(0, 0.0003) if exact else np.nan,
            "name": person["name"] if maybe() < 0.9 else None,
            "phone": person["phone"] if maybe() < 0.8 else None,
            "nik": person["nik"] if maybe() < 0.3 else None,
            "email": person["email"],
            "is_anonymous": False,
            "is_confidential": False,
        }
        row |= change
        if row["is_anonymous"]:
            row |= {"name": None, "nik": None, "email": None}
        self.rows.append(row)
        hidden = (row["is_anonymous"], row["is_confidential"])
        self.truth.append({
            "uid": row["uid"], "same": f"{person['id']}-{incident['id']}-{hidden}", "incident": incident["id"],
        })  # fmt: skip
        return row

    def repeat(self, row: dict[str, object], incident: dict[str, object], person: dict[str, object]) -> None:
        """The same person once more, through another door, in other words or the same."""
        at = pd.Timestamp(row["submitted_at"]) + pd.Timedelta(days=float(self.random.random() * 8))
        change: dict[str, object] = {"submitted_at": at, "is_anonymous": row["is_anonymous"]}
        if self.random.random() < 0.35:
            change["text"] = row["text"]
        self.submit(incident, person, **change)

    def populate(self, records: int, days: float | None = None) -> "World":
        """Fill the world: single complaints, repeats, several citizens, households, campaigns, anonymous ones."""
        days = days or 365.0 * max(1.0, records / 4000)
        while len(self.rows) < records:
            incident = self.incident(days)
            draw = self.random.random()
            crowd = 1 if draw < 0.75 else int(self.random.integers(2, 7))
            surname = self.pick(LAST) if draw > 0.96 else None  # a household writes
            copied = self.words(incident) if draw > 0.98 else None  # … or one text goes round
            for _ in range(crowd):
                known = self.people and self.random.random() < 0.2
                person = self.pick(self.people) if known else self.person(surname)
                change: dict[str, object] = {"is_anonymous": bool(self.random.random() < 0.08)}
                if copied:
                    change["text"] = f"{copied} NIK {person['nik']}"
                row = self.submit(incident, person, **change)
                if self.random.random() < 0.15:
                    self.repeat(row, incident, person)
        return self

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return as_records(self.rows), pd.DataFrame(self.truth)


def as_records(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows as the frame that matching takes, with the dtypes of the store."""
    frame = pd.DataFrame(rows, columns=list(RECORD_COLUMNS))
    for column in RECORD_COLUMNS:
        if column in ("submitted_at", "closed_at"):
            frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
        elif column in ("latitude", "longitude"):
            frame[column] = frame[column].astype("float64")
        elif column.startswith("is_"):
            frame[column] = frame[column].fillna(value=False).astype("bool")
        else:
            frame[column] = frame[column].astype("str")
    return frame


def pair_quality(found: pd.Series, truth: pd.Series) -> tuple[float, float]:
    """Precision and recall over the pairs implied by two groupings of the same index."""

    def pairs(sizes: pd.Series) -> int:
        return int((sizes * (sizes - 1) // 2).sum())

    both = pd.DataFrame({"found": found, "truth": truth.reindex(found.index)})
    hit = pairs(both.groupby(["found", "truth"]).size())
    return hit / max(1, pairs(both.groupby("found").size())), hit / max(1, pairs(both.groupby("truth").size()))
