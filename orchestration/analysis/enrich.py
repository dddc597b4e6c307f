"""From raw posts to what dbt reads of them: the tables of enriched.py, put together from the rest of this folder."""

import hashlib
import json

import polars as pl

from orchestration.analysis.cleaning import last_words
from orchestration.analysis.duplicates import duplicate_groups
from orchestration.analysis.enriched import POSTS, TOPIC_QUERIES, TOPICS
from orchestration.analysis.sentiment import Classifier
from orchestration.listening import Listening

# Raised whenever the code of this folder gives another result for the same posts, so that every day is enriched again.
CODE_VERSION = 1

_SCORES = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


def enrich(observations: pl.DataFrame, labels: pl.DataFrame, classifier: Classifier) -> pl.DataFrame:
    """Raw ``posts`` rows of a day and the labels (labels.LABELS) to one row a post, in the schema ``enriched.POSTS``.

    Text is that of the last observation with words. Sentiment is the analyst's where there is one, else the model's,
    which reads the own words. Where there are none, a bare repost or a picture, the model abstains: neutral, a score of
    0 and null p_*. Sorted by platform and post_id.
    """
    posts = last_words(observations)
    model = classifier.predict(posts["text_clean"]).rename({"label": "model_sentiment", "model_id": "sentiment_model"})
    analyst = pl.col("analyst_sentiment")
    return (
        posts.hstack(duplicate_groups(posts))
        .hstack(model)
        .join(
            labels.select("platform", "post_id", analyst_sentiment="sentiment"),
            on=["platform", "post_id"],
            how="left",
            maintain_order="left",
            validate="1:1",
        )
        .select(
            *(pl.col(name) for name in POSTS if name not in ("sentiment", "sentiment_score", "sentiment_source")),
            sentiment=analyst.fill_null(pl.col("model_sentiment")),
            sentiment_score=analyst.replace_strict(_SCORES, return_dtype=pl.Float64)
            .fill_null(pl.col("p_positive") - pl.col("p_negative"))
            .fill_null(0.0),
            sentiment_source=pl.when(analyst.is_null()).then(pl.lit("model")).otherwise(pl.lit("analyst")),
        )
        .match_to_schema(POSTS)
    )


def topics_table(listening: Listening) -> pl.DataFrame:
    """The topics, a row for each platform that one listens on, in the schema ``enriched.TOPICS``."""
    rows = [
        (topic.id, topic.name, topic.brand, topic.window.start, topic.window.end, platform)
        for topic in listening.topics
        for platform in listening.topic_platforms(topic)
    ]
    return pl.DataFrame(rows, schema=TOPICS, orient="row")


def topic_queries_table(listening: Listening) -> pl.DataFrame:
    """What is searched for each topic on each platform, in the schema ``enriched.TOPIC_QUERIES``."""
    rows = [
        (topic.id, platform, query)
        for topic in listening.topics
        for platform in listening.topic_platforms(topic)
        for query in dict.fromkeys(topic.queries)
    ]
    return pl.DataFrame(rows, schema=TOPIC_QUERIES, orient="row")


def analysis_fingerprint(listening: Listening, labels: pl.DataFrame, classifier: Classifier) -> str:
    """12 hex digits over everything but raw rows that enriched posts and post_topics depend on.

    These are the topics' words, windows and platforms, the labels, the model, and CODE_VERSION; not the names of
    topics, nor who gave a label.
    """
    depends_on = {
        "code": CODE_VERSION,
        "model": classifier.model_id,
        "topics": sorted(
            (topic.id, topic.model_dump(mode="json", include={"match", "window"}), listening.topic_platforms(topic))
            for topic in listening.topics
        ),
        "labels": labels.select("platform", "post_id", "sentiment").sort(pl.all()).rows(),
    }
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:12]
