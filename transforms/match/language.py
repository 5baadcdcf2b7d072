"""Reads Indonesian complaint text as words: folds slang and spellings, weighs words, finds streets and names.

Weights come from a frozen list (``words.yaml``), not from the records at hand, so that a key or a score never depends
on which other records happen to be in the batch. Cleaning of what is stored is the normaliser's; nothing here is kept.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ruamel.yaml import YAML

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

WORDS_FILE = Path(__file__).with_name("words.yaml")
_REPEATED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"^([a-z]{3,})2$")
_SUFFIXES = (("nya", 4), ("lah", 5), ("kah", 5), ("pun", 5))


@dataclass(frozen=True)
class Lexicon:
    """The word lists of ``words.yaml``, ready for look-up."""

    slang: dict[str, str]
    concepts: dict[str, str]
    stop: frozenset[str]
    common: frozenset[str]
    street_words: frozenset[str]
    street_fillers: frozenset[str]
    landmark_words: frozenset[str]
    titles: frozenset[str]
    names: dict[str, str]
    placeholders: frozenset[str]
    common_names: frozenset[str]

    def fold(self, word: str) -> str:
        """One spelling, and one word for one trouble: ``jln`` → ``jalan``, ``berlubang2`` → ``lubang``."""
        word = _DOUBLED.sub(r"\1", _REPEATED.sub(r"\1", word))
        word = self.slang.get(word, word)
        if word not in self.concepts and word not in self.stop:
            for suffix, stem in _SUFFIXES:
                if word.endswith(suffix) and len(word) - len(suffix) >= stem:
                    word = word.removesuffix(suffix)
                    break
            word = self.slang.get(word, word)
        return self.concepts.get(word, word)

    def weight(self, word: str) -> float:
        """0 for function words and short numbers, a half for the usual words of complaints, else 1."""
        if word in self.stop or len(word) < 2 or (word.isdigit() and len(word) < 4):
            return 0.0
        return 0.5 if word in self.common or word.isdigit() else 1.0

    def fold_name(self, name: str) -> str:
        """A person's name without titles, initials and placeholders: ``Bpk. Moh. Rizki S, SH`` → ``muhammad rizki``."""
        before_degrees = name.lower().partition(",")[0]
        words = [w for w in re.sub(r"[^a-z]+", " ", before_degrees).split() if w not in self.titles]
        if words and all(w in self.placeholders for w in words):
            return ""
        return " ".join(w for w in (self.names.get(w, w) for w in words) if len(w) > 1)


@cache
def lexicon() -> Lexicon:
    """The lexicon of ``words.yaml``. Raises ``ValueError`` if a variant stands under two words."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(WORDS_FILE.read_text(encoding="utf-8"))
    return Lexicon(
        slang=_invert(data["slang"]),
        concepts=_invert(data["concepts"]),
        stop=frozenset(data["stop"].split()),
        common=frozenset(data["common"].split()),
        street_words=frozenset(data["street_words"]),
        street_fillers=frozenset(data["street_fillers"]),
        landmark_words=frozenset(data["landmark_words"]),
        titles=frozenset(data["titles"].split()),
        names=_invert(data["names"]),
        placeholders=frozenset(data["placeholders"].split()),
        common_names=frozenset(data["common_names"].split()),
    )


def _invert(groups: dict[str, list[str]]) -> dict[str, str]:
    out: dict[str, str] = {}
    for word, variants in groups.items():
        for variant in variants:
            if out.setdefault(variant, word) != word:
                raise ValueError(f"{WORDS_FILE.name}: {variant!r} stands under {out[variant]!r} and {word!r}")
    return out


@dataclass(frozen=True)
class Tokens:
    """A text column as words: one entry per word, in order. ``row`` is the position of the record."""

    row: Ints
    word: Ints  # into vocabulary
    vocabulary: tuple[str, ...]
    weight: Floats  # per vocabulary entry
    code: Hashes  # per vocabulary entry: a hash that is the same in every run


def tokenise(column: pd.Series) -> Tokens:
    """Words of a text column, lower case, folded; null gives no words."""
    values = pc.utf8_lower(pa.array(column.to_numpy(dtype=object), type=pa.large_string(), from_pandas=True))
    lists = pc.split_pattern(pc.replace_substring_regex(values, "[^a-z0-9]+", " "), " ")
    row = pc.list_parent_indices(lists).to_numpy().astype(np.int32)
    encoded = pc.list_flatten(lists).dictionary_encode()
    seen: list[str] = encoded.dictionary.to_pylist()
    words = lexicon()
    folded, vocabulary = pd.factorize(np.array([words.fold(w) for w in seen], dtype=object))
    word = folded.astype(np.int32)[encoded.indices.to_numpy()] if seen else np.empty(0, dtype=np.int32)
    keep = np.array([w != "" for w in seen], dtype=bool)[encoded.indices.to_numpy()] if seen else np.empty(0, bool)
    return Tokens(
        row=row[keep],
        word=word[keep],
        vocabulary=tuple(vocabulary),
        weight=np.array([words.weight(w) for w in vocabulary], dtype=np.float32),
        code=np.array([stable_hash(w) for w in vocabulary], dtype=np.uint64),
    )


def stable_hash(value: str) -> int:
    """64 bits of BLAKE2b: the same in every run, process and version."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True)
class WordSets:
    """For each record at most ``width`` different words, the heaviest first; -1 where there are fewer."""

    word: npt.NDArray[np.int32]  # records × width
    weight: Floats  # records × width
    total: Floats  # per record


def word_sets(tokens: Tokens, rows: int, width: int) -> WordSets:
    """The words of each record as a set. Beyond ``width`` the same words are left out in every record that has them."""
    order = np.lexsort((tokens.code[tokens.word], -tokens.weight[tokens.word], tokens.row))
    row, word = tokens.row[order], tokens.word[order]
    keep = tokens.weight[word] > 0
    keep[1:] &= (row[1:] != row[:-1]) | (word[1:] != word[:-1])
    row, word = row[keep], word[keep]
    place = rank_within(row)
    inside = place < width
    row, word, place = row[inside], word[inside], place[inside]
    words = np.full((rows, width), -1, dtype=np.int32)
    weights = np.zeros((rows, width), dtype=np.float32)
    words[row, place] = word
    weights[row, place] = tokens.weight[word]
    return WordSets(words, weights, weights.sum(axis=1))


def rank_within(group: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """0, 1, 2 … within each run of equal values of a sorted array."""
    if not len(group):
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    return np.arange(len(group)) - np.repeat(starts, np.diff(np.r_[starts, len(group)]))


def street_tokens(tokens: Tokens) -> Tokens:
    """Of ``tokens`` only those that name a street: what follows *jalan*, *gang* or *perumahan* and is no usual word."""
    return _only(tokens, _in_street(tokens))


def landmark_tokens(tokens: Tokens) -> Tokens:
    """Of ``tokens`` only those that name a landmark: two words after *depan*, *dekat*, *belakang* …, but no street."""
    return _only(tokens, _in_landmark(tokens))


def trouble_tokens(tokens: Tokens) -> Tokens:
    """``tokens`` without streets and landmarks, which are compared by themselves: what is wrong, not where."""
    street = _in_street(tokens)
    opens = np.zeros(len(street), dtype=bool)
    opens[:-1] = street[1:] & _among(tokens, lexicon().street_words)[tokens.word[:-1]]
    return _only(tokens, ~(street | opens | _in_landmark(tokens)))


def _in_street(tokens: Tokens) -> Flags:
    words = lexicon()
    fills = _among(tokens, words.street_fillers)
    after = _follow(tokens, _among(tokens, words.street_words)[tokens.word])
    after |= _follow(tokens, after & fills[tokens.word])
    found: Flags = after & ((tokens.weight >= 1.0) & ~fills)[tokens.word]
    return found


def _in_landmark(tokens: Tokens) -> Flags:
    words = lexicon()
    usual = _among(tokens, words.street_words | words.street_fillers)[tokens.word]
    first = _follow(tokens, _among(tokens, words.landmark_words)[tokens.word]) & ~usual
    near = first | (_follow(tokens, first) & ~usual)
    found: Flags = near & (tokens.weight > 0)[tokens.word]
    return found


def _among(tokens: Tokens, words: frozenset[str]) -> Flags:
    return np.array([w in words for w in tokens.vocabulary], dtype=bool)


def _follow(tokens: Tokens, marked: Flags) -> Flags:
    """Which tokens stand right after a marked one of the same record."""
    after = np.zeros(len(marked), dtype=bool)
    after[1:] = marked[:-1] & (tokens.row[1:] == tokens.row[:-1])
    return after


def _only(tokens: Tokens, keep: Flags) -> Tokens:
    return Tokens(tokens.row[keep], tokens.word[keep], tokens.vocabulary, tokens.weight, tokens.code)


def message_column(records: pd.DataFrame) -> pd.Series:
    """The citizen's words: the text, with the title before it where the text has fewer than four words."""
    text = records["text"].fillna("")
    short = text.str.count(" ") < 3
    return text.where(~short, (records["title"].fillna("") + " " + text).str.strip())
