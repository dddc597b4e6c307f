"""The enriched contract: the tables that orchestration/reading produces and dbt reads.

    data/enriched/<table>/day=<YYYY-MM-DD>/<version>.parquet     posts, post_topics, read_inputs, model_changes,
                                                                 comments, hot_list_topics: per day, all platforms
    data/enriched/<table>/<version>.parquet                      topics, topic_queries, accounts, settings,
                                                                 relevance_labels, duplicate_groups, lost_files,
                                                                 quarantined_records

and text_signatures and duplicate_links per day, from which duplicate_groups is computed (reading/duplicates.py). A
version is ``<sequence>-<fingerprint>``; the last by name is current (core/storage/versions.py).
"""

import polars as pl

POSTS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "text": pl.String(),  # title and text as last observed
        "text_clean": pl.String(),  # own words: no markup, links or repost tail; simplified characters
        "repost_tail": pl.String(),  # the text after the first //@, null if there is none
        "text_hash": pl.String(),  # of the normalised own words, null if none are left
        "segmented": pl.String(),  # the own words separated by spaces, clauses separated by | (keywords.py)
        "hashtags": pl.List(
            pl.String()
        ),  # of the post and its text, with listening.yaml's aliases replaced by their name
        "sentiment": pl.String(),  # the analyst's label if there is one, else the model's: negative, neutral, positive
        "sentiment_score": pl.Float64(),  # the model's P(positive) - P(negative); -1, 0 or 1 for an analyst's label
        "sentiment_source": pl.String(),  # model or analyst
        "sentiment_model": pl.String(),  # the model's id, also if an analyst's label overrides the model
        "model_sentiment": pl.String(),  # the model's prediction
        "p_negative": pl.Float64(),
        "p_neutral": pl.Float64(),
        "p_positive": pl.Float64(),
        "audit_weight": pl.Float64(),  # number of posts that a post drawn for an audit represents, else null
        "audit_flags": pl.List(pl.String()),  # reasons for a person to check the sentiment (flags.py); mostly empty
    }
)
COMMENTS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),  # of the post it comments on
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
# The predictions of the previous and the current model for each post that both have judged.
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
        "matched_by": pl.String(),  # the matching words, e.g. "all: 小米; any: 大熊, 米粉"
        "is_relevant": pl.Boolean(),  # false: the post matches but is about something else; it counts nowhere
        "relevance_reason": pl.String(),  # the words behind is_relevant, e.g. "for 手机, 雷军 (3); against 粥 (1)"
        "stance": pl.String(),  # sentiment towards the topic's brand; null if the post does not name it
        "stance_score": pl.Float64(),  # P(positive) - P(negative) of the text about the brand
    }
)
# One row per input from which posts and post_topics of the day were made (orchestration/reading/inputs.py).
READ_INPUTS = pl.Schema(
    {
        # raw, code, model, names (words that segmentation keeps whole), aliases, labels; for each topic whose window
        # includes the day: topic (its rules, as in TOPICS), stance (what else its stance needs), relevance_labels
        "kind": pl.String(),
        "name": pl.String(),  # the topic_id for the kinds topic, stance and relevance_labels, else empty
        "fingerprint": pl.String(),
    }
)
# One row per topic and day with posts that have labels of relevance today. A day that was read with other labels
# (READ_INPUTS, kind relevance_labels) is to be read again.
RELEVANCE_LABELS = pl.Schema({"topic_id": pl.String(), "posted_date": pl.Date(), "fingerprint": pl.String()})
# One row per topic and platform it listens on.
TOPICS = pl.Schema(
    {
        "topic_id": pl.String(),
        "topic_name": pl.String(),
        "brand": pl.String(),
        "window_start": pl.Date(),
        "window_end": pl.Date(),  # null: open
        "platform": pl.String(),
        "statement_words": pl.List(pl.String()),  # a brand's statement contains one of them
        # The fingerprint of the rules by which posts are matched and judged (READ_INPUTS, kind topic); null in versions
        # of releases before 0.4.
        "rules": pl.String(),
    }
)
# One row per number under voices and heat in listening.yaml; dbt reads them with the macro setting().
SETTINGS = pl.Schema(
    {
        "name": pl.String(),  # the path in listening.yaml: voices.kol_followers
        "value": pl.Float64(),
    }
)
# One row per listed account and brand it speaks for; official_for is null if there is none.
ACCOUNTS = pl.Schema(
    {
        "platform": pl.String(),
        "author_id": pl.String(),  # the pseudonym of the listed id; posts of some platforms have another id
        "name": pl.String(),
        "official_for": pl.String(),
    }
)
# Hot-list words that contain words of a topic.
HOT_LIST_TOPICS = pl.Schema(
    {
        "platform": pl.String(),
        "word": pl.String(),
        "topic_id": pl.String(),
        "matched_by": pl.String(),  # as in POST_TOPICS
        "is_match": pl.Boolean(),  # false: contains some of the topic's words, but too few to decide
    }
)
TOPIC_QUERIES = pl.Schema({"topic_id": pl.String(), "platform": pl.String(), "query": pl.String()})
# One row per text_hash of the day whose normalised text has at least 15 characters.
SIGNATURE_BYTES = 128
TEXT_SIGNATURES = pl.Schema(
    {
        "text_hash": pl.String(),
        "posted_at": pl.Datetime("us", "UTC"),  # of the day's first post with this text
        "signature": pl.Array(pl.UInt8, SIGNATURE_BYTES),  # one byte of each MinHash value
    }
)
# Texts of the day that are near-duplicates of an earlier text, of the same day or before.
DUPLICATE_LINKS = pl.Schema(
    {
        "text_hash": pl.String(),
        "posted_at": pl.Datetime("us", "UTC"),
        "earlier_text_hash": pl.String(),
        "earlier_posted_at": pl.Datetime("us", "UTC"),
        "similarity": pl.Float64(),  # Jaccard index estimated from 128 values; the standard error at 0.5 is 0.044
    }
)
# Texts with near-duplicates, of all days. The group of any other text is its own text_hash.
DUPLICATE_GROUPS = pl.Schema(
    {
        "text_hash": pl.String(),
        "duplicate_group_id": pl.String(),  # the text_hash of the group's earliest text
    }
)
# Records of the quarantine without what they say (core/storage/quarantine.py).
QUARANTINED_RECORDS = pl.Schema(
    {
        "crawl_id": pl.String(),  # of the crawl or import that rejected it last; it begins with its time
        "platform": pl.String(),  # null if the record does not name one
        "source": pl.String(),  # the address that was requested, or the name of the file without its folder
        "position": pl.String(),  # "card 7", "line 12"
        "field": pl.String(),  # the column that is wrong, if one is
        "reason": pl.String(),
        "remedy": pl.String(),
        "observed_at": pl.Datetime("us", "UTC"),  # when the record was collected, or its file was last written
    }
)
# Raw files of posts that the manifests name and that are gone, and days of which retention removed all files
# (core/storage/landings.py).
LOST_FILES = pl.Schema(
    {
        "platform": pl.String(),
        "posted_date": pl.Date(),
        "crawl_id": pl.String(),  # the name of the file; it begins with the time of the crawl or import
        "rows": pl.Int64(),  # null if it was never known
        "is_expired": pl.Boolean(),  # true: a day that retention removed, without crawl_id
    }
)


def by_day(table: pl.Schema) -> pl.Schema:
    """The table's schema with ``day``, before the rows are split into files by day."""
    return pl.Schema({"day": pl.Date(), **table})
