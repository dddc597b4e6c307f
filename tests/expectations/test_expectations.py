"""Each suite passes valid rows and fails invalid ones with the right severity."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from core.contracts.enriched import POST_TOPICS, by_day
from core.contracts.raw import SCHEMAS
from expectations import enriched, raw, served
from expectations.validation import columns_of, validate
from orchestration.lib.raw_frames import validate_landed

NOW = datetime(2026, 1, 8, tzinfo=UTC)
RAW = {
    "platform": "weibo",
    "post_id": "5251234567890123",
    "post_url": "https://m.weibo.cn/detail/5251234567890123",
    "text": "小米 大熊",
    "posted_at": datetime(2026, 1, 5, 2, tzinfo=UTC),
    "observed_at": datetime(2026, 1, 6, tzinfo=UTC),
    "crawl_id": "20260106T000000.000000Z-1a2b",
    "source": "spider",
    "author_id": "0123456789abcdef0123",
    "like_count": 3,
    "comment_count": None,
    "share_count": 0,
    "collect_count": None,
    "view_count": None,
    "author_followers": 12,
    "own_day": "2026-01-05",
    "day_of_file": "2026-01-05",
}
DAY = date(2026, 1, 5)
ENRICHED = {
    "day": DAY,
    "platform": "weibo",
    "post_id": "5251234567890123",
    "text": "小米 大熊",
    "text_clean": "小米 大熊",
    "text_hash": "8577e7bc73894e54",
    "segmented": "小米 大熊 | 失望",
    "sentiment": "negative",
    "sentiment_score": -0.5,
    "sentiment_source": "model",
    "sentiment_model": "m",
    "model_sentiment": "negative",
    "p_sum": 1.0,
    "flags": "question,irony_cue",
}
COUNTS = {"like_count": pl.Int64, "comment_count": pl.Int64, "share_count": pl.Int64, "collect_count": pl.Int64,
          "view_count": pl.Int64, "author_followers": pl.Int64}  # fmt: skip


def raw_rows(*changes: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([RAW | change for change in changes], schema_overrides=COUNTS)


def test_all_expectations_are_about_rows():
    """So a frame without rows passes, without being validated."""
    from great_expectations.expectations import expectation as kinds

    of_rows = (kinds.ColumnMapExpectation, kinds.ColumnPairMapExpectation, kinds.MulticolumnMapExpectation)
    suites = [raw.raw_suite(table, NOW) for table in SCHEMAS]
    suites += [enriched.enriched_posts(), enriched.enriched_post_topics(["t"]), enriched.enriched_comments()]
    suites += [make_suite() for make_suite in served.SERVED.values()]
    for suite in suites:
        assert all(isinstance(one, of_rows) for one in suite.expectations), suite.name


def test_raw_suite_passes_valid_rows_and_an_empty_day():
    assert (
        validate(raw_rows({}, {"post_id": "5251234567890124", "author_id": None}), raw.raw_suite("posts", NOW)).failures
        == []
    )
    assert validate(raw_rows({}).clear(), raw.raw_suite("posts", NOW)).failures == []


@pytest.mark.parametrize(
    ("change", "expectation"),
    [
        ({"post_id": None}, "column_values_to_not_be_null"),
        ({"platform": "tieba"}, "column_values_to_be_in_set"),
        ({"post_id": "5.25e15"}, "column_values_to_match_regex"),
        ({"post_url": "//weibo.com/1"}, "column_values_to_match_regex"),
        ({"author_id": "1000000001"}, "column_values_to_match_regex"),  # not a pseudonym
        ({"own_day": "2026-01-06"}, "column_pair_values_to_be_equal"),
        ({"observed_at": datetime(2026, 1, 1, tzinfo=UTC)}, "column_pair_values_a_to_be_greater_than_b"),
        ({"posted_at": datetime(1970, 1, 1, tzinfo=UTC)}, "column_values_to_be_between"),
        ({"like_count": -1}, "column_values_to_be_between"),
    ],
)
def test_raw_suite_fails_an_invalid_row(change, expectation):
    validation = validate(raw_rows({"post_id": "5251234567890199"}, change), raw.raw_suite("posts", NOW))
    assert validation.is_critical
    assert expectation in {failure.expectation for failure in validation.failures}


def test_raw_suite_fails_a_post_that_one_crawl_landed_twice():
    validation = validate(raw_rows({}, {}), raw.raw_suite("posts", NOW))
    assert validation.is_critical
    assert validation.failures[0].expectation == "compound_columns_to_be_unique"


def test_raw_suite_warns_of_observations_of_the_future():
    validation = validate(raw_rows({"observed_at": NOW + timedelta(hours=8)}), raw.raw_suite("posts", NOW))
    assert [(failure.columns, failure.severity) for failure in validation.failures] == [("observed_at", "warning")]


def test_raw_suite_warns_if_most_texts_are_empty():
    rows = raw_rows(*({"post_id": f"525123456789012{digit}", "text": ""} for digit in range(8)))
    validation = validate(rows, raw.raw_suite("posts", NOW))
    assert validation.failures
    assert not validation.is_critical


def test_enriched_suite():
    good = pl.DataFrame([ENRICHED, ENRICHED | {"post_id": "2", "p_sum": None, "text_hash": None, "flags": ""}])
    assert validate(good, enriched.enriched_posts()).failures == []
    for change in [{"sentiment": "angry"}, {"sentiment": None}, {"p_sum": 0.9}, {"sentiment_score": 2.0},
                   {"sentiment_source": "guess"}, {"text_hash": "g"}, {"segmented": None},
                   {"segmented": "小米 | | 大熊"}, {"segmented": "小米 "}, {"flags": None},
                   {"flags": "angry"}]:  # fmt: skip
        wrong = pl.DataFrame([ENRICHED, ENRICHED | {"post_id": "2"} | change])
        assert validate(wrong, enriched.enriched_posts()).is_critical, change
    assert validate(pl.DataFrame([ENRICHED, ENRICHED]), enriched.enriched_posts()).is_critical


def test_enriched_suite_of_topics():
    suite = enriched.enriched_post_topics(["xiaomi_kol"])
    row = {
        "day": DAY, "platform": "weibo", "post_id": "1", "topic_id": "xiaomi_kol", "matched_by": "all: 小米",
        "is_relevant": True, "relevance_reason": "prior (0.5)", "stance": "negative", "stance_score": -0.5,
    }  # fmt: skip
    good = pl.DataFrame([row, row | {"post_id": "2", "stance": None, "stance_score": None}])
    assert validate(good, suite).failures == []
    assert validate(by_day(POST_TOPICS).to_frame(), suite).failures == []
    for change in [{"topic_id": "another"}, {"matched_by": ""}, {"relevance_reason": None}, {"is_relevant": None},
                   {"stance": "angry"}, {"stance_score": 1.5}, {"post_id": "1"}]:  # fmt: skip
        assert validate(pl.DataFrame([row, row | {"post_id": "2"} | change]), suite).is_critical, change


def test_enriched_suite_of_comments():
    row = {
        "day": DAY, "platform": "weibo", "post_id": "1", "comment_id": "2", "text_clean": "失望",
        "text_hash": "0123456789abcdef", "segmented": "失望", "sentiment_model": "m", "model_sentiment": "negative",
        "p_negative": 0.8, "p_neutral": 0.1, "p_positive": 0.1,
    }  # fmt: skip
    without_text = {"comment_id": "3", "text_clean": "", "text_hash": None, "segmented": "", "p_negative": None}
    assert validate(pl.DataFrame([row, row | without_text]), enriched.enriched_comments()).failures == []
    for change in [{"model_sentiment": "angry"}, {"p_negative": 1.2}, {"comment_id": "2"}, {"text_hash": "g"},
                   {"post_id": None}]:  # fmt: skip
        wrong = pl.DataFrame([row, row | {"comment_id": "3"} | change])
        assert validate(wrong, enriched.enriched_comments()).is_critical, change


MOMENT = datetime(2026, 1, 5, 20, tzinfo=UTC)  # already 6 January in China


@pytest.mark.parametrize(
    ("suite", "row", "wrong"),
    [
        (
            "fct_posts",
            {"post_uid": "weibo:1", "platform": "weibo", "posted_date": "2026-01-05", "text": "x",
             "sentiment": "neutral", "observed_at": "2026-01-06", "interactions": 3, "observation_age_hours": 5.0},
            {"interactions": -1},
        ),
        (
            "daily_volume",
            {"topic_id": "t", "platform": "weibo", "posted_date": "2026-01-05", "is_complete": True, "volume": 3,
             "volume_share": 0.5, "original_volume": 2, "distinct_volume": 3, "authors": 1},
            {"original_volume": 4},
        ),
        (
            "event_sentiment",
            {"topic_id": "t", "sentiment": "neutral", "volume_share": 0.5, "interaction_share": 1.0},
            {"volume_share": 1.2},
        ),
        (
            "event_hourly",
            {"topic_id": "t", "platform": "weibo", "posted_hour": "2026-01-05 04:00", "is_complete": True, "volume": 0,
             "interactions": 0},
            {"volume": -1},
        ),
        (
            "event_phases",
            {"topic_id": "t", "phase": "latent", "started_at": MOMENT, "ended_at": MOMENT + timedelta(hours=1),
             "volume": 0, "rule": "before the onset."},
            {"ended_at": MOMENT},
        ),
        (
            "event_summary",
            {"topic_id": "t", "nsr_polar": -0.5, "nsr_total": None, "response_latency_hours": 30.0,
             "platforms_asked": 4, "platforms_collected": 4},
            {"response_latency_hours": -1.0},
        ),
        (
            "event_keywords",
            {"topic_id": "t", "platform": "all", "sentiment": "all", "word": "公关", "volume": 3, "distinct_volume": 2,
             "volume_share": 0.5},
            {"distinct_volume": 4},
        ),
        (
            "event_focuses",
            {"topic_id": "t", "focus_id": "t:公关", "label": "公关", "exemplar_1": "weibo:1", "volume": 3,
             "distinct_volume": 2, "volume_share": 0.5},
            {"exemplar_1": None},
        ),
        (
            "event_top_comments",
            {"topic_id": "t", "comment_uid": "weibo:1", "rank": 1, "likes": None, "text": "x"},
            {"likes": -1},
        ),
        (
            "event_voices",
            {"topic_id": "t", "author_uid": "weibo:0123456789abcdef0123", "kind": "kol",
             "display_name": "weibo:012345", "volume": 1, "interaction_share": 0.5},
            {"kind": "大V"},
        ),
        (
            "event_hot_lists",
            {"topic_id": "t", "platform": "weibo", "list_name": "hotSearch", "word": "小米", "first_seen_at": MOMENT,
             "last_seen_at": MOMENT, "best_rank": 1, "reads": 1, "list_reads": 1},
            {"reads": 2},
        ),
    ],
)  # fmt: skip
def test_served_suites(suite, row, wrong):
    make = served.SERVED[suite]
    assert set(columns_of(make())) == set(row)
    assert validate(pl.DataFrame([row]), make()).failures == []
    assert validate(pl.DataFrame([row | wrong]), make()).is_critical
    assert validate(pl.DataFrame([row, row]), make()).is_critical


def test_a_suite_raises_if_a_column_is_missing():
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        validate(pl.DataFrame({"platform": ["weibo"]}), raw.raw_suite("posts", NOW))


LANDED = {
    "comments": {
        "platform": "weibo", "comment_id": "5251234567890123", "post_id": "5251234567890122", "text": "小米",
        "source": "spider",
        "parent_comment_id": None, "posted_at": MOMENT, "author_id": "0123456789abcdef0123", "like_count": 3,
        "reply_count": None, "observed_at": MOMENT, "crawl_id": "a", "day": "2026-01-06",
    },
    "authors": {
        "platform": "weibo", "author_id": "0123456789abcdef0123", "followers": 10, "following": 2, "posts": None,
        "observed_at": MOMENT, "crawl_id": "a", "day": "2026-01-06",
    },
    "hot_lists": {
        "platform": "weibo", "list_name": "hotSearch", "rank": 1, "word": "小米", "heat": 5, "observed_at": MOMENT,
        "crawl_id": "a", "day": "2026-01-06",
    },
    "slices": {
        "platform": "weibo", "target": "search", "query": "小米", "slice_start": MOMENT,
        "slice_end": datetime(2026, 1, 6, tzinfo=UTC), "state": "ok", "reason": None, "pages": 1, "posts_seen": 1,
        "posts_kept": 1, "cap_hit": False, "kept_ids": ["1"], "ordering": "newest",
        "observed_at": MOMENT, "crawl_id": "a", "day": "2026-01-06",
    },
}  # fmt: skip
OTHER = {
    "comments": {"comment_id": "5251234567890124"},
    "authors": {"author_id": "f123456789abcdef0123"},
    "hot_lists": {"rank": 2},
    "slices": {"query": "米粉"},
}


def landed(table, *changes):
    schema = {name: dtype for name, dtype in SCHEMAS[table].items() if name in LANDED[table]}
    return pl.DataFrame([LANDED[table] | change for change in changes], schema_overrides=schema)


@pytest.mark.parametrize("table", LANDED)
def test_suites_of_the_other_tables_pass_valid_rows(table):
    assert validate_landed(table, landed(table, {}, OTHER[table])).failures == []
    assert validate_landed(table, landed(table, {}).clear()).failures == []


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("comments", {"comment_id": None}),
        ("comments", {"author_id": "1000000001"}),
        ("comments", {"day": "2026-01-05"}),
        ("comments", {"like_count": -1}),
        ("comments", {"posted_at": datetime(2026, 1, 5, 21, tzinfo=UTC)}),
        ("comments", {}),
        ("authors", {"author_id": None}),
        ("authors", {"followers": -5}),
        ("authors", {"day": "2026-01-05"}),
        ("authors", {}),
        ("hot_lists", {"rank": 0}),
        ("hot_lists", {"word": ""}),
        ("hot_lists", {"day": "2026-01-05"}),
        ("hot_lists", {}),
        ("slices", {"state": "gone"}),
        ("slices", {"state": "blocked"}),  # without a reason
        ("slices", {"target": "everything"}),
        ("slices", {"kept_ids": []}),
        ("slices", {"posts_kept": 2, "kept_ids": ["1", "2"]}),
        ("slices", {"slice_end": MOMENT}),
    ],
)
def test_suites_of_the_other_tables_fail_an_invalid_row(table, change):
    """An empty change repeats the row, which a crawl cannot have landed twice."""
    assert validate_landed(table, landed(table, {}, {**(OTHER[table] if change else {}), **change})).is_critical
