"""The code lists that the store, the reports and other programs rely on.

Every list is closed: a local value that is not mapped to one of these codes becomes ``unmapped`` (status) or stays
empty with a flag, never a default. Labels in Indonesian are those that SP4N-LAPOR! shows.
"""

from enum import StrEnum


class SubmissionType(StrEnum):
    """Classification of a report (klasifikasi)."""

    COMPLAINT_SUPERVISED = "complaint_supervised"
    COMPLAINT = "complaint"
    ASPIRATION = "aspiration"
    INFORMATION_REQUEST = "information_request"
    WHISTLEBLOWING = "whistleblowing"
    EMERGENCY = "emergency"
    UNCLASSIFIED = "unclassified"


class Status(StrEnum):
    """Where a complaint stands."""

    UNVERIFIED = "unverified"
    POSTPONED = "postponed"
    DISPOSITIONED = "dispositioned"
    IN_PROCESS = "in_process"
    CLOSED = "closed"
    ARCHIVED = "archived"
    UNMAPPED = "unmapped"


class Closer(StrEnum):
    """Who closed or archived a complaint."""

    REPORTER = "reporter"
    AGENCY = "agency"
    ADMIN = "admin"
    SYSTEM = "system"


class QuarantineReason(StrEnum):
    """Why a record could not become a submission."""

    NO_KEY = "no_key"
    NO_CONTENT = "no_content"
    KEY_REUSED = "key_reused"
    UNREADABLE = "unreadable"


class Disposition(StrEnum):
    """What became of a quarantined record."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class ExclusionRule(StrEnum):
    """Named rules by which a record is no complaint. A channel may add its own."""

    REPEATED = "repeated"
    PRANK = "prank"
    GHOST_CALL = "ghost_call"
    SILENT_CALL = "silent_call"
    REPOST = "repost"
    NOT_A_COMPLAINT = "not_a_complaint"
    TEST_ENTRY = "test_entry"
    ERASED = "erased"  # the person asked to be forgotten; the source still shows the record


class Judgement(StrEnum):
    """What a model or a person holds of a pair of submissions."""

    SAME = "same"
    RELATED = "related"
    RESTRICTED = "restricted"
    DIFFERENT = "different"
    UNSURE = "unsure"


class ChannelState(StrEnum):
    """Where a channel stands on its way to retirement."""

    REGISTERED = "registered"
    LOADING = "loading"
    PARALLEL_RUN = "parallel_run"
    FROZEN = "frozen"
    RETIRED = "retired"
    BLOCKED = "blocked"


class AttachmentState(StrEnum):
    """What became of a file that the source names."""

    NAMED = "named"  # nothing says where it lies, or its turn has not come
    STORED = "stored"
    MISSING = "missing"  # looked for, and not there
    REFUSED = "refused"  # too large, a page instead of a file, or several files of that name
    FAILED = "failed"  # the old system did not give it; asked again by the next run
    ERASED = "erased"


class LoadStatus(StrEnum):
    """How the load of one channel ended."""

    RUNNING = "running"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    STOPPED = "stopped"
    FAILED = "failed"
    ABANDONED = "abandoned"


class RunStatus(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    ABANDONED = "abandoned"


STATUS_LABELS: dict[Status, str] = {
    Status.UNVERIFIED: "Belum Terverifikasi",
    Status.POSTPONED: "Tertunda",
    Status.DISPOSITIONED: "Terdisposisi – Belum Ditindaklanjuti",
    Status.IN_PROCESS: "Terdisposisi – Sedang Diproses",
    Status.CLOSED: "Terdisposisi – Selesai",
    Status.ARCHIVED: "Arsip",
    Status.UNMAPPED: "Status Belum Dipetakan",
}

TYPE_LABELS: dict[SubmissionType, str] = {
    SubmissionType.COMPLAINT_SUPERVISED: "Pengaduan Berkadar Pengawasan",
    SubmissionType.COMPLAINT: "Pengaduan Tidak Berkadar Pengawasan",
    SubmissionType.ASPIRATION: "Aspirasi",
    SubmissionType.INFORMATION_REQUEST: "Permintaan Informasi",
    SubmissionType.WHISTLEBLOWING: "Whistle Blowing System",
    SubmissionType.EMERGENCY: "Darurat",
    SubmissionType.UNCLASSIFIED: "Belum Diklasifikasi",
}
