"""From raw posts to the enriched tables (core/contracts/enriched.py) that dbt reads, by the steps of this folder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from core.calendar import day_of
from core.contracts.enriched import COMMENTS, MODEL_CHANGES, POST_TOPICS, POSTS, by_day
from core.listening import Listening
from orchestration.reading.cleaning import clean
from orchestration.reading.duplicates import hashed
from orchestration.reading.flags import audit_flags
from orchestration.reading.relevance import judge
from orchestration.reading.segmentation import segment_posts, user_words
from orchestration.reading.sentiment import SentimentModel
from orchestration.reading.stance import add_stance
from orchestration.reading.topics import match_topics

# Increase it whenever this folder gives other results for the same posts: every day is then enriched again.
CODE_VERSION = 5

_SCORES = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
_COMPUTED = ("sentiment", "sentiment_score", "sentiment_source", "audit_flags")


@dataclass(frozen=True)
class AnalysisInputs:
    """Everything that enriched posts and post_topics depend on besides the raw rows."""

    listening: Listening
    labels: pl.DataFrame  # labels.LABELS
    relevance_labels: pl.DataFrame  # labels.RELEVANCE_LABELS
    relevance_models: Mapping[str, pl.DataFrame]  # relevance.MODEL, by topic_id
    classifier: SentimentModel


def enrich(
    posts: pl.DataFrame, labels: pl.DataFrame, classifier: SentimentModel, judged_before: pl.DataFrame
) -> pl.DataFrame:
    """The rows of ``enriched.POSTS``, with their day.

    posts: after cleaning.last_words, duplicates.hashed and segmentation.segment_posts. labels: labels.LABELS.
    judged_before: rows of ``enriched.POSTS``, whose predictions are reused for the same model and text.

    The sentiment is the analyst's label if there is one, else the model's prediction from the own words. Without own
    words (a bare repost, a picture) the model abstains: neutral, a score of 0, p_* null.
    """
    analyst = pl.col("analyst_sentiment")
    return (
        posts.join(judge_texts(posts["text_clean"], classifier, judged_before), on="text_clean", maintain_order="left")
        .join(
            labels.select("platform", "post_id", "audit_weight", analyst_sentiment="sentiment"),
            on=["platform", "post_id"],
            how="left",
            maintain_order="left",
            validate="m:1",
        )
        .select(
            "day",
            *(pl.col(name) for name in POSTS if name not in _COMPUTED),
            sentiment=analyst.fill_null(pl.col("model_sentiment")),
            sentiment_score=analyst.replace_strict(_SCORES, return_dtype=pl.Float64)
            .fill_null(pl.col("p_positive") - pl.col("p_negative"))
            .fill_null(0.0),
            sentiment_source=pl.when(analyst.is_null()).then(pl.lit("model")).otherwise(pl.lit("analyst")),
            audit_flags=audit_flags(pl.col("words")),
        )
        .match_to_schema(by_day(POSTS))
    )


_JUDGED = ("text_clean", "sentiment_model", "model_sentiment", "p_negative", "p_neutral", "p_positive")


def judge_texts(texts: pl.Series, classifier: SentimentModel, judged_before: pl.DataFrame) -> pl.DataFrame:
    """The model's prediction for each distinct text; texts that it has judged before are not predicted again.

    Returns text_clean, sentiment_model, model_sentiment, p_negative, p_neutral, p_positive.
    """
    known = judged_before.filter(pl.col("sentiment_model") == classifier.model_id).select(_JUDGED).unique("text_clean")
    known = known.filter(pl.col("text_clean").is_in(texts.implode()))
    new = texts.unique(maintain_order=True).filter(
        ~texts.unique(maintain_order=True).is_in(known["text_clean"].implode())
    )
    judged = classifier.predict(new).rename({"label": "model_sentiment", "model_id": "sentiment_model"})
    return pl.concat([known, judged.with_columns(text_clean=new).select(_JUDGED)])


def enrich_comments(observations: pl.DataFrame, inputs: AnalysisInputs, judged_before: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``enriched.COMMENTS``, with their day: the last observed text of each day and comment, sorted.

    observations: raw ``comments`` rows. judged_before: rows of ``enriched.COMMENTS``, as in ``enrich``.
    """
    last = (
        observations.with_columns(day=day_of("posted_at"))
        .sort("observed_at", "crawl_id")
        .unique(["day", "platform", "comment_id"], keep="last", maintain_order=True)
        .sort("day", "platform", "comment_id")
    )
    words = last.with_columns(hashtags=pl.lit([], pl.List(pl.String))).hstack(clean(last["text"]))
    segmented = segment_posts(hashed(words), inputs.listening)
    return segmented.join(
        judge_texts(segmented["text_clean"], inputs.classifier, judged_before), on="text_clean", maintain_order="left"
    ).match_to_schema(by_day(COMMENTS), extra_columns="ignore")


def model_changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Posts that different models judged in two versions of ``enriched.POSTS``; rows of ``enriched.MODEL_CHANGES``."""
    judged = ("sentiment_model", "model_sentiment")
    return (
        before.select("platform", "post_id", *judged)
        .join(after.select("platform", "post_id", *judged), on=["platform", "post_id"], suffix="_after")
        .filter(pl.col("sentiment_model") != pl.col("sentiment_model_after"))
        .select(
            "platform",
            "post_id",
            from_model="sentiment_model",
            to_model="sentiment_model_after",
            from_sentiment="model_sentiment",
            to_sentiment="model_sentiment_after",
        )
        .match_to_schema(MODEL_CHANGES)
    )


def enrich_topics(posts: pl.DataFrame, inputs: AnalysisInputs) -> pl.DataFrame:
    """The rows of ``enriched.POST_TOPICS``, with their day, for posts from cleaning.last_words."""
    matches = match_topics(posts, inputs.listening.topics, inputs.listening.aliases)
    judged = judge(matches, inputs.relevance_labels, inputs.relevance_models)
    return add_stance(judged, posts, inputs.listening, inputs.classifier).match_to_schema(by_day(POST_TOPICS))


def comments_fingerprint(inputs: AnalysisInputs) -> str:
    """12 hex digits over everything that enriched comments depend on besides their raw rows."""
    depends_on = [str(CODE_VERSION), inputs.classifier.model_id, *user_words(inputs.listening)]
    return hashlib.sha256("\n".join(depends_on).encode()).hexdigest()[:12]
