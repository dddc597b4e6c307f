"""Matches the words of hot lists with topics."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from core.calendar import TIMEZONE
from core.contracts.enriched import HOT_LIST_TOPICS
from core.listening import Listening, Match, Topic
from core.storage.versions import fingerprint
from orchestration.reading.labels import RELEVANCE_LABELS
from orchestration.reading.relevance import judge
from orchestration.reading.topics import match_topics

# Increase it whenever match_hot_words gives other results for the same words.
CODE_VERSION = 1


def match_hot_words(words: pl.DataFrame, listening: Listening, models: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Match words of hot lists with topics; rows of ``enriched.HOT_LIST_TOPICS``, sorted.

    words: platform, word, day (Date, Asia/Shanghai: the day of the crawl). models: relevance.MODEL by
    topic_id.

    A word is treated like a post with the word as its text and hashtag, so that the rules of ``match``, ``aliases``,
    ``relevance``, window and platforms are those of posts. Words are short: ``is_match`` is false if the word contains
    a word of the topic but does not satisfy ``match`` (大熊 without 小米); it then counts if posts of the topic have it
    as a hashtag.
    """
    as_posts = words.unique().select(
        "platform",
        post_id="word",
        text_clean="word",
        hashtags=pl.concat_list("word"),
        inline_hashtags=pl.lit([], pl.List(pl.String)),
        posted_at=pl.col("day").cast(pl.Datetime("us")).dt.offset_by("12h").dt.replace_time_zone(TIMEZONE),
    )
    matched = judge(match_topics(as_posts, listening.topics, listening.aliases), RELEVANCE_LABELS.to_frame(), models)
    partly_matched = match_topics(as_posts, [_loosened(topic) for topic in listening.topics], listening.aliases)
    return (
        pl.concat(
            [
                matched.filter("is_relevant").with_columns(is_match=pl.lit(value=True)),
                # A word that matches but is irrelevant is not a partial match either.
                partly_matched.join(matched, on=["platform", "post_id", "topic_id"], how="anti").with_columns(
                    is_match=pl.lit(value=False)
                ),
            ],
            how="diagonal",
        )
        .rename({"post_id": "word"})
        .match_to_schema(HOT_LIST_TOPICS, extra_columns="ignore")
        .unique()
        .sort("platform", "word", "topic_id")
    )


def _loosened(topic: Topic) -> Topic:
    """The topic with a ``match`` that any one of its words satisfies."""
    match = Match(any=[*topic.match.all, *topic.match.any], all=[], none=topic.match.none)
    return topic.model_copy(update={"match": match})


def hot_words_fingerprint(listening: Listening, rules: Mapping[str, str], day: str) -> str:
    """12 hex digits over everything that match_hot_words depends on besides the words, for a day, YYYY-MM-DD.

    rules: by topic_id, from inputs.topic_rules.
    """
    of_day = [topic.id for topic in listening.topics if topic.window.includes(date.fromisoformat(day))]
    return fingerprint([str(CODE_VERSION), *(f"{topic_id} {rules[topic_id]}" for topic_id in sorted(of_day))])
