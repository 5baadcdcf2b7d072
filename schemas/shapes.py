"""What a channel file may say of a shape: a section of the mapping that has the shape's name."""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Options(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Burst(Options):
    """A sender's messages within minutes are one submission; its key is that of the first message."""

    sender: str  # column: a name or a number; empty where nobody speaks
    at: str  # column; read as submitted_at is where that is the same column
    text: str
    minutes: float = Field(default=10, gt=0)  # silence that ends a burst
    chat: str | None = None  # column; bursts do not cross chats
    media: str | None = None  # column with a JSON list of file names
    kind: str | None = None  # column that tells what a message is …
    rules: dict[str, str] = {}  # … and the rule by which a burst of nothing but that kind is no complaint
    greeting: str | None = None  # pattern of a whole message that only greets; nothing but these: rule ``greeting``
    officers: tuple[str, ...] = ()  # names or numbers of those who answer for the channel
    answers: str = "jawaban"  # table under which ``events`` finds what they wrote

    @field_validator("greeting")
    @classmethod
    def _is_pattern(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return pattern


class SmsReplies(Options):
    """A table of text messages that were sent; ``events`` reads it, and ``complaint: [_complaint]`` finds the case."""

    number: str  # column: to whom
    at: str
    text: str
    message: tuple[str, ...] = ()  # columns that are the same in all parts of a long message …
    sequence: str | None = None  # … and the one that numbers them


class SmsParts(Options):
    """Parts of a long text message, put together; its key is that of the part that came first."""

    sender: str
    at: str
    text: str
    hex: str | None = None  # column with the text as hexadecimal UTF-16, for rows whose text is empty
    udh: str | None = None  # column with the user data header (hexadecimal): reference, total and number of a part
    reference: str | None = None  # or, from a gateway that took it apart, three columns with those
    total: str | None = None
    sequence: str | None = None
    minutes: float = Field(default=720, gt=0)  # between the first and the last part; references are used again
    replies: dict[str, SmsReplies] = {}  # by table


class PostRule(Options):
    """A rule for posts and what betrays them, any case; ``complaint`` is the rule by which a post is one."""

    rule: str
    words: tuple[str, ...] = ()  # whole words or phrases; a * at the end stands for any ending
    patterns: tuple[str, ...] = ()  # regular expressions
    hashtags: tuple[str, ...] = ()  # with or without #
    mentions: tuple[str, ...] = ()  # accounts, with or without @

    @field_validator("patterns")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return patterns


PROMOTION = PostRule(
    rule="promotion",
    words=(
        "diskon", "promo", "giveaway", "gratis ongkir", "order sekarang", "open order", "ready stock", "harga mulai",
        "cek bio", "klik link", "follow kami", "dijual cepat", "menerima pesanan", "loker", "lowongan kerja",
        "pinjaman online",
    ),
)  # fmt: skip
THANKS = PostRule(
    rule="not_a_complaint",
    patterns=(
        r"^\W*(?:alhamdulillah|terima ?kasih|makasih|mantap|keren)\b.*\b(?:sudah|udah|telah|akhirnya)\b(?!.*\btapi\b)",
    ),
)
COMPLAINED = PostRule(
    rule="complaint",
    words=(
        "rusak*", "berlubang", "lubang", "bolong*", "amblas", "longsor", "roboh", "tumbang", "patah", "jebol*",
        "bocor*", "retak", "pecah", "mampet", "tersumbat", "buntu", "padam", "mati", "gelap", "banjir*", "kebanjiran",
        "genangan", "tergenang", "meluap", "sampah*", "bau", "berbau", "kotor", "keruh", "macet", "kemacetan",
        "parkir liar", "pungli", "pungutan liar", "tidak resmi", "bising", "berisik", "resah", "meresahkan",
        "terganggu", "mengganggu", "keluh*", "mengeluh", "dikeluhkan", "lapor*", "melapor*", "aduan", "mengadu*",
        "adukan", "pengaduan", "tolong", "mohon", "harap", "minta", "tidak diangkut", "tidak mengalir",
        "tidak kunjung", "belum juga", "belum di*", "belum ada", "tidak terawat", "semoga segera", "ditindak",
        "tindak lanjut*", "ditertibkan", "dipersulit", "kecewa", "bahaya", "berbahaya", "membahayakan", "kecelakaan",
        "rawan", "terbengkalai", "mangkrak",
    ),
    patterns=(
        r"\brt\W{0,2}\d{1,3}\b|\brw\W{0,2}\d{1,2}\b",  # who says where, says what is wrong there
        r"\b(?:sejak|sudah|sdh|udah|udh|selama)\b.{0,20}\b(?:hari|minggu|bulan|bln|tahun|thn)\b",
    ),
    hashtags=("lapor", "aduan", "keluhan", "wargamengadu"),
)  # fmt: skip


class Social(Options):
    """Posts, reposts and answers. The mapping's key names a post, its text is what is judged.

    Columns that only the shape reads are listed under the mapping's ``ignore``.
    """

    author: tuple[str, ...] = Field(min_length=1)  # columns with the account, its name first
    accounts: tuple[str, ...] = Field(min_length=1)  # the government's own, as they stand in those columns
    reply_to: tuple[str, ...] = ()  # columns with the key of the post that is answered; the first that is filled
    referenced: str | None = None  # column with X's list of {type, id}
    conversation: str | None = None  # column with the key of the post that began it
    reply_to_author: str | None = None  # column with the account that is answered
    chat: str | None = None  # column with the name of a chat; an answer there is to the latest complaint before it
    repost_of: tuple[
        str, ...
    ] = ()  # columns that are filled where a post repeats another one; so is RT @… at the start
    stamp: str | None = None  # column with seconds or milliseconds since 1970; stands as ``_at``, with a zone
    rules: tuple[PostRule, ...] = (PROMOTION, THANKS, COMPLAINED)  # the first that holds decides
    otherwise: str = "not_a_complaint"  # the rule of what none holds for; ``complaint`` keeps it
    answers: str = "jawaban"  # table under which ``events`` finds the government's answers


class Lapor(Options):
    """Exports of SP4N-LAPOR! itself, and of its front-ends."""

    number: str  # column of the tracking number
    flags: str | None = None  # column with Anonim, Rahasia, or both; stands as ``_anonim`` and ``_rahasia``
    origin: str | None = (
        None  # column with door and front-end, Website - pemerintah-kota-x; as ``_door``, ``_front_end``
    )
    stamp: str | None = None  # column with seconds since 1970; stands as ``_at``, with a zone, and …
    date: str | None = None  # … where it is empty the text of this column
    continued: tuple[str, ...] = ()  # columns in which rows without a number go on with the row above them
