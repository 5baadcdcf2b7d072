"""Emits the keys at which records meet. Two records that share no key are never compared.

A key depends on its own record alone and on the frozen word list: never on what else is in the store. The store keeps a
keyed hash of the value, so a value may hold personal data, but must not be written anywhere else.
"""

import numpy as np
import pandas as pd

from transforms.match.language import Tokens, lexicon, message_column, rank_within, street_tokens, tokenise

STRONG = ("ticket", "text_person", "nik_category")
WEAK = (
    "phone", "email", "account", "nik", "name_city", "name_place", "village_category", "district_category",
    "street_city", "cell_category", "words",
)  # fmt: skip
KINDS = STRONG + WEAK
WHISTLEBLOWING = "whistleblowing"

OTHER_TOPICS = "TOPIK LAINNYA"  # the branch of the SP4N tree for whatever fits nowhere
_WORD_PAIRS = 3
_STREETS = 2
_CELL_DEGREES = 0.005  # about 550 m at the equator
_SHORTEST_TICKET = 4


def emit_keys(records: pd.DataFrame) -> pd.DataFrame:
    """Keys of each record: ``uid``, ``kind`` (of ``KINDS``), ``value``, ``strong``. Takes ``RECORD_COLUMNS``.

    Strong keys hold for ever, weak ones only within a window of time; a record without ``submitted_at`` gets strong
    ones only. Whistle-blower reports get none.
    """
    records = records[(records["type"] != WHISTLEBLOWING).to_numpy()].reset_index(drop=True)
    message = message_column(records)
    tokens = tokenise(message)
    names = fold_names(records["name"])
    city = records["region_code"].str.slice(0, 5).fillna("")
    main = main_category(records["category"])
    village = city + "|" + records["village"].str.lower()
    first_name = names.str.extract(r"^(\S+)", expand=False)
    parts = [
        _tickets(records),
        *_text_and_person(records, tokens, names),
        _part(records, "nik_category", records["nik"] + "|" + main),
        _part(records, "phone", records["phone"]),
        _part(records, "email", records["email"]),
        _part(records, "account", records["account"]),
        _part(records, "nik", records["nik"]),
        _part(records, "name_city", sort_words(names) + "|" + city),
        _part(records, "name_place", first_name + "|" + village),
        _part(records, "village_category", village + "|" + main),
        _part(records, "district_category", city + "|" + records["district"].str.lower() + "|" + main),
        _streets(records, city),
        _part(records, "cell_category", _cell(records) + "|" + main),
        _rare_pairs(records, tokens, city),
    ]
    keys = pd.concat(parts, ignore_index=True)
    keys["strong"] = keys["kind"].isin(STRONG)
    dated = keys["uid"].isin(records.loc[records["submitted_at"].notna(), "uid"])
    return keys[keys["strong"] | dated].drop_duplicates(ignore_index=True)


def fold_names(column: pd.Series) -> pd.Series:
    """Names as ``Lexicon.fold_name`` writes them; null where nothing is left."""
    fold = lexicon().fold_name
    folded = {name: fold(name) or None for name in column.dropna().unique()}
    return column.map(folded).astype("str")


def sort_words(names: pd.Series) -> pd.Series:
    """Each name with its words in alphabetical order: channels ask for them in different orders."""
    return names.map(lambda name: " ".join(sorted(name.split())), na_action="ignore").astype("str")


def main_category(column: pd.Series) -> pd.Series:
    """The main branch of a category path: channels differ in how deep they go."""
    return column.str.replace(r" *> .*", "", regex=True).str.strip().replace("", None)


def clean_numbers(column: pd.Series) -> pd.Series:
    """Ticket numbers separated by blanks, as lists of capital letters and digits."""
    return column.fillna("").str.upper().str.replace(r"[^A-Z0-9 ]", "", regex=True).str.split()


def _part(records: pd.DataFrame, kind: str, value: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"uid": records["uid"].to_numpy(), "kind": kind, "value": value.to_numpy()})
    return frame[value.notna().to_numpy()]


def _tickets(records: pd.DataFrame) -> pd.DataFrame:
    """A number that somebody holds, quotes or got from the national system: one kind, so that all may meet."""
    numbers = clean_numbers(
        records["old_numbers"].fillna("") + " " + records["quoted_numbers"].fillna("") + " "
        + records["sp4n_id"].fillna("")
    )  # fmt: skip
    numbers.index = pd.Index(records["uid"])
    values = numbers.explode().dropna().astype("str")
    values = values[values.str.len() >= _SHORTEST_TICKET]
    return pd.DataFrame({"uid": values.index.to_numpy(), "kind": "ticket", "value": values.to_numpy()})


def _text_and_person(records: pd.DataFrame, tokens: Tokens, names: pd.Series) -> list[pd.DataFrame]:
    """The folded text word for word, with whatever tells the person: finds backlog that was keyed in again."""
    code = tokens.code[tokens.word] if len(tokens.word) else np.empty(0, dtype=np.uint64)
    place = rank_within(tokens.row)
    with np.errstate(over="ignore"):
        spread = code * (2 * place.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
    total = np.zeros(len(records), dtype=np.uint64)
    np.add.at(total, tokens.row, spread)
    filled = np.bincount(tokens.row, minlength=len(records)) >= 3
    text = pd.Series(total, index=records.index).astype("str").where(filled)
    people = (records["phone"], records["email"], records["account"], records["nik"], names)
    return [_part(records, "text_person", person + "|" + text) for person in people]


def _streets(records: pd.DataFrame, city: pd.Series) -> pd.DataFrame:
    streets = street_tokens(tokenise(records["location"].fillna("") + " . " + records["text"].fillna("")))
    keep = rank_within(streets.row) < _STREETS
    names = np.array(streets.vocabulary, dtype=object)[streets.word[keep]]
    row = streets.row[keep]
    value = [f"{name}|{place}" for name, place in zip(names, city.to_numpy()[row], strict=True)]
    return pd.DataFrame({"uid": records["uid"].to_numpy()[row], "kind": "street_city", "value": value}, dtype="str")


def _cell(records: pd.DataFrame) -> pd.Series:
    latitude = (records["latitude"] / _CELL_DEGREES).round()
    longitude = (records["longitude"] / _CELL_DEGREES).round()
    cell = latitude.astype("Int64").astype("str") + ":" + longitude.astype("Int64").astype("str")
    return cell.where(latitude.notna() & longitude.notna())


def _rare_pairs(records: pd.DataFrame, tokens: Tokens, city: pd.Series) -> pd.DataFrame:
    """The ``_WORD_PAIRS`` pairs of neighbouring words that are rarest by the frozen list, ties by the smaller hash.

    Choosing by hash needs no counts of other records, and two texts that share many pairs choose the same ones with
    high odds (MinHash). A pair of two usual words (*jalan rusak*) is no key.
    """
    heavy = tokens.weight[tokens.word] > 0
    row, word = tokens.row[heavy], tokens.word[heavy]
    inside = (row[1:] == row[:-1]) & (word[1:] != word[:-1])
    left, right, row = word[:-1][inside], word[1:][inside], row[1:][inside]
    weight = tokens.weight[left] + tokens.weight[right]
    rare = weight > 1.0
    left, right, row, weight = left[rare], right[rare], row[rare], weight[rare]
    low = np.minimum(tokens.code[left], tokens.code[right])
    high = np.maximum(tokens.code[left], tokens.code[right])
    with np.errstate(over="ignore"):
        code = (low * np.uint64(0xFF51AFD7ED558CCD)) ^ (high * np.uint64(0xC4CEB9FE1A85EC53))
    order = np.lexsort((code, -weight, row))
    row, code = row[order], code[order]
    first = np.r_[True, (row[1:] != row[:-1]) | (code[1:] != code[:-1])] if len(row) else np.empty(0, dtype=bool)
    row, code = row[first], code[first]
    keep = rank_within(row) < _WORD_PAIRS
    row, code = row[keep], code[keep]
    value = pd.Series(code).astype("str") + "|" + city.iloc[row].reset_index(drop=True)
    return pd.DataFrame({"uid": records["uid"].to_numpy()[row], "kind": "words", "value": value.to_numpy()})
