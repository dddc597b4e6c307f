"""The raw check accepts exactly the rows that landing accepts: both follow from core/contracts/raw_rules.py."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.contracts.raw import SCHEMAS, RawTable
from core.contracts.raw_rules import (
    CLOCK_DIFFERENCE,
    Between,
    Holds,
    Matches,
    MatchesOnPlatform,
    NotAfter,
    NotBefore,
    OneOf,
    Required,
    Rule,
    broken_rules,
    rules_at,
    with_conditions,
)
from core.platforms import PLATFORMS
from expectations.raw import raw_suite
from expectations.validation import columns_of, validate

FIRST_POST = datetime(2009, 8, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 7, tzinfo=UTC)
TIMES = st.one_of(
    st.integers(-300_000_000, 900_000_000).map(lambda seconds: FIRST_POST + timedelta(seconds=seconds)),
    st.integers(-600, 600).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)
TEXTS = st.text(max_size=70) | st.sampled_from(
    [
        "weibo",
        "5251842963406855",
        "1",
        *PLATFORMS,
        "a" * 33,
        "7591234567890123456",
        "abcd\n",
        "https://a",
        "http://a",
        "0123456789abcdef0123",
        "ok",
    ]
)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    pl.String(): TEXTS,
    pl.Int64(): st.integers(-3, 200) | st.just(2**62),
    pl.Boolean(): st.booleans(),
    pl.Datetime("us", "UTC"): TIMES,
    pl.List(pl.String()): st.lists(TEXTS, max_size=2),
}


def rows_of(table: RawTable) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.fixed_dictionaries({name: st.none() | VALUES[dtype] for name, dtype in SCHEMAS[table].items()})
    return st.lists(row, min_size=1, max_size=30)


def fails_the_check(table: RawTable, row: pl.DataFrame) -> bool:
    suite = raw_suite(table, NOW)
    # Conditions of whole files are not part of the row contract.
    suite.expectations = suite.expectations[: len(rules_at(table, NOW))]
    return bool(validate(with_conditions(table, row).select(columns_of(suite)), suite).failures)


@pytest.mark.parametrize("table", get_args(RawTable))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_row_is_accepted_by_one_and_refused_by_the_other(table: RawTable, data: st.DataObject) -> None:
    rows = pl.DataFrame(data.draw(rows_of(table)), schema=SCHEMAS[table], orient="row")
    is_broken = broken_rules(table, rows, NOW)["reason"].is_not_null()
    accepted = rows.filter(~is_broken)
    assert accepted.is_empty() or not fails_the_check(table, accepted)
    for row in rows.filter(is_broken).head(3).iter_slices(1):  # a validation takes 40 ms
        assert fails_the_check(table, row), broken_rules(table, row, NOW).to_dicts()


GOOD: dict[str, Any] = {
    "platform": "weibo", "post_id": "5251842963406855", "comment_id": "5251842963406856", "text": "合成帖子",
    "post_url": "https://m.weibo.cn/detail/5251842963406855", "posted_at": datetime(2026, 1, 5, tzinfo=UTC),
    "observed_at": datetime(2026, 1, 6, tzinfo=UTC), "author_id": "0123456789abcdef0123", "source": "spider",
    "crawl_id": "20260106T000000.000000Z-1a2b", "list_name": "热搜", "rank": 1, "word": "词", "query": "q",
    "slice_start": datetime(2026, 1, 5, tzinfo=UTC), "slice_end": datetime(2026, 1, 6, tzinfo=UTC), "state": "ok",
    "target": "search", "ordering": "newest", "cap_hit": False, "posts_seen": 1, "posts_kept": 1,
    "kept_ids": ["5251842963406855"],
}  # fmt: skip

IDS = {
    "weibo": "5251842963406855", "douyin": "7591234567890123456", "xiaohongshu": "695b7a2f000000001e03a1b2",
    "zhihu": "1991234567890", "bilibili": "115812345678901",
}  # fmt: skip


def breaking(rule: Rule) -> Any:
    """A value that breaks the rule alone."""
    match rule:
        case Holds(field="reason") | Required():
            return None
        case Holds():
            return []
        case Matches(field="word"):
            return ""
        case Matches():
            return "!"
        case MatchesOnPlatform():
            return "not-an-id-of-any-1"
        case OneOf():
            return "tieba"
        case Between(lowest=datetime() as lowest):
            return lowest - timedelta(seconds=1)
        case Between():
            return -1
        case NotAfter(latest=latest):
            return latest + timedelta(seconds=1)
        case NotBefore(field="posts_seen"):
            return 0
        case NotBefore():
            return datetime(2010, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("table", "rule"),
    [(table, rule) for table in get_args(RawTable) for rule in rules_at(table, NOW)],
    ids=lambda value: value if isinstance(value, str) else f"{type(value).__name__} {value.field}",
)
def test_each_rule_names_its_field_its_reason_and_a_remedy(table: RawTable, rule: Rule) -> None:
    good = {name: GOOD.get(name) for name in SCHEMAS[table]}
    if isinstance(rule, MatchesOnPlatform):
        good |= {"platform": rule.platform, "post_id": IDS[rule.platform]}
    if isinstance(rule, Holds):
        good |= {"state": "partial", "reason": "the page is cut"}
    rows = pl.DataFrame([good, good | {rule.field: breaking(rule)}], schema=SCHEMAS[table], orient="row")
    assert broken_rules(table, rows, NOW).to_dicts() == [
        {"field": None, "reason": None, "remedy": None},
        {"field": rule.field, "reason": rule.reason(), "remedy": rule.remedy},
    ]
    assert rule.field in rule.reason()
    assert rule.remedy


def test_a_null_breaks_no_rule_but_required() -> None:
    required = {rule.field for rule in rules_at("posts", NOW) if isinstance(rule, Required)}
    row = {name: GOOD.get(name) if name in required else None for name in SCHEMAS["posts"]}
    assert broken_rules("posts", pl.DataFrame([row], schema=SCHEMAS["posts"]), NOW)["reason"].to_list() == [None]
    assert replace(rules_at("posts", NOW)[0], field="text").reason() == "text is missing"


@pytest.mark.parametrize("table", get_args(RawTable))
def test_clocks_may_differ_by_some_minutes(table: RawTable) -> None:
    observed = [NOW + CLOCK_DIFFERENCE, NOW + CLOCK_DIFFERENCE + timedelta(microseconds=1)]
    good = {name: GOOD.get(name) for name in SCHEMAS[table]}
    rows = pl.DataFrame([good | {"observed_at": moment} for moment in observed], schema=SCHEMAS[table], orient="row")
    assert broken_rules(table, rows, NOW)["reason"].to_list() == [None, "observed_at is in the future"]
