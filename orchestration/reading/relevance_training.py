"""Trains a topic's relevance model from labels (``tingfeng train relevance``).

Reads data/labels/relevance/*.csv (labels.py). The text of a label without one is looked up in the enriched posts. A
trained model, data/models/relevance/<topic>.csv, makes every day stale: the next refresh judges all posts again.
"""

import zlib

import numpy as np
import polars as pl

from core.calendar import TIMEZONE
from core.listening import Topic, load_listening
from core.problems import ArgumentProblem, Problem
from core.spreadsheets import write_csv
from core.storage.paths import enriched_dir, relevance_labels_dir, relevance_models_dir
from core.storage.versions import versions
from orchestration.reading.cleaning import clean
from orchestration.reading.labels import load_relevance_labels
from orchestration.reading.relevance import BIAS, Score, fit, log_odds, rule_score, score
from orchestration.reading.topics import match_topics

LEAST_LABELS = 20  # of each kind: with fewer, a fold of five has less than four to test on
FOLDS = 5
_NGRAMS_SHOWN = 15


def texts_of(labels: pl.DataFrame) -> pl.DataFrame:
    """Labels (RELEVANCE_LABELS) with their texts, which are looked up in the enriched posts if not given."""
    unknown = labels.filter(pl.col("text").is_null())
    days = [versions(folder) for folder in (enriched_dir() / "posts").glob("day=*")]
    files = [files_of_day[-1] for files_of_day in days if files_of_day]
    if unknown.is_empty() or not files:
        return labels.drop_nulls("text")
    keys = ["platform", "post_id"]
    posts = pl.scan_parquet(files, hive_partitioning=False, glob=False).select(*keys, "text")
    looked_up = unknown.drop("text").lazy().join(posts, on=keys, how="inner").unique(keys).collect()
    return pl.concat([labels.drop_nulls("text"), looked_up.select(labels.columns)])


def labelled_matches(labels: pl.DataFrame, topic: Topic, aliases: dict[str, list[str]]) -> pl.DataFrame:
    """The matches of topics.match_topics in the labelled texts, regardless of platform and day, with ``relevant``."""
    posts = labels.select(
        platform=pl.lit(topic.platforms[0]),
        post_id=pl.int_range(pl.len()).cast(pl.String),
        posted_at=pl.lit(topic.window.start).cast(pl.Datetime("us")).dt.replace_time_zone(TIMEZONE),
        hashtags=pl.lit([], pl.List(pl.String)),
        relevant="relevant",
    ).hstack(clean(labels["text"]))
    return match_topics(posts, [topic], aliases).join(
        posts.select("platform", "post_id", "relevant"), on=["platform", "post_id"], maintain_order="left"
    )


def cross_validated(matches: pl.DataFrame) -> tuple[Score, Score]:
    """The scores of the rules alone, and of rules and models by cross-validation over FOLDS folds of texts."""
    rules = rule_score(matches)
    folds = pl.Series([zlib.crc32(text.encode()) % FOLDS for text in matches["text"]])
    learned = np.zeros(matches.height)
    for fold in range(FOLDS):
        rest, tried = folds != fold, folds == fold
        model = fit(matches["text"].filter(rest), matches["relevant"].filter(rest), rules.filter(rest))
        learned[tried.to_numpy()] = log_odds(matches["text"].filter(tried), model)[0].to_numpy()
    relevant = matches["relevant"]
    return score(relevant, rules >= 0), score(relevant, rules + pl.Series(learned) >= 0)


def train(topic_id: str | None) -> str:
    """Train a model for a topic (by default the only one) and write it; return a report as text. Raises Problem."""
    listening = load_listening()
    topics = {topic.id: topic for topic in listening.topics}
    if topic_id is None:
        if len(topics) != 1:
            raise Problem(f"Name a topic with --topic; topics in listening.yaml: {', '.join(topics)}.")
        [topic_id] = topics
    if topic_id not in topics:
        raise ArgumentProblem(f"no topic {topic_id!r} in listening.yaml; the topics are {', '.join(topics)}")
    labels = load_relevance_labels(relevance_labels_dir()).filter(pl.col("topic_id") == topic_id)
    known = texts_of(labels)
    matches = labelled_matches(known, topics[topic_id], listening.aliases)
    relevant = int(matches["relevant"].sum())
    summary = (
        f"{labels.height} labels; {labels.height - known.height} of posts not in {enriched_dir() / 'posts'}; "
        f"{known.height - matches.height} with texts that do not match the topic; {relevant} relevant, "
        f"{matches.height - relevant} not"
    )
    if min(relevant, matches.height - relevant) < LEAST_LABELS:
        raise Problem(
            f"{summary}. Training takes {LEAST_LABELS} of each; label more in {relevance_labels_dir()}/*.csv "
            "(platform,post_id,text,topic_id,relevant)"
        )
    rules, both = cross_validated(matches)
    model = fit(matches["text"], matches["relevant"], rule_score(matches))
    path = relevance_models_dir() / f"{topic_id}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(model, path)
    ngrams = model.filter(pl.col("ngram") != BIAS).sort("weight")["ngram"]
    return "\n".join(
        [
            summary,
            f"{'':<18}{'precision':>10}{'recall':>10}{'F1':>10}",
            *(
                f"{name:<18}" + "".join(f"{number:>10.3f}" for number in numbers)
                for name, numbers in (("rules", rules), ("rules and model", both))
            ),
            "speaks against: " + ", ".join(ngrams.head(_NGRAMS_SHOWN)),
            "speaks for: " + ", ".join(ngrams.tail(_NGRAMS_SHOWN).reverse()),
            f"written to {path}; the next refresh judges all posts anew",
        ]
    )
