"""The shape ``social``: posts and comments, most of which are no complaints, and the government's answers among them.

A repost is excluded; what the government's own accounts wrote is an answer where it leads to a complaint, else no
complaint; what citizens wrote is judged by declared rules, and the row says which held and why. A complaint below a
complaint is one of its own that quotes the first. The order of rows decides nothing: posts are ordered by their keys.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
import pandas as pd

from schemas.channel import Channel
from schemas.codes import ExclusionRule
from schemas.mapping import Mapping, column_maps
from schemas.shapes import PostRule, Social
from transforms.normalise import rows
from transforms.normalise.shapes.base import QUOTES, Shaped
from transforms.normalise.shapes.joining import COMPLAINT
from transforms.normalise.shapes.stamps import AT, stamp_texts
from transforms.normalise.tables import column, join
from transforms.normalise.values import look_up

WHY = "_why"  # column: the rule that decided, and the declared word that betrayed the post
CAME_AS = "{} (as it came)"  # column: a number of which digits are lost, where the cell itself becomes null
COMPLAINED = "complaint"
OWN_POST = "own_post"
_REPOST = re.compile(r"\s*RT @\w+", re.IGNORECASE)
_FLOAT = r"-?\d+(?:[.,]\d+)?[eE][+-]?\d+"
_EXACT = 1 << 53  # greater whole numbers are rounded by a float
_WORD = re.compile(r"\w")
_FEWEST = 3  # numbers that end in zeros tell nothing if they are fewer


def shape_social(frame: pd.DataFrame, mapping: Mapping, channel: Channel) -> Shaped:
    """``frame`` with ``WHY``, ``QUOTES`` and, of a stamp, ``AT``; the government's answers apart.

    An answer's ``COMPLAINT`` is the complaint that it leads to: up the chain of replies, else in its conversation or
    chat; or a post that is not in this load, for an earlier one may have it.
    """
    options = mapping.social
    if options is None:
        return Shaped(frame)
    is_read = any(event.table == options.answers for event in mapping.events)
    if frame.empty:
        return Shaped(frame, answers={options.answers: frame} if is_read else {})
    frame, problems = _without_rounded(frame, mapping, options)
    if options.stamp is not None:
        frame = frame.assign(**{AT: stamp_texts(column(frame, options.stamp))})
    posts = _read(frame, mapping, options, channel)
    posts["rule"], posts["why"] = _judge(posts, options)
    threads = _Threads.of(posts)
    own = posts["is_own"] & posts["rule"].isna()
    target = pd.Series([threads.complaint_of(i) for i in range(len(posts))], index=frame.index, dtype="str")
    answers = own & target.notna() & is_read
    rule = posts["rule"].mask(own & ~answers, OWN_POST)
    quotes = target.where(rule.isna() & target.ne(posts["key"]))
    made = frame.assign(**{WHY: posts["why"].mask(own, OWN_POST), QUOTES: quotes})
    apart = frame[answers].assign(**{COMPLAINT: target[answers]}).reset_index(drop=True)
    return Shaped(
        made[~answers].reset_index(drop=True),
        answers={options.answers: apart} if is_read else {},
        rule=rule[~answers].reset_index(drop=True),
        problems=problems,
    )


def unbroken(text: str) -> str:
    """``text`` with UTF-8 that was written byte by byte as Latin-1 put together, as archives of Facebook have it.

    Only if all of it is such: then writing it so again gives the same text. Any other text stays as it is.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _account(name: str) -> str:
    return unbroken(name).strip().lstrip("@").casefold()


def _without_rounded(frame: pd.DataFrame, mapping: Mapping, options: Social) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """``frame`` with null for numbers of posts of which digits are lost, which stand beside it as they came."""
    made: dict[str, pd.Series] = {}
    problems = []
    for name in dict.fromkeys([*mapping.key, *options.reply_to, options.conversation]):
        if name not in frame.columns or name is None:
            continue
        lost = lost_digits(frame[name])
        if lost.any():
            made |= {name: frame[name].mask(lost), CAME_AS.format(name): frame[name].where(lost)}
            problems.append(f"{mapping.table}.{name}: {int(lost.sum())} numbers passed through a float and lost digits")
    return frame.assign(**made), tuple(problems)


def lost_digits(numbers: pd.Series) -> pd.Series:
    """Where a number no longer has all its digits.

    1.72E+18 and 1726570123456789012.0 were floats; of a column in which most numbers of 18 digits and more end in 00,
    as they do after a spreadsheet or JavaScript, those that do.
    """
    text = numbers.fillna("").astype("str").str.strip()
    lost = text.str.fullmatch(_FLOAT) | look_up(text, _is_beyond_floats)
    long = text.str.fullmatch(r"\d{18,}")
    rounded = long & text.str.endswith("00")
    if rounded.sum() >= _FEWEST and 2 * rounded.sum() > long.sum():
        lost |= rounded
    return lost.astype(bool)


def _is_beyond_floats(text: str) -> bool:
    return re.fullmatch(r"\d{16,30}\.0+", text) is not None and int(text.partition(".")[0]) > _EXACT


def _read(frame: pd.DataFrame, mapping: Mapping, options: Social, channel: Channel) -> pd.DataFrame:
    """Of each row: key, text (folded), author, parent, root, whom, chat, is_own, is_repost, is_reply."""
    nulls = channel.null_tokens

    def first(names: Iterable[str | None]) -> pd.Series:
        found = pd.Series(None, index=frame.index, dtype="str")
        for name in names:
            found = found.where(found.notna(), column(frame, name, nulls)) if name else found
        return found

    posts = pd.DataFrame({"key": rows.column_key(frame, mapping.key, nulls)}, index=frame.index)
    links = look_up(first([options.referenced]), _references)
    said = column_maps(mapping.columns).get("text")
    texts = [column(frame, name, nulls).fillna("") for name in (said.origins if said else ())]
    raw = join(texts, " ") if texts else pd.Series("", index=frame.index, dtype="str")
    posts["text"] = look_up(raw, _fold_text).astype("str")
    parent = first(options.reply_to)
    parent = parent.where(parent.notna(), look_up(links, lambda found: found[0]).astype("str"))
    root = first([options.conversation])
    posts["parent"], posts["root"] = parent.mask(parent.eq(posts["key"])), root.mask(root.eq(posts["key"]))
    posts["whom"] = look_up(first([options.reply_to_author]), _account).astype("str")
    posts["chat"] = first([options.chat])
    own = {_account(name) for name in options.accounts}
    authors = [look_up(column(frame, name, nulls), _account).astype("str") for name in options.author]
    posts["author"] = first([])
    for author in authors:
        posts["author"] = posts["author"].where(posts["author"].notna(), author)
    posts["is_own"] = pd.concat([a.isin(own) for a in authors], axis=1).any(axis=1)
    repeated = look_up(links, lambda found: found[1]).eq(True)
    posts["is_repost"] = first(options.repost_of).notna() | repeated | raw.str.strip().str.match(_REPOST)
    posts["is_reply"] = posts[["parent", "root", "whom"]].notna().any(axis=1) | posts["chat"].notna()
    return posts


def _references(cell: str) -> tuple[str | None, bool]:
    """What X's ``referenced_tweets`` says: the post that is answered, and whether another one is repeated."""
    try:
        links = orjson.loads(cell)
    except orjson.JSONDecodeError:
        return None, False
    links = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    answered = [str(link.get("id")) for link in links if link.get("type") == "replied_to" and link.get("id")]
    return (min(answered) if answered else None), any(link.get("type") == "retweeted" for link in links)


def _fold_text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unbroken(text)).casefold().split())


def _judge(posts: pd.DataFrame, options: Social) -> tuple[pd.Series, pd.Series]:
    """The rule by which each row is no complaint (null for the government's, which are looked at later), and why.

    A post without a word is left to be quarantined, for it may be a picture of something; a comment without is not.
    """
    tests = [(rule, _Test(rule)) for rule in options.rules]

    def judge(text: str) -> tuple[str, str]:
        for rule, test in tests:
            if word := test.find(text):
                return rule.rule, f"{rule.rule}: {word}"
        return options.otherwise, f"{options.otherwise}: no rule holds"

    judged = look_up(posts["text"], judge)
    rule = judged.str[0].mask(judged.str[0].eq(COMPLAINED))
    why = judged.str[1]
    speechless = ~posts["text"].str.contains(_WORD)
    rule = rule.mask(speechless & ~posts["is_reply"], None)
    why = why.mask(speechless, "no words")
    rule = rule.mask(posts["is_own"], None)
    return rule.mask(posts["is_repost"], ExclusionRule.REPOST.value), why.mask(posts["is_repost"], "repost")


class _Test:
    """One rule as regular expressions that tell which declared word was found in a folded text."""

    def __init__(self, rule: PostRule) -> None:
        words = [(word, _word_pattern(word)) for word in rule.words]
        signs = [(f"#{t.lstrip('#')}", re.escape(f"#{_account(t).lstrip('#')}")) for t in rule.hashtags]
        signs += [(f"@{m.lstrip('@')}", re.escape(f"@{_account(m)}")) for m in rule.mentions]
        groups = [r"(?<![\w#@])(?:%s)(?!\w)" % "|".join(p for _, p in words)] if words else []  # noqa: UP031
        groups += [rf"{sign}(?!\w)" for _, sign in signs]
        groups += [f"(?is:{pattern})" for pattern in rule.patterns]
        self._any = re.compile("|".join(f"(?:{group})" for group in groups) or r"(?!)")
        self._each = [(word, re.compile(rf"(?<![\w#@]){pattern}(?!\w)")) for word, pattern in words]
        self._each += [(name, re.compile(rf"{sign}(?!\w)")) for name, sign in signs]
        self._each += [(pattern, re.compile(f"(?is:{pattern})")) for pattern in rule.patterns]

    def find(self, text: str) -> str | None:
        """The first declared word that ``text`` holds."""
        if not self._any.search(text):
            return None
        return next((name for name, test in self._each if test.search(text)), None)


def _word_pattern(word: str) -> str:
    folded = _fold_text(word)
    stem = r"\s+".join(map(re.escape, folded.rstrip("*").split()))
    return stem + (r"\w*" if folded.endswith("*") else "")


_Found = tuple[tuple[int, str], str, str]  # age, key and author of a complaint


def _age(key: str) -> tuple[int, str]:
    """How keys grow: numbers by their value, others by their letters."""
    return len(key), key


@dataclass(frozen=True)
class _Threads:
    """Who answers whom, by key. A key that stands in several rows is what any of them says."""

    posts: list[tuple[str | None, ...]]  # key, parent, root, whom, chat by row
    parents: dict[str, str | None]
    complaints: frozenset[str]
    by_root: dict[str, list[_Found]]
    by_chat: dict[str, list[_Found]]

    @classmethod
    def of(cls, posts: pd.DataFrame) -> "_Threads":
        told = posts.astype(object).where(posts.notna(), None)
        parents: dict[str, str | None] = {}
        for key, parent in zip(told["key"], told["parent"], strict=True):
            if key is not None:
                parents[key] = min(filter(None, (parents.get(key), parent)), default=None)
        kept = told[(posts["rule"].isna() & ~posts["is_own"] & posts["key"].notna()).to_numpy(dtype=bool)]
        roots = kept["root"].where(kept["root"].notna(), kept["key"])
        columns = (told[name] for name in ("key", "parent", "root", "whom", "chat"))
        return cls(
            list(zip(*columns, strict=True)),
            parents,
            frozenset(kept["key"]),
            _grouped(roots, kept),
            _grouped(kept["chat"], kept),
        )

    def complaint_of(self, row: int) -> str | None:
        """The key of the complaint below which ``row`` stands, or of a post that is not here; None if there is none."""
        key, parent, root, whom, chat = self.posts[row]
        seen: set[str] = set()
        while parent is not None and parent not in seen:
            if parent in self.complaints or parent not in self.parents:
                return parent
            seen.add(parent)
            parent = self.parents[parent]
        if root is not None and not seen:
            return self._in_conversation(key, root, whom)
        if root is not None and root in self.complaints:
            return root
        return _latest(self.by_chat.get(chat, ()), key) if chat is not None else None

    def _in_conversation(self, key: str | None, root: str, whom: str | None) -> str | None:
        theirs = [found for found in self.by_root.get(root, ()) if found[2] == whom]
        if whom is not None and (answered := _latest(theirs, key)):
            return answered
        return root if root in self.complaints or root not in self.parents else None


def _grouped(groups: pd.Series, kept: pd.DataFrame) -> dict[str, list[_Found]]:
    """The complaints of each group, by age."""
    out: dict[str, set[_Found]] = {}
    for group, key, author in zip(groups, kept["key"], kept["author"], strict=True):
        if group is not None:
            out.setdefault(group, set()).add((_age(key), key, author or ""))
    return {group: sorted(found) for group, found in out.items()}


def _latest(found: Sequence[_Found], key: str | None) -> str | None:
    """The latest of ``found`` that came before ``key``; of a post without a key the only one there is."""
    if key is None:
        return found[0][1] if len(found) == 1 else None
    before = [one for one in found if one[0] < _age(key)]
    return before[-1][1] if before else None
