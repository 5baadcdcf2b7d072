"""Each channel file on a small hand-made raw frame, end to end."""

import orjson
import pandas as pd
from normalise_build import adds_up, channel, raw, run

SUPER = {
    "id_pengaduan": "12",
    "no_tiket": "SPR-2023-00012",
    "judul": "Sampah menumpuk",
    "isi_laporan": "Sampah di Cikole belum diangkut &amp; bau. Hub 081234567891",
    "tgl_pengaduan": "2023-02-03 10:00:00",
    "tgl_kejadian": "2023-02-01",
    "updated_at": "2023-02-04 05:00:00",
    "status": "proses",
    "kategori": "Sampah",
    "opd": "DPUTR",
    "kecamatan": "Cikole",
    "kelurahan": "Kel. Subang Jaya",
    "lokasi": None,
    "lat": "-6.92",
    "lng": "106.93",
    "nama": "Siti Contoh",
    "nik": "3272014101900001",
    "telp": "0812-3456-7891",
    "email": "Siti@Surel.example.id",
    "alamat": "Jl. Contoh 1",
    "anonim": "1",
    "rahasia": "0",
    "foto": "a.jpg",
    "ip_address": "192.0.2.1",
}


def test_super_a_dump_in_two_chunks_with_answers_and_a_test_entry():
    trial = SUPER | {"id_pengaduan": "13", "judul": "Tes aplikasi"}
    odd = SUPER | {
        "id_pengaduan": "14",
        "status": "eskalasi",
        "tgl_pengaduan": "0000-00-00 00:00:00",
        "nik": "2147483647",
    }
    answer = {
        "id_pengaduan": "12",
        "id_tanggapan": "5",
        "tgl_tanggapan": "2023-02-05 09:00:00",
        "petugas": "Petugas Contoh",
        "status_baru": "selesai",
        "tanggapan": "Sudah diangkut, Ibu Siti Contoh",
    }
    done = run(
        channel("super"), raw("tb_pengaduan", SUPER, trial), raw("tb_pengaduan", odd, start=3), raw("tanggapan", answer)
    )
    assert adds_up(done)
    assert (done.counts.raw_records, done.counts.extracted, done.counts.events) == (4, 3, 1)
    assert (done.schema_drift, done.unmapped) == ((), {"status": {"eskalasi": 1}})
    assert done.excluded["rule"].tolist() == ["test_entry"]
    row = done.submissions.iloc[0]
    assert row["text_public"] == "Sampah di Cikole belum diangkut & bau. Hub [telepon]"
    assert (row["submitted_at"], row["version_at"]) == (
        pd.Timestamp("2023-02-03 03:00", tz="UTC"),
        pd.Timestamp("2023-02-04 05:00", tz="UTC"),  # TIMESTAMP in UTC beside DATETIME in local time
    )
    assert (row["status"], row["agency"], row["category"]) == (
        "in_process",
        "dinas-pu",
        "LINGKUNGAN HIDUP DAN KEHUTANAN > PENGELOLAAN SAMPAH",
    )
    assert (row["district"], row["village"]) == ("Cikole", "Subangjaya")
    assert row["region_code"].startswith("32.72.02.")
    assert (row["reporter_phone"], row["reporter_email"]) == ("+6281234567891", "siti@surel.example.id")
    assert (row["is_anonymous"], row["is_confidential"], row["flags"]) == (True, False, "[]")
    flags = orjson.loads(done.submissions["flags"][1])
    assert flags == ["reporter_nik:int_overflow", "status:unmapped", "submitted_at:zero_date"]
    event = done.events.iloc[0]
    assert (event["status"], event["text_public"]) == ("closed", "Sudah diangkut, Ibu [nama]")


def test_sigap_records_of_an_api_with_a_nested_history():
    report = {
        "id": "7",
        "nomor": "SGP-2024-000007",
        "judul": "Lampu mati",
        "isi": "Lampu jalan mati, lihat juga SGP-2024-000003",
        "created_at": "2024-05-01T08:00:00+07:00",
        "updated_at": "2024-05-02T08:00:00+07:00",
        "tanggal_kejadian": "30/04/2024",
        "jenis": "pengaduan",
        "status": "selesai_otomatis",
        "kategori.id": "3",
        "kategori.nama": "Lampu Jalan (PJU)",
        "opd.id": "4",
        "opd.nama": "Dinas Perhubungan",
        "lokasi.kecamatan": "Beji",
        "lokasi.kelurahan": "Kukusan",
        "lokasi.alamat": "Jl. Contoh",
        "lokasi.lat": "0",
        "lokasi.lng": "0",
        "pelapor.id": "9",
        "pelapor.nama": "Budi Contoh",
        "pelapor.nik": "3276010101900001",
        "pelapor.telepon": "+6281234567891",
        "pelapor.email": None,
        "anonim": "false",
        "rahasia": "true",
        "lampiran": '["http://x.example/1.jpg"]',
    }
    step = {
        "laporan_id": "7",
        "id": "70",
        "waktu": "2024-05-01T09:00:00+07:00",
        "status": "diproses",
        "oleh": "Petugas",
        "keterangan": "Dicek",
    }
    done = run(channel("sigap"), raw("laporan", report), raw("riwayat", step))
    assert adds_up(done)
    assert (done.schema_drift, done.unmapped) == ((), {})
    row = done.submissions.iloc[0]
    assert (row["status"], row["closed_by"], row["type"], row["agency"]) == ("closed", "system", "complaint", "dishub")
    assert row["quoted_numbers"] == "SGP-2024-000003"
    assert row["attachments"] == '["http://x.example/1.jpg"]'
    assert row["is_confidential"]
    assert pd.isna(row["text_public"])
    assert orjson.loads(row["flags"]) == ["latitude:zero", "longitude:zero"]
    event = done.events.iloc[0]
    assert (event["kind"], event["status"], event["occurred_at"]) == (
        "status",
        "in_process",
        pd.Timestamp("2024-05-01 02:00", tz="UTC"),
    )
    assert pd.isna(event["text_public"])


def test_sitanggap_pages_in_central_time_with_indonesian_dates():
    page = {
        "nomor": "STG-0091",
        "Judul": "Parit mampet",
        "Isi Aduan": "Parit mampet dekat pasar",
        "Tanggal Aduan": "20 Agustus 2021 07:15",
        "Tanggal Kejadian": "19 Agustus 2021",
        "Diperbarui": "21 Agustus 2021 08:00:00",
        "Status": "Dalam Proses",
        "Kategori": "Drainase/Parit",
        "Diteruskan ke": "Dinas PU",
        "Kecamatan": "Balikpapan Kota",
        "Kelurahan": "Klandasan Ilir",
        "Lokasi": "Pasar",
        "Nama Pelapor": "Hamba Allah",
        "NIK": "--",
        "No. HP": "81234567891",
        "Alamat Pelapor": "-",
        "Rahasiakan Identitas": "Ya",
        "lampiran": None,
        "Sumber": "Web",
    }
    reply = {
        "nomor": "STG-0091",
        "id": "t1",
        "waktu": "22 Agustus 2021 10:00",
        "petugas": "P",
        "isi": "Ok",
        "status": "Selesai",
    }
    done = run(channel("sitanggap"), raw("aduan", page), raw("tanggapan", reply))
    assert adds_up(done)
    assert (done.schema_drift, done.unmapped) == ((), {})
    row = done.submissions.iloc[0]
    assert row["submitted_at"] == pd.Timestamp("2021-08-19 23:15", tz="UTC")
    assert row["submitted_local"] == pd.Timestamp("2021-08-20 07:15")
    assert (row["agency"], row["village"], row["type"]) == ("dinas-pu", "Klandasan Ilir", "unclassified")
    assert (row["reporter_phone"], row["is_anonymous"]) == ("+6281234567891", True)
    assert pd.isna(row["reporter_nik"])
    assert orjson.loads(row["flags"]) == ["reporter_name:placeholder"]
    assert done.events["occurred_at"][0] == pd.Timestamp("2021-08-22 02:00", tz="UTC")


def test_ntpd112_a_call_log_in_which_most_calls_are_no_complaint():
    call = {
        "UID": "112-1",
        "WAKTU LAPOR": "05-01-2024 08:09:10",
        "TIPE LAPORAN": "Information",
        "KATEGORI": "PJU",
        "SUB KATEGORI 1": "-",
        "DESKRIPSI": "Lampu jalan padam",
        "KECAMATAN": "SUKMAJAYA",
        "KELURAHAN": "-",
        "LOKASI KEJADIAN": "Jl. Contoh",
        "LATITUDE": "0",
        "LONGITUDE": "0",
        "STATUS": "Diteruskan",
        "NAMA PENELEPON": "NN",
        "NO TELEPON": "112",
        "DURASI PENGERJAAN": "0 Hari",
        "AGENT L1": "A1",
    }
    others = [
        call | {"UID": "112-2", "TIPE LAPORAN": "PRANK "},
        call | {"UID": "112-3", "TIPE LAPORAN": "Ghost", "DESKRIPSI": "-"},
        call | {"UID": "112-4", "TIPE LAPORAN": "Silent call"},
        call | {"UID": "112-5", "TIPE LAPORAN": "Emergency", "KATEGORI": "KEBAKARAN"},
        call | {"UID": "-"},
    ]
    done = run(channel("ntpd112"), raw("LAPORAN INSIDEN", call, *others))
    assert adds_up(done)
    assert (done.schema_drift, done.unmapped) == ((), {})
    assert done.excluded["rule"].tolist() == ["prank", "ghost_call", "silent_call", "emergency_handled"]
    assert done.rejected["reason"].tolist() == ["no_key"]
    row = done.submissions.iloc[0]
    assert (row["type"], row["status"], row["district"]) == ("information_request", "dispositioned", "Sukmajaya")
    assert row["submitted_at"] == pd.Timestamp("2024-01-05 01:09:10", tz="UTC")
    assert orjson.loads(row["flags"]) == [
        "latitude:zero",
        "longitude:zero",
        "reporter_name:placeholder",
        "reporter_phone:no_citizen_phone",
    ]
