"""Which words of hot lists speak of which topic."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import polars as pl

from core.contracts.enriched import HOT_LIST_TOPICS
from core.listening import Listening, Match, Topic
from orchestration.reading.relevance import judge
from orchestration.reading.topics import match_topics

# Raised whenever the code behind match_hot_words gives another result for the same words.
CODE_VERSION = 1


def match_hot_words(
    words: pl.DataFrame, listening: Listening, labels: pl.DataFrame, models: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Words of hot lists to the topics that they speak of, in ``enriched.HOT_LIST_TOPICS``, sorted.

    words: platform, word, day (Date, Asia/Shanghai: the day on which it was read). labels: labels.RELEVANCE_LABELS.
    models: as enrich.AnalysisInputs.

    A word is read as a post is that says it and has it as a hashtag, so that the rules of ``match``, ``aliases``,
    ``relevance`` and the topic's window and platforms are those of posts. Words are short: where one holds a word of
    the topic and not all that ``match`` asks for (大熊 without 小米), ``is_match`` is false, and it counts where posts
    of the topic have it as a hashtag.
    """
    said = words.unique().select(
        "platform",
        post_id="word",
        text_clean="word",
        hashtags=pl.concat_list("word"),
        inline_hashtags=pl.lit([], pl.List(pl.String)),
        posted_at=pl.col("day").cast(pl.Datetime("us")).dt.offset_by("12h").dt.replace_time_zone("Asia/Shanghai"),
    )
    matched = judge(match_topics(said, listening.topics, listening.aliases), labels, models)
    hinted = match_topics(said, [_loosened(topic) for topic in listening.topics], listening.aliases)
    return (
        pl.concat(
            [
                matched.filter("is_relevant").with_columns(is_match=pl.lit(value=True)),
                # What matches and is about something else is no hint either.
                hinted.join(matched, on=["platform", "post_id", "topic_id"], how="anti").with_columns(
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
    """The topic, for which any one of its words will do."""
    match = Match(any=[*topic.match.all, *topic.match.any], all=[], none=topic.match.none)
    return topic.model_copy(update={"match": match})


def hot_words_fingerprint(listening: Listening, labels: pl.DataFrame, models: Mapping[str, pl.DataFrame]) -> str:
    """12 hex digits over all that match_hot_words depends on besides the words."""
    depends_on: Sequence[object] = [
        CODE_VERSION,
        [
            (topic.id, topic.model_dump(mode="json", include={"match", "relevance", "window", "platforms"}))
            for topic in listening.topics
        ],
        listening.aliases,
        labels.drop_nulls("post_id").drop("text").sort(pl.all()).rows(),
        {topic_id: model.rows() for topic_id, model in models.items()},
    ]
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:12]
