"""Warnings of checks in words."""

import json
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from core.storage.paths import DBT_PROJECT_DIR
from orchestration.lib.check_warnings import LINES, WARNINGS, in_words, rows_in_words, with_warnings
from orchestration.lib.runs import warnings_of_run


def test_few_lines_are_shown_with_the_number_of_the_others_and_the_remedy() -> None:
    lines = [f"day {number}" for number in range(LINES + 3)]
    assert in_words(lines, "look there") == [*lines[:LINES], "... and 3 more.", "look there"]
    assert in_words([], "look there") == []


def test_the_latest_days_come_first() -> None:
    rows = [{"platform": "weibo", "posted_date": date(2026, 1, day), "counted": "likes", "posts": 12} for day in (4, 5)]
    first, second, _ = rows_in_words("counts_all_zero", rows)
    assert first == "weibo 2026-01-05: likes are zero in all 12 posts, although most posts before have some."
    assert "2026-01-04" in second


def test_a_test_without_a_sentence_shows_its_rows() -> None:
    line, remedy = rows_in_words("some_test", [{"from_field": "weibo:1"}, {"from_field": "weibo:1"}])
    assert line == "some_test: from_field weibo:1"
    assert "some_test" in remedy


def test_rows_of_topics_are_counted_and_not_shown() -> None:
    rows = [{"topic_id": topic_id, "text": "合成帖子"} for topic_id in "bab"]
    first, second, _ = rows_in_words("some_test", rows)
    assert (first, second) == ("topic a: 1 rows fail it", "topic b: 2 rows fail it")


@pytest.fixture
def build(tmp_path: Path) -> tuple[Path, Path]:
    """dbt's target folder and the warehouse of a build in which a test warned."""
    results = [{"unique_id": "test.tingfeng.counts_fell", "compiled_code": "select * from marts.fallen"}]
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fallen as select 'zhihu' platform, date '2026-01-05' posted_date, 'c1' crawl_id, "
            "'likes' counted, 11 posts"
        )
    return tmp_path, tmp_path / "warehouse.duckdb"


def check(passed: bool) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        asset_key=dg.AssetKey(["marts", "fct_posts"]),
        check_name="counts_fell",
        severity=dg.AssetCheckSeverity.WARN,
    )


def test_results_that_warn_get_the_rows_of_their_test(build: tuple[Path, Path]) -> None:
    passed, other = check(True), object()
    *rest, warned = with_warnings([check(False), passed, other], *build)
    assert rest == [passed, other]
    assert warned.metadata[WARNINGS].value[0] == (
        "zhihu 2026-01-05: likes fell in most of 11 posts that c1 observed again."
    )


def test_a_run_has_the_warnings_of_its_checks() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec(name, asset="posts") for name in ("first", "second", "third")])
    def posts():  # type: ignore[no-untyped-def]
        yield dg.MaterializeResult(
            check_results=[
                dg.AssetCheckResult(
                    check_name="first",
                    passed=False,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={WARNINGS: ["day 1", "look there"]},
                ),
                dg.AssetCheckResult(check_name="second", passed=True),
                dg.AssetCheckResult(check_name="third", passed=False, severity=dg.AssetCheckSeverity.WARN),
            ]
        )

    with dg.instance_for_test() as instance:
        run = dg.materialize([posts], instance=instance)
        assert warnings_of_run(instance, run.run_id) == [
            "first: day 1",
            "first: look there",
            "third: See the check of posts in the Dagster UI; 'tingfeng dev' starts it.",
        ]


def test_every_plausibility_check_has_a_sentence() -> None:
    names = {path.stem for path in (DBT_PROJECT_DIR / "tests" / "plausibility").glob("*.sql")}
    for name in names:
        assert not rows_in_words(name, [_RowOfAnything()])[0].startswith(name)


class _RowOfAnything(dict):  # type: ignore[type-arg]
    def __missing__(self, key: str) -> float:
        return 0
