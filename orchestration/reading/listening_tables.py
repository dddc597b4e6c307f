"""listening.yaml as the enriched tables (core/contracts/enriched.py) that dbt reads."""

from collections.abc import Mapping

import polars as pl

from core.contracts.enriched import ACCOUNTS, SETTINGS, TOPIC_QUERIES, TOPICS
from core.listening import Heat, Listening, Voices
from core.platforms import CRAWLED_PLATFORMS
from core.storage.pseudonym_key import pseudonym

# The columns of ``enriched.TOPICS`` that held the settings before ``enriched.SETTINGS`` existed.
_SETTINGS_IN_TOPICS = {
    "voices.kol_followers": "kol_followers",
    "heat.volume": "heat_volume",
    "heat.interactions": "heat_interactions",
    "heat.authors": "heat_authors",
    "heat.hot_list": "heat_hot_list",
}


def listening_tables(listening: Listening, rules: Mapping[str, str], key: bytes) -> dict[str, pl.DataFrame]:
    """All of these tables by name, sorted, so that the order of listening.yaml makes no difference.

    rules: by topic_id, from inputs.topic_rules. key: that of the pseudonyms (core.storage.pseudonym_key.load_key).
    """
    return {
        "topics": topics_table(listening, rules),
        "topic_queries": topic_queries_table(listening),
        "accounts": accounts_table(listening, key),
        "settings": settings_table(listening.voices, listening.heat),
    }


def topics_table(listening: Listening, rules: Mapping[str, str]) -> pl.DataFrame:
    """One row per topic and platform that it listens on, in the schema ``enriched.TOPICS``.

    rules: as in listening_tables.
    """
    rows = [
        (
            topic.id,
            topic.name,
            topic.brand,
            topic.window.start,
            topic.window.end,
            platform,
            sorted(set(listening.statement_words)),
            rules[topic.id],
        )
        for topic in listening.topics
        for platform in listening.topic_platforms(topic)
    ]
    return pl.DataFrame(rows, schema=TOPICS, orient="row").sort("topic_id", "platform")


def topic_queries_table(listening: Listening) -> pl.DataFrame:
    """One row per topic, crawled platform and search query, in the schema ``enriched.TOPIC_QUERIES``."""
    rows = [
        (topic.id, platform, query)
        for topic in listening.topics
        for platform in listening.topic_platforms(topic)
        if platform in CRAWLED_PLATFORMS
        for query in dict.fromkeys(topic.queries)
    ]
    return pl.DataFrame(rows, schema=TOPIC_QUERIES, orient="row").sort(pl.all())


def settings_table(voices: Voices, heat: Heat) -> pl.DataFrame:
    """One row per parameter of listening.yaml's voices and heat, in the schema ``enriched.SETTINGS``."""
    rows = [(f"voices.{name}", value) for name, value in voices] + [(f"heat.{name}", value) for name, value in heat]
    return pl.DataFrame(rows, schema=SETTINGS, orient="row")


def accounts_table(listening: Listening, key: bytes) -> pl.DataFrame:
    """One row per listed account and brand that it speaks for, in the schema ``enriched.ACCOUNTS``."""
    rows = [
        (account.platform, pseudonym(key, account.platform, account.id), account.name, brand)
        for account in listening.accounts
        for brand in dict.fromkeys(account.official_for) or [None]
    ]
    return pl.DataFrame(rows, schema=ACCOUNTS, orient="row").sort("platform", "author_id", "official_for")


def settings_in_topics(topics: pl.DataFrame) -> dict[str, float]:
    """The settings that a version of ``enriched.TOPICS`` from before ``enriched.SETTINGS`` holds, by name."""
    columns = {name: column for name, column in _SETTINGS_IN_TOPICS.items() if column in topics.columns}
    values = {name: topics[column].max() for name, column in columns.items()}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
