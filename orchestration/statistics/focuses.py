"""Focuses (用户焦点): the points that people who take a side talk about, clustered from posts and comments.

The unit is the clause, since a post often names the event in one clause and comments on it in another. Clauses are
TF-IDF vectors over distinct wordings (a sentence that hundreds repeat is one wording), clustered by spherical k-means
(Dhillon, Modha 2001). It starts from hubs: each hub is the word in the most clauses that contain no earlier hub. So
nothing is random, the number of focuses follows from the texts, and each focus is named after its hub.

Focuses are clustered from texts with a sentiment, since neutral texts repeat the news in the same few sentences. All
texts are then matched to them. A text can have several focuses; it has none if no clause of at least two words is near
one.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, count, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from orchestration.statistics.keywords import log_odds, stop_words

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_FOCUSES = 20
SMALLEST_HUB = 0.01  # share of the clauses' weight that a hub must add: less is a turn of phrase
MOST_COMMON = 0.35  # share of the voices: words that more voices use, such as the brand, do not separate focuses
FEWEST_VOICES = 5
FEWEST_WORDS = 2  # of a clause: one word is an exclamation
NEAR = 0.3  # smallest cosine between a clause and its focus
ROUNDS = 10  # of k-means; of 4,000 clauses fewer than 1% move after round 6
MOST_CLUSTERED = 50_000  # texts, sampled by a hash of their ids: 1 in 100 is then still 500 texts
CHUNK = 100_000  # texts that are matched at a time

VOCABULARY_SIZE = 20  # words by which a focus is recognised at the next build
SAME = 0.25  # smallest Jaccard index of two vocabularies of the same focus
LABEL_PHRASES = 3
LONGEST_PHRASE = 3  # words

TEXT_FOCUSES = pl.Schema(
    {
        "topic_id": pl.String(),
        "focus_id": pl.String(),  # topic_id:hub, with the hub at the first build that had this focus
        "label": pl.String(),  # its most distinctive phrases
        "vocabulary": pl.String(),  # its words of greatest weight, separated by spaces
        "text_uid": pl.String(),  # post_uid or comment_uid
        "fit": pl.Float64(),  # cosine between the focus and the nearest clause of the text, NEAR to 1
    }
)


class _Model(NamedTuple):
    """The clusters. vocabulary: word, index, idf; centroids: a unit vector over the vocabulary for each focus."""

    vocabulary: pl.DataFrame
    centroids: Floats  # word × focus
    hubs: list[str]


def find_focuses(texts: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The focuses of each topic and their texts: a row for each focus and text, in the schema TEXT_FOCUSES.

    texts: a row for each topic and post or comment: topic_id, text_uid, sentiment, duplicate_group_id, segmented (see
    reading.segmentation). before: topic_id, focus_id and vocabulary of the previous build, or no rows; a focus whose
    vocabulary is similar to one of these keeps its id.
    """
    by_topic = [TEXT_FOCUSES.to_frame()]
    for (topic_id,), of_topic in texts.sort("topic_id", "text_uid").partition_by("topic_id", as_dict=True).items():
        model = _cluster(of_topic)
        if not model.hubs:
            continue
        matches = pl.concat(list(_matches(of_topic, model)))
        vocabularies = [" ".join(words) for words in _vocabularies(model)]
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
        by_topic.append(best.join(focuses, on="focus").match_to_schema(TEXT_FOCUSES, extra_columns="ignore"))
    return pl.concat(by_topic).sort("topic_id", "focus_id", "text_uid")


def kept_ids(topic_id: str, vocabularies: Sequence[str], before: dict[str, str]) -> list[str]:
    """Ids for focuses with these vocabularies. before: vocabularies of the previous build by focus id.

    Pairs are matched one to one, the most similar first. A new focus is named after the first word of its vocabulary
    that no id has, now or in the previous build; if there is none, after its first word and a number from 2 up.
    """

    def similarity(one: str, other: str) -> float:
        words, others = set(one.split()), set(other.split())
        return len(words & others) / len(words | others)

    pairs = sorted(
        (-similarity(vocabulary, known), number, focus_id)
        for number, vocabulary in enumerate(vocabularies)
        for focus_id, known in before.items()
    )
    ids: dict[int, str] = {}
    for negative_similarity, number, focus_id in pairs:
        if -negative_similarity >= SAME and number not in ids and focus_id not in ids.values():
            ids[number] = focus_id
    for number, vocabulary in enumerate(vocabularies):
        if number not in ids:
            taken = {*before, *ids.values()}
            words = vocabulary.split()
            names = chain(words, (f"{words[0]}-{place}" for place in count(2)))
            ids[number] = next(name for word in names if (name := f"{topic_id}:{word}") not in taken)
    return [ids[number] for number in range(len(vocabularies))]


def _clauses(texts: pl.DataFrame) -> pl.DataFrame:
    """The clauses of at least FEWEST_WORDS words: text_uid, voice, clause, words (distinct, sorted, no stop words)."""
    clauses = texts.select("text_uid", voice="duplicate_group_id", clause=pl.col("segmented").str.split(" | "))
    clauses = clauses.explode("clause")
    # Exploded and grouped again: ten times faster than list.eval, which is called for each list.
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
    """A row for each distinct set of words among the clauses, in a fixed order: words, voices."""
    return clauses.group_by("words").agg(voices=pl.col("voice").n_unique()).sort(pl.col("words").list.join(" "))


def _vectors(wordings: pl.DataFrame, vocabulary: pl.DataFrame) -> tuple[Ints, Ints, Floats]:
    """TF-IDF unit vectors in coordinate form: number of the wording, index of the word, value."""
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


def _cluster(texts: pl.DataFrame) -> _Model:
    """The focuses of a topic's texts; none if there are too few texts."""
    chosen = texts.filter(pl.col("sentiment") != "neutral").unique(
        "duplicate_group_id", keep="first", maintain_order=True
    )
    if chosen.height > MOST_CLUSTERED:
        chosen = chosen.with_columns(place=pl.col("text_uid").hash(0)).sort("place").head(MOST_CLUSTERED)
    clauses = _clauses(chosen)
    wordings = _wordings(clauses)
    word_voices = clauses.explode("words").group_by("words").agg(voices=pl.col("voice").n_unique())
    worded = wordings.explode("words").group_by("words").agg(wordings=pl.len())
    vocabulary = (
        word_voices.join(worded, on="words")
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
    # A wording of many voices weighs more than that of one, but less than as many different wordings.
    weights = 1 + np.log(wordings["voices"].to_numpy())
    hubs = _hubs(rows, words, weights, vocabulary.height)
    members = [np.isin(rows, rows[words == hub]) for hub in hubs]
    centroids = _centroids(rows, words, values, weights, members, vocabulary.height)
    for _ in range(ROUNDS):
        nearest, cosine = _nearest(rows, words, values, centroids, wordings.height)
        assigned = np.where(cosine >= NEAR, nearest, -1)[rows]
        members = [assigned == focus for focus in range(len(hubs))]
        centroids = _centroids(rows, words, values, weights, members, vocabulary.height)
    return _Model(vocabulary, centroids, [vocabulary["word"][hub] for hub in hubs])


def _hubs(rows: Ints, words: Ints, weights: Floats, size: int) -> list[int]:
    """Greedy maximum coverage: each hub is the word that covers the most weight not covered by earlier hubs."""
    uncovered = weights.copy()
    hubs: list[int] = []
    while size and len(hubs) < MOST_FOCUSES:
        coverage = np.bincount(words, uncovered[rows], minlength=size)
        hub = int(coverage.argmax())
        if coverage[hub] <= SMALLEST_HUB * weights.sum():
            break
        hubs.append(hub)
        uncovered[rows[words == hub]] = 0
    return hubs


def _centroids(
    rows: Ints, words: Ints, values: Floats, weights: Floats, members: Sequence[npt.NDArray[np.bool_]], size: int
) -> Floats:
    """The weighted sum of each focus's vectors, scaled to length 1; 0 for a focus without members."""
    sums = [np.bincount(words[mask], values[mask] * weights[rows[mask]], minlength=size) for mask in members]
    centroids = np.stack(sums, axis=1) if sums else np.zeros((size, 0))
    return centroids / np.maximum(np.linalg.norm(centroids, axis=0), 1e-12)


def _nearest(rows: Ints, words: Ints, values: Floats, centroids: Floats, count: int) -> tuple[Ints, Floats]:
    """The nearest focus of each of the ``count`` wordings (-1 without focuses), and the cosine."""
    if not centroids.shape[1]:
        return np.full(count, -1), np.zeros(count)
    cosines = np.stack([np.bincount(rows, values * column[words], minlength=count) for column in centroids.T], axis=1)
    return cosines.argmax(axis=1), cosines.max(axis=1)


def _matches(texts: pl.DataFrame, model: _Model) -> Iterator[pl.DataFrame]:
    """The clauses that are near a focus: text_uid, voice, clause, focus, fit; a frame for each chunk of texts."""
    for chunk in texts.iter_slices(CHUNK):
        clauses = _clauses(chunk)
        wordings = _wordings(clauses)
        nearest, cosine = _nearest(*_vectors(wordings, model.vocabulary), model.centroids, wordings.height)
        near = wordings.select("words", focus=pl.Series(nearest), fit=pl.Series(cosine).clip(0, 1))
        yield clauses.join(near.filter(pl.col("fit") >= NEAR), on="words").drop("words")


def _vocabularies(model: _Model) -> list[list[str]]:
    """The words of greatest weight of each focus, its hub first."""
    words = model.vocabulary["word"].to_list()
    return [
        list(
            dict.fromkeys(
                [
                    hub,
                    *(
                        words[index]
                        for index in np.argsort(-column, kind="stable")[:VOCABULARY_SIZE]
                        if column[index] > 0
                    ),
                ]
            )
        )[:VOCABULARY_SIZE]
        for hub, column in zip(model.hubs, model.centroids.T, strict=True)
    ]


def _labels(matches: pl.DataFrame, model: _Model) -> list[str]:
    """For each focus the phrases that distinguish it from the other focuses, the most distinctive first.

    A phrase is one to LONGEST_PHRASE adjacent words without a stop word at either end, at least one of them in the
    model's vocabulary. Longer phrases are preferred; no two phrases of a label share a word.
    """
    tokens = matches.select("focus", "voice", tokens=pl.col("clause").str.split(" ")).with_row_index("clause")
    tokens = tokens.explode("tokens").with_columns(is_stop=pl.col("tokens").is_in(list(stop_words())))
    tokens = tokens.with_columns(is_vocabulary=pl.col("tokens").is_in(model.vocabulary["word"].to_list()))
    token, is_stop = pl.col("tokens"), pl.col("is_stop")
    grams = [
        tokens.select(
            "focus",
            "voice",
            phrase=pl.concat_str([token.shift(-step).over("clause") for step in range(size)], separator=" "),
            is_whole=~is_stop & ~is_stop.shift(1 - size).over("clause"),
            has_vocabulary=pl.any_horizontal(
                pl.col("is_vocabulary").shift(-step).over("clause") for step in range(size)
            ),
            size=pl.lit(size),
        ).filter("is_whole", "has_vocabulary", pl.col("phrase").is_not_null())
        for size in range(1, LONGEST_PHRASE + 1)
    ]
    phrase_voices = pl.concat(grams).group_by("focus", "phrase", "size").agg(voices=pl.col("voice").n_unique())
    totals = matches.group_by("focus").agg(of=pl.col("voice").n_unique())
    scored = (
        phrase_voices.filter(pl.col("voices") >= FEWEST_VOICES)
        .join(totals, on="focus")
        .with_columns(
            elsewhere=pl.col("voices").sum().over("phrase") - pl.col("voices"),
            of_elsewhere=totals["of"].sum() - pl.col("of"),
        )
        .with_columns(strength=log_odds("voices", "of", "elsewhere", "of_elsewhere").fill_null(0) * pl.col("size"))
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
    """The words of a phrase as people write them: with spaces between Latin words only."""
    words = phrase.split(" ")
    joined = words[0]
    for before, word in pairwise(words):
        joined += (" " if before[-1].isascii() and word[0].isascii() else "") + word
    return joined
