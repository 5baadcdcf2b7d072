"""Posts about three cities as social media give them out, all of them invented.

Facebook of Kota Jayapura (WIT): pages of the Graph API, and a downloaded archive of its messages. Instagram of Kota
Denpasar (WITA): the same two. X of Kota Depok (WIB): a table as tweet-harvest writes it, and answers of the API, v2 and
v1.1. What becomes of each post is decided here, when it is invented, and counted from that.
"""

import csv
import io
import json
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from data.samples.common import Row
from data.samples.people import make_person
from data.samples.places import Village, landmark, street_names
from data.samples.words import KINDS, Place, compose, draw_facts

_STAMP = (2024, 6, 1, 0, 0, 0)  # of files in an archive
_THREADS = 34
_NEWS = (
    "Jadwal pelayanan keliling pekan ini, silakan datang.", "Selamat Hari Pahlawan untuk seluruh warga kota.",
    "Pasar murah dibuka Sabtu pagi di halaman kantor.", "Yuk ikut senam bersama di alun-alun 🙏",
)  # fmt: skip
_REACTIONS = ("Hadir min", "Mantap 👍🏽", "Keren sekali", "Amin", "Salam sehat dari kami", "Semangat terus 😀")
_PROMOTIONS = (
    "Promo sedot WC hari ini, diskon 20%!",
    "Giveaway pulsa, follow kami dan cek bio",
    "Kaos ready stock, gratis ongkir",
)
_THANKS = ("Terima kasih, jalannya sudah mulus", "Alhamdulillah akhirnya terang, sudah menyala lagi")
_ANSWERS = ("Terima kasih, kami teruskan ke dinas terkait 🙏", "Baik Kak, petugas menuju lokasi – mohon menunggu")
_WORDS = {
    "news": _NEWS, "own_post": _ANSWERS, "event": _ANSWERS, "promotion": _PROMOTIONS, "no_content": ("",),
    "not_a_complaint": (*_REACTIONS, *_THANKS), "below": (*_REACTIONS, *_THANKS, "👍", ""),
}  # fmt: skip
_VILLAGES = {
    "91.71": ("Melati Pesisir", "Karang Teduh", "Bukit Senja"),
    "51.71": ("Banjar Melati", "Banjar Karang", "Banjar Teratai"),
    "32.76": ("Kenanga Jaya", "Melati Baru", "Taman Asri"),
}


@dataclass
class _Post:
    """One post: ``fate`` is accepted, event, an exclusion rule or a reason of quarantine."""

    number: int
    when: datetime  # UTC
    who: str
    text: str
    fate: str
    parent: "_Post | None" = None
    below: "list[_Post]" = field(default_factory=list)

    @property
    def root(self) -> "_Post":
        return self.parent.root if self.parent else self

    def all(self) -> "Iterator[_Post]":
        yield self
        for post in self.below:
            yield from post.all()


class _Inventor:
    """Invents the threads of one city. ``own`` is the government's account."""

    def __init__(self, city: str, own: str, seed: int) -> None:
        self.rng = random.Random(f"{seed} {own}")
        self.city, self.own = city, own
        self.villages = [Village(f"{city}.01.{1001 + n}", "", name, 0, 0) for n, name in enumerate(_VILLAGES[city])]
        self.number = 0

    def post(self, fate: str, parent: _Post | None = None) -> _Post:
        """A post that meets ``fate``, below ``parent``."""
        rng = self.rng
        self.number += 1
        if parent:
            when = parent.when + timedelta(minutes=rng.randint(3, 900))
        else:
            when = datetime(2023, 9, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(300_000))
        is_own = fate in ("event", "own_post")
        person = make_person(700_000 + self.number, "99.99.99", "", rng)
        who = self.own if is_own else person.name.lower().replace(" ", rng.choice(("", "_", "."))) + str(self.number)
        kind = "news" if fate == "own_post" and not parent else fate
        kind = "below" if fate == "not_a_complaint" and parent else kind
        text = self.complaint() if fate == "accepted" else rng.choice(_WORDS[kind])
        post = _Post(self.number, when.replace(second=rng.randrange(60)), who, text, fate, parent)
        if parent:
            parent.below.append(post)
        return post

    def complaint(self) -> str:
        """A complaint in one of its wordings, with the word that makes it one."""
        rng = self.rng
        village = rng.choice(self.villages)
        place = Place(
            village, rng.choice(street_names(village, 20)), rng.randint(1, 9), rng.randint(1, 9), landmark(rng)
        )
        facts = draw_facts(rng.choice(KINDS), rng)
        text = compose(facts, place, rng.choice(("plain", "slang", "sms")), rng.randrange(1 << 40))
        return f"{text} {rng.choice(('Mohon dicek min 🙏', 'tolong ya min', '#lapor', 'Mohon segera – warga resah'))}"

    def threads(self) -> list[_Post]:
        """Announcements with what citizens wrote below, and citizens' own posts; by time."""
        out = []
        for n in range(_THREADS):
            rng = self.rng
            if n % 3:
                fate = "accepted" if n % 4 else rng.choice(("promotion", "not_a_complaint"))
                root = self.post(fate)
            else:
                root = self.post("own_post")
            for _ in range(rng.randint(0, 3)):
                comment = self.post(rng.choice(("accepted", "accepted", "not_a_complaint", "promotion")), root)
                if rng.random() < 0.5:
                    reaches = comment.fate == "accepted" or root.fate == "accepted"
                    self.post("event" if reaches else "own_post", comment)
                if comment.fate == "accepted" and rng.random() < 0.3:
                    self.post(rng.choice(("accepted", "not_a_complaint")), comment)
            if root.fate == "accepted" and rng.random() < 0.7:
                self.post("event", root)
            out.append(root)
        out += [self.post(fate) for fate in ("accepted", "accepted", "accepted", "no_content")]
        return sorted(out, key=lambda post: post.when)


def _counts(fates: Counter[str], **more: Any) -> dict[str, Any]:
    """The planted counts of one source."""
    quarantined = {name: fates[name] for name in ("no_content", "no_key", "unreadable") if fates[name]}
    excluded = {n: c for n, c in sorted(fates.items()) if n not in (*quarantined, "accepted", "event") and c}
    extracted = fates["accepted"] + sum(quarantined.values()) + sum(excluded.values())
    return {
        "raw_records": extracted + fates["event"], "parts": 0, "events": fates["event"], "extracted": extracted,
        "accepted": fates["accepted"], "quarantined": quarantined, "excluded": excluded, **more,
    }  # fmt: skip


def _fates(threads: list[_Post]) -> Counter[str]:
    return Counter(post.fate for root in threads for post in root.all())


def _write_json(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def write_facebook(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/facebook/feed-*.json`` and ``folder/facebook/unduhan.zip``; the planted counts by source."""
    own = "Humas Kota Jayapura – Resmi"
    maker = _Inventor("91.71", own, seed)
    threads = maker.threads()
    page = "109900112233"
    records = [_facebook(root, page, own) for root in threads]
    at = next(n for n, root in enumerate(threads) if root.fate == "accepted" and not root.below)
    records.insert(at + 1, dict(records[at]))  # slid onto the next page while the feed grew
    fates = _fates(threads) + Counter(repeated=1)
    cuts = [0, at + 1, len(records) * 3 // 4, len(records)]
    for n, (start, end) in enumerate(zip(sorted(cuts), sorted(cuts)[1:], strict=False), 1):
        paging = {"cursors": {"before": f"B{n}", "after": f"A{n}"}}
        _write_json(folder / "facebook" / f"feed-{n:02d}.json", {"data": records[start:end], "paging": paging})
    _write_json(folder / "facebook" / "feed-99.json", {"error": {"message": "token expired", "code": 190}})
    archive = _write_archive(folder / "facebook" / "unduhan.zip", maker)
    return _counts(fates) | {"sources": {"graph": _counts(fates), "archive": archive}}


def _facebook(post: _Post, page: str, own: str) -> Row:
    """A post or comment as the Graph API gives it; who wrote it is told of the page, and of citizens now and then."""
    prefix = f"{post.root.number + 5_000_000}" if post.parent else page
    record: Row = {"id": f"{prefix}_{post.number + 5_000_000}", "created_time": f"{post.when:%Y-%m-%dT%H:%M:%S+0000}"}
    if post.text or post.parent:
        record["message"] = post.text
    if post.who == own:
        record["from"] = {"name": own, "id": page}
    elif post.number % 4:
        record["from"] = {"name": post.who, "id": f"77{post.number:010d}"}
    if post.below:
        paging = {"cursors": {"before": "x", "after": "y"}}
        record["comments"] = {"data": [_facebook(child, page, own) for child in post.below], "paging": paging}
    return record


def write_instagram(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/instagram/media-*.json`` and ``folder/instagram/unduhan.zip``; the planted counts by source."""
    maker = _Inventor("51.71", "humasdenpasar.uji", seed)
    threads = maker.threads()
    records = [_instagram(root) for root in threads]
    half = len(records) // 2
    for n, part in enumerate((records[:half], records[half:]), 1):
        _write_json(folder / "instagram" / f"media-{n:02d}.json", {"data": part, "paging": {"cursors": {"after": "z"}}})
    archive = _write_archive(folder / "instagram" / "unduhan.zip", maker)
    return _counts(_fates(threads)) | {"sources": {"graph": _counts(_fates(threads)), "archive": archive}}


def _instagram(post: _Post) -> Row:
    told: Row = {
        "id": f"1799{post.number:013d}",
        "username": post.who,
        "timestamp": f"{post.when:%Y-%m-%dT%H:%M:%S+0000}",
    }
    if not post.parent:
        told |= {"caption": post.text, "media_type": "IMAGE", "comments": {"data": [_instagram(p) for p in post.below]}}
        return told
    below = {"replies": {"data": [_instagram(child) for child in post.below]}} if post.below else {}
    return told | {"text": post.text, "like_count": post.number % 5} | below


def _write_archive(path: Path, maker: _Inventor) -> dict[str, Any]:
    """What "download your information" packs: chats with citizens, their letters written byte by byte as Latin-1."""
    rng, fates = maker.rng, Counter[str]()
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(12):
            first = maker.post("accepted" if n % 3 else "not_a_complaint")
            chat = [first]
            for fate in rng.choice((("event",), ("not_a_complaint", "event"), ("event", "accepted", "event"), ())):
                fate = "own_post" if fate == "event" and not any(p.fate == "accepted" for p in chat) else fate
                chat.append(maker.post(fate, chat[-1]))
                if fate not in ("event", "own_post"):
                    chat[-1].who = first.who
            fates.update(post.fate for post in chat)
            document = {
                "participants": [{"name": first.who}, {"name": maker.own}],
                "messages": [
                    {"sender_name": p.who, "timestamp_ms": int(p.when.timestamp() * 1000) + p.number, "content": p.text}
                    for p in reversed(chat)
                ],
                "title": first.who,
                "thread_path": f"inbox/{first.who}_{n}",
            }
            text = json.dumps(_broken(document), indent=2)
            _put(archive, f"your_activity/messages/inbox/{first.who}_{n}/message_1.json", text.encode())
        _put(archive, "your_activity/posts/your_posts_1.json", b"[]")
        _put(archive, "media/1.jpg", b"\xff\xd8\xff\xd9")
    return _counts(fates)


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _STAMP)
    archive.writestr(info, content, zipfile.ZIP_DEFLATED)


def _broken(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _broken(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_broken(inner) for inner in value]
    return value.encode("utf-8").decode("latin-1") if isinstance(value, str) else value


def write_x(folder: Path, seed: int) -> dict[str, Any]:
    """Write ``folder/x/`` (tweets.csv, api/page-*.json, v1/search-*.json); the planted counts by source."""
    maker = _Inventor("32.76", "PemkotDepokUji", seed)
    threads = [root for root in maker.threads() if root.text]
    posts = sorted((post for root in threads for post in root.all()), key=lambda p: (p.when, p.number))
    ids = {id(post): _snowflake(post) for post in posts}
    shared = maker.rng.sample([post for post in posts if post.fate == "accepted"], 5)
    reposts = [
        _Post(9000 + n, p.when + timedelta(hours=2), f"penyebar{n}", f"RT @{p.who}: {p.text}", "repost", None)
        for n, p in enumerate(shared)
    ]
    ids |= {id(post): _snowflake(post) for post in reposts}
    of = {id(repost): post for repost, post in zip(reposts, shared, strict=True)}
    fates = Counter(post.fate for post in posts) + Counter(repost=len(reposts))
    lost = next(p for p in posts if p.fate == "accepted" and not p.parent and not p.below and p not in shared)
    rows = [_harvest(post, ids) for post in (*posts, *reposts)]
    next(row for row in rows if row["id_str"] == ids[id(lost)])["id_str"] = f"{float(ids[id(lost)]):.5E}"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(rows)
    (folder / "x").mkdir(parents=True, exist_ok=True)
    (folder / "x" / "tweets.csv").write_text(text.getvalue(), encoding="utf-8")
    harvest = _counts(fates - Counter(accepted=1) + Counter(no_key=1))
    tweets = [*posts, *reposts]
    for n, start in enumerate(range(0, len(tweets), 40), 1):
        some = tweets[start : start + 40]
        _write_json(folder / "x" / "api" / f"page-{n:02d}.json", _version_2(some, ids, of))
        statuses = [_version_1(post, ids, of) for post in some]
        _write_json(
            folder / "x" / "v1" / f"search-{n:02d}.json", {"statuses": statuses, "search_metadata": {"count": 40}}
        )
    _write_json(folder / "x" / "api" / "page-99.json", {"meta": {"result_count": 0}})
    return harvest | {"sources": {"harvest": harvest, "api": _counts(fates), "api_v1": _counts(fates)}}


def _snowflake(post: _Post) -> str:
    """A number as X makes them: milliseconds since 2010, and 22 further bits."""
    return str((int(post.when.timestamp() * 1000) - 1_288_834_974_657 << 22) + post.number)


def _user(post: _Post) -> str:
    return str(sum(post.who.encode()) * 10_000 + len(post.who))


def _harvest(post: _Post, ids: dict[int, str]) -> Row:
    number = ids[id(post)]
    return {
        "conversation_id_str": ids.get(id(post.root), number),
        "created_at": f"{post.when:%a %b %d %H:%M:%S +0000 %Y}",
        "favorite_count": post.number % 7,
        "full_text": post.text,
        "id_str": number,
        "image_url": "",
        "in_reply_to_screen_name": post.parent.who if post.parent else "",
        "lang": "in",
        "location": "",
        "quote_count": 0,
        "reply_count": len(post.below),
        "retweet_count": 0,
        "tweet_url": f"https://x.com/{post.who}/status/{number}",
        "user_id_str": _user(post),
        "username": post.who,
    }


def _version_2(posts: list[_Post], ids: dict[int, str], of: dict[int, _Post]) -> Row:
    data = []
    for post in posts:
        tweet: Row = {
            "id": ids[id(post)],
            "text": post.text,
            "author_id": _user(post),
            "conversation_id": ids[id(post.root)],
            "created_at": f"{post.when:%Y-%m-%dT%H:%M:%S}.000Z",
            "edit_history_tweet_ids": [ids[id(post)]],
            "public_metrics": {"like_count": 0, "reply_count": len(post.below)},
        }
        if post.parent:
            tweet["referenced_tweets"] = [{"type": "replied_to", "id": ids[id(post.parent)]}]
            tweet["in_reply_to_user_id"] = _user(post.parent)
        if id(post) in of:
            tweet["referenced_tweets"] = [{"type": "retweeted", "id": ids[id(of[id(post)])]}]
        data.append(tweet)
    users = {_user(post): post.who for post in posts}
    told = [{"id": number, "name": name.title(), "username": name} for number, name in users.items()]
    return {
        "data": data,
        "includes": {"users": told},
        "meta": {"result_count": len(data), "next_token": "b26v89c19zqg8o3f"},
    }


def _version_1(post: _Post, ids: dict[int, str], of: dict[int, _Post]) -> Row:
    number = ids[id(post)]
    tweet: Row = {
        "created_at": f"{post.when:%a %b %d %H:%M:%S +0000 %Y}",
        "id": int(number),
        "id_str": number,
        "full_text": post.text,
        "entities": {"hashtags": [], "urls": []},
        "in_reply_to_status_id": int(ids[id(post.parent)]) if post.parent else None,
        "in_reply_to_status_id_str": ids[id(post.parent)] if post.parent else None,
        "in_reply_to_screen_name": post.parent.who if post.parent else None,
        "user": {"id_str": _user(post), "screen_name": post.who, "name": post.who.title()},
        "lang": "in",
    }
    if id(post) in of:
        tweet["retweeted_status"] = _version_1(of[id(post)], ids, of)
    return tweet
