"""The enriched contract: the tables that analysis writes for dbt to read.

    data/enriched/<table>/day=<YYYY-MM-DD>/<version>.parquet     posts, post_topics, model_changes, comments,
                                                                 hot_list_topics: a day, all platforms
    data/enriched/<table>/<version>.parquet                      topics, topic_queries, accounts, duplicate_groups

and, for duplicate_groups to be made of, text_signatures and duplicate_links by day (duplicates.py). A version
is ``<sequence>-<fingerprint>``, and the last by name is current (core/storage/versions.py).
"""

import polars as pl

POSTS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "text": pl.String(),  # title and text as last observed
        "text_clean": pl.String(),  # own words only: no markup, links or repost tail; simplified characters
        "repost_tail": pl.String(),  # what stood after the first //@, null where there was none
        "text_hash": pl.String(),  # of the normalised own words, null where none is left
        "segmented": pl.String(),  # the own words, a space between them and | between clauses (keywords.py)
        "hashtags": pl.List(pl.String()),  # of the post and its text, by the names of listening.yaml's aliases
        "sentiment": pl.String(),  # negative, neutral, positive: the analyst's where there is one, else the model's
        "sentiment_score": pl.Float64(),  # P(positive) - P(negative) by the model; -1, 0, 1 from an analyst
        "sentiment_source": pl.String(),  # model or analyst
        "sentiment_model": pl.String(),  # the model's id, also where an analyst overrides it
        "model_sentiment": pl.String(),  # what the model alone says
        "p_negative": pl.Float64(),
        "p_neutral": pl.Float64(),
        "p_positive": pl.Float64(),
        "audit_weight": pl.Float64(),  # posts that one drawn for a labelled audit stands for, else null
        "audit_flags": pl.List(pl.String()),  # why a person had better look at the sentiment (flags.py); mostly empty
    }
)
COMMENTS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),  # of the post that it stands under
        "comment_id": pl.String(),
        "text_clean": pl.String(),
        "text_hash": pl.String(),
        "segmented": pl.String(),
        "sentiment_model": pl.String(),
        "model_sentiment": pl.String(),
        "p_negative": pl.Float64(),
        "p_neutral": pl.Float64(),
        "p_positive": pl.Float64(),
    }
)
# Posts whose sentiment the last change of the model has changed, or kept: which models, and what each said.
MODEL_CHANGES = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "from_model": pl.String(),
        "to_model": pl.String(),
        "from_sentiment": pl.String(),
        "to_sentiment": pl.String(),
    }
)
POST_TOPICS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "topic_id": pl.String(),
        "matched_by": pl.String(),  # the words that decided, e.g. "all: 小米; any: 大熊, 米粉"
        "is_relevant": pl.Boolean(),  # false: the words are there, and mean something else; counts nowhere
        "relevance_reason": pl.String(),  # what decided that, e.g. "for 手机, 雷军 (3); against 粥 (1)"
        "stance": pl.String(),  # negative, neutral, positive: toward the topic's brand; null where it is not named
        "stance_score": pl.Float64(),  # P(positive) - P(negative) of what is said of the brand
    }
)
# A row for each topic and platform that it listens on.
TOPICS = pl.Schema(
    {
        "topic_id": pl.String(),
        "topic_name": pl.String(),
        "brand": pl.String(),
        "window_start": pl.Date(),
        "window_end": pl.Date(),  # null: still open
        "platform": pl.String(),
        "kol_followers": pl.Int64(),  # from how many followers on an account is a KOL
        "heat_volume": pl.Float64(),  # weights of listening.yaml's heat
        "heat_interactions": pl.Float64(),
        "heat_authors": pl.Float64(),
        "heat_hot_list": pl.Float64(),
        "statement_words": pl.List(pl.String()),  # one of which a brand's statement holds
    }
)
# A row for each listed account and brand that it speaks for; official_for is null where it speaks for none.
ACCOUNTS = pl.Schema(
    {
        "platform": pl.String(),
        "author_id": pl.String(),  # the pseudonym of the listed id; posts of some platforms carry another id
        "name": pl.String(),
        "official_for": pl.String(),
    }
)
# Words of hot lists that hold words of a topic.
HOT_LIST_TOPICS = pl.Schema(
    {
        "platform": pl.String(),
        "word": pl.String(),
        "topic_id": pl.String(),
        "matched_by": pl.String(),  # as in POST_TOPICS
        "is_match": pl.Boolean(),  # false: it holds some of the topic's words, and too few to tell
    }
)
TOPIC_QUERIES = pl.Schema({"topic_id": pl.String(), "platform": pl.String(), "query": pl.String()})
# Of normalised words of 15 characters or more, a row for each text_hash of the day.
SIGNATURE_BYTES = 128
TEXT_SIGNATURES = pl.Schema(
    {
        "text_hash": pl.String(),
        "posted_at": pl.Datetime("us", "UTC"),  # of the day's first post with these words
        "signature": pl.Array(pl.UInt8, SIGNATURE_BYTES),  # a byte of each MinHash value
    }
)
# Texts of the day that are near an earlier one, of the day or of those before it.
DUPLICATE_LINKS = pl.Schema(
    {
        "text_hash": pl.String(),
        "posted_at": pl.Datetime("us", "UTC"),
        "earlier_text_hash": pl.String(),
        "earlier_posted_at": pl.Datetime("us", "UTC"),
        "similarity": pl.Float64(),  # Jaccard index, estimated from 128 values: standard error .044 at .5
    }
)
# Texts that are near others, of all days. The group of any other text is its text_hash.
DUPLICATE_GROUPS = pl.Schema(
    {
        "text_hash": pl.String(),
        "duplicate_group_id": pl.String(),  # the text_hash of the group's earliest text
    }
)


def by_day(table: pl.Schema) -> pl.Schema:
    """The table's schema before its rows are parted into the files of their days."""
    return pl.Schema({"day": pl.Date(), **table})
