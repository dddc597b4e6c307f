"""Focuses (用户焦点): what those who take a side talk about, found in their own words, in posts and comments.

The unit is the clause, for a post names the event in one and says what it thinks of it in another. Clauses are vectors
of their words (TF-IDF over wordings: a sentence that hundreds repeat is one), and are clustered by spherical k-means
(Dhillon, Modha 2001) that starts from hubs: the words that most clauses hold which no earlier hub is in. So nothing is
drawn at random, the number of focuses is what the texts bear, and a focus has a name, its hub.

Focuses are grown from texts with a sentiment, since neutral ones relay the news in the same few sentences, and then
looked for in all. A text can speak of several; one that has no clause near any, or none of two words, of none.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from orchestration.statistics.keywords import log_odds, stop_words

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_FOCUSES = 20
SMALLEST_HUB = 0.01  # of the clauses' weight that no other hub is in: what less holds is a turn of phrase
MOST_COMMON = 0.35  # of the voices: a word that more of them say, such as the brand, tells no focuses apart
FEWEST_VOICES = 5
FEWEST_WORDS = 2  # of a clause: one word is an exclamation
NEAR = 0.3  # cosine to a focus, from which on a clause speaks of it
ROUNDS = 10  # of k-means; of 4,000 clauses fewer than 1% move after 6
GROWN_FROM = 50_000  # texts, chosen by a hash of their ids: what fewer than 1 in 100 say is still said by 500
CHUNK = 100_000  # texts, in which focuses are looked for at a time

VOCABULARY_SIZE = 20  # words by which a focus is known again
SAME = 0.25  # Jaccard index of two vocabularies, from which on they are one focus
LABEL_PHRASES = 3
LONGEST_PHRASE = 3  # words

TEXT_FOCUSES = pl.Schema(
    {
        "topic_id": pl.String(),
        "focus_id": pl.String(),  # topic_id:hub, of the day on which it was first found
        "label": pl.String(),  # its most distinctive phrases
        "vocabulary": pl.String(),  # its weightiest words, a space between them
        "text_uid": pl.String(),  # post_uid or comment_uid
        "fit": pl.Float64(),  # cosine of the text's nearest clause to the focus, NEAR to 1
    }
)


class _Model(NamedTuple):
    """What focuses are: vocabulary (word, index, idf), and a unit vector over it for each of them."""

    vocabulary: pl.DataFrame
    centroids: Floats  # word × focus
    hubs: list[str]


def find_focuses(texts: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The focuses of each topic and the texts that speak of them, in the schema TEXT_FOCUSES, a row for each of both.

    texts: a row for each topic and post or comment: topic_id, text_uid, sentiment, duplicate_group_id, segmented
    (keywords.segmented). before: topic_id, focus_id and vocabulary of what was found the last time, or no rows; a focus
    whose vocabulary is near one of these keeps its id.
    """
    found = [TEXT_FOCUSES.to_frame()]
    for (topic_id,), of_topic in texts.sort("topic_id", "text_uid").partition_by("topic_id", as_dict=True).items():
        model = _grow(of_topic)
        if not model.hubs:
            continue
        matches = pl.concat(list(_look(of_topic, model)))
        vocabularies = [" ".join(words) for words in _weightiest(model)]
        known = before.filter(topic_id=topic_id).select("focus_id", "vocabulary").unique().sort("focus_id")
        focuses = pl.DataFrame(
            {
                "focus": range(len(model.hubs)),
                "topic_id": topic_id,
                "focus_id": kept_ids(str(topic_id), vocabularies, dict(known.rows())),
                "label": _labels(matches, model),
                "vocabulary": vocabularies,
            },
            schema_overrides={"focus": pl.Int64},
        )
        best = matches.group_by("focus", "text_uid").agg(fit=pl.col("fit").max())
        found.append(best.join(focuses, on="focus").match_to_schema(TEXT_FOCUSES, extra_columns="ignore"))
    return pl.concat(found).sort("topic_id", "focus_id", "text_uid")


def kept_ids(topic_id: str, vocabularies: Sequence[str], before: dict[str, str]) -> list[str]:
    """Ids of focuses, given their vocabularies and those of the focuses before, by id.

    The likest two are matched first, each to one. A new focus is called after its first word, or the next if a focus
    before has that name.
    """

    def likeness(one: str, other: str) -> float:
        words, others = set(one.split()), set(other.split())
        return len(words & others) / len(words | others)

    pairs = sorted(
        (-likeness(vocabulary, known), number, focus_id)
        for number, vocabulary in enumerate(vocabularies)
        for focus_id, known in before.items()
    )
    ids: dict[int, str] = {}
    for unlikeness, number, focus_id in pairs:
        if -unlikeness >= SAME and number not in ids and focus_id not in ids.values():
            ids[number] = focus_id
    for number, vocabulary in enumerate(vocabularies):
        if number not in ids:
            taken = {*before, *ids.values()}
            names = [f"{topic_id}:{word}" for word in vocabulary.split()]
            ids[number] = next((name for name in names if name not in taken), f"{topic_id}:{vocabulary}")
    return [ids[number] for number in range(len(vocabularies))]


def _clauses(texts: pl.DataFrame) -> pl.DataFrame:
    """The clauses of texts that are long enough: text_uid, voice, clause, words (no stop words, each once, sorted)."""
    clauses = texts.select("text_uid", voice="duplicate_group_id", clause=pl.col("segmented").str.split(" | "))
    clauses = clauses.explode("clause")
    # By way of rows: ten times faster than list.eval, which is called for each list.
    worded = (
        clauses.select(pl.col("clause").unique())
        .with_columns(words=pl.col("clause").str.split(" "))
        .explode("words")
        .filter(pl.col("words") != "", ~pl.col("words").is_in(list(stop_words())))
        .unique()
        .sort("clause", "words")
        .group_by("clause", maintain_order=True)
        .agg("words")
        .filter(pl.col("words").list.len() >= FEWEST_WORDS)
    )
    return clauses.join(worded, on="clause", maintain_order="left")


def _wordings(clauses: pl.DataFrame) -> pl.DataFrame:
    """Clauses to a row for each set of words that is said: words, voices, in an order of their own."""
    return clauses.group_by("words").agg(voices=pl.col("voice").n_unique()).sort(pl.col("words").list.join(" "))


def _vectors(wordings: pl.DataFrame, vocabulary: pl.DataFrame) -> tuple[Ints, Ints, Floats]:
    """TF-IDF vectors of length 1, as three columns: number of the wording, index of the word, value."""
    cells = (
        wordings.select("words")
        .with_row_index("wording")
        .explode("words")
        .join(vocabulary, left_on="words", right_on="word", how="inner", maintain_order="left")
    )
    rows = cells["wording"].to_numpy().astype(np.int64)
    values = cells["idf"].to_numpy()
    length = np.sqrt(np.bincount(rows, values**2, minlength=wordings.height))
    return rows, cells["index"].to_numpy().astype(np.int64), values / length[rows]


def _grow(texts: pl.DataFrame) -> _Model:
    """The focuses of a topic's texts; none where too few say anything."""
    chosen = texts.filter(pl.col("sentiment") != "neutral").unique(
        "duplicate_group_id", keep="first", maintain_order=True
    )
    if chosen.height > GROWN_FROM:
        chosen = chosen.with_columns(place=pl.col("text_uid").hash(0)).sort("place").head(GROWN_FROM)
    clauses = _clauses(chosen)
    wordings = _wordings(clauses)
    said = clauses.explode("words").group_by("words").agg(voices=pl.col("voice").n_unique())
    worded = wordings.explode("words").group_by("words").agg(wordings=pl.len())
    vocabulary = (
        said.join(worded, on="words")
        .filter(
            pl.col("voices").is_between(FEWEST_VOICES, MOST_COMMON * chosen.height),
            pl.col("wordings") > 1,
        )
        .sort("words")
        .select(word="words", idf=(wordings.height / pl.col("wordings")).log())
        .filter(pl.col("idf") > 0)
        .with_row_index("index")
    )
    rows, words, values = _vectors(wordings, vocabulary)
    # What many voices say in the same words weighs more than what one says, but not as much as if each had its own.
    weights = 1 + np.log(wordings["voices"].to_numpy())
    hubs = _hubs(rows, words, weights, vocabulary.height)
    holds = [np.isin(rows, rows[words == hub]) for hub in hubs]
    centroids = _centroids(rows, words, values, weights, holds, vocabulary.height)
    for _ in range(ROUNDS):
        nearest, cosine = _nearest(rows, words, values, centroids, wordings.height)
        member = np.where(cosine >= NEAR, nearest, -1)[rows]
        belong = [member == focus for focus in range(len(hubs))]
        centroids = _centroids(rows, words, values, weights, belong, vocabulary.height)
    return _Model(vocabulary, centroids, [vocabulary["word"][hub] for hub in hubs])


def _hubs(rows: Ints, words: Ints, weights: Floats, size: int) -> list[int]:
    """Words, each the one that is in most of the weight which none before it is in (greedy maximum coverage)."""
    uncovered = weights.copy()
    hubs: list[int] = []
    while size and len(hubs) < MOST_FOCUSES:
        held = np.bincount(words, uncovered[rows], minlength=size)
        hub = int(held.argmax())
        if held[hub] <= SMALLEST_HUB * weights.sum():
            break
        hubs.append(hub)
        uncovered[rows[words == hub]] = 0
    return hubs


def _centroids(
    rows: Ints, words: Ints, values: Floats, weights: Floats, members: Sequence[npt.NDArray[np.bool_]], size: int
) -> Floats:
    """The weighted sums of each focus's vectors, at length 1; a focus that lost all of them is near nothing."""
    sums = [np.bincount(words[of], values[of] * weights[rows[of]], minlength=size) for of in members]
    centroids = np.stack(sums, axis=1) if sums else np.zeros((size, 0))
    return centroids / np.maximum(np.linalg.norm(centroids, axis=0), 1e-12)


def _nearest(rows: Ints, words: Ints, values: Floats, centroids: Floats, count: int) -> tuple[Ints, Floats]:
    """Of each of ``count`` wordings the nearest focus and the cosine to it."""
    if not centroids.shape[1]:
        return np.full(count, -1), np.zeros(count)
    cosines = np.stack([np.bincount(rows, values * of[words], minlength=count) for of in centroids.T], axis=1)
    return cosines.argmax(axis=1), cosines.max(axis=1)


def _look(texts: pl.DataFrame, model: _Model) -> Iterator[pl.DataFrame]:
    """The clauses of texts that speak of a focus: text_uid, voice, clause, focus, fit."""
    for chunk in texts.iter_slices(CHUNK):
        clauses = _clauses(chunk)
        wordings = _wordings(clauses)
        nearest, cosine = _nearest(*_vectors(wordings, model.vocabulary), model.centroids, wordings.height)
        near = wordings.select("words", focus=pl.Series(nearest), fit=pl.Series(cosine).clip(0, 1))
        yield clauses.join(near.filter(pl.col("fit") >= NEAR), on="words").drop("words")


def _weightiest(model: _Model) -> list[list[str]]:
    """The vocabulary of each focus, its hub first."""
    words = model.vocabulary["word"].to_list()
    return [
        list(
            dict.fromkeys(
                [hub, *(words[index] for index in np.argsort(-of, kind="stable")[:VOCABULARY_SIZE] if of[index] > 0)]
            )
        )[:VOCABULARY_SIZE]
        for hub, of in zip(model.hubs, model.centroids.T, strict=True)
    ]


def _labels(matches: pl.DataFrame, model: _Model) -> list[str]:
    """For each focus the phrases that set it apart from the other focuses, the strongest first.

    A phrase is one to LONGEST_PHRASE words that stand together, no stop word at either end, and one of them at least a
    word that can tell focuses apart. Longer ones are preferred, for they say more; none shares a word with another.
    """
    telling = model.vocabulary["word"].to_list()
    tokens = matches.select("focus", "voice", tokens=pl.col("clause").str.split(" ")).with_row_index("clause")
    tokens = tokens.explode("tokens").with_columns(is_stop=pl.col("tokens").is_in(list(stop_words())))
    tokens = tokens.with_columns(is_telling=pl.col("tokens").is_in(telling))
    token, is_stop = pl.col("tokens"), pl.col("is_stop")
    grams = [
        tokens.select(
            "focus",
            "voice",
            phrase=pl.concat_str([token.shift(-step).over("clause") for step in range(size)], separator=" "),
            is_whole=~is_stop & ~is_stop.shift(1 - size).over("clause"),
            is_telling=pl.any_horizontal(pl.col("is_telling").shift(-step).over("clause") for step in range(size)),
            size=pl.lit(size),
        ).filter("is_whole", "is_telling", pl.col("phrase").is_not_null())
        for size in range(1, LONGEST_PHRASE + 1)
    ]
    said = pl.concat(grams).group_by("focus", "phrase", "size").agg(voices=pl.col("voice").n_unique())
    totals = matches.group_by("focus").agg(of=pl.col("voice").n_unique())
    scored = (
        said.filter(pl.col("voices") >= FEWEST_VOICES)
        .join(totals, on="focus")
        .with_columns(
            there=pl.col("voices").sum().over("phrase") - pl.col("voices"), of_there=totals["of"].sum() - pl.col("of")
        )
        .with_columns(strength=log_odds("voices", "of", "there", "of_there").fill_null(0) * pl.col("size"))
        .sort("strength", "phrase", descending=[True, False])
    )
    labels = []
    for focus in range(len(model.hubs)):
        phrases: list[str] = []
        used: set[str] = set()
        for phrase in scored.filter(pl.col("focus") == focus)["phrase"]:
            if used.isdisjoint(phrase.split(" ")) and len(phrases) < LABEL_PHRASES:
                phrases.append(_written(phrase))
                used |= set(phrase.split(" "))
        labels.append("、".join(phrases) or model.hubs[focus])
    return labels


def _written(phrase: str) -> str:
    """Words as they are written: with a space between Latin ones only."""
    words = phrase.split(" ")
    joined = words[0]
    for before, word in pairwise(words):
        joined += (" " if before[-1].isascii() and word[0].isascii() else "") + word
    return joined
