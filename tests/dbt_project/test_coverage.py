"""marts.crawl_coverage: what was not collected, and an estimate of how much."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from core.calendar import CHINA
from core.contracts import enriched
from core.contracts.raw import Ordering, Slice, SliceState
from core.storage.files import write_once
from core.storage.raw import land, to_frame
from tests.warehouse import DataFolder, post

DAYS = [(date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(105)]
WHOLE, REFUSED, NOT_ASKED, TWICE, EXPIRED = DAYS[100:]
TRUTH, SHOWN = 400, 240  # posts of a day, and how many of them a pass shows: the cap hides 40%


def a_slice(
    day: str, state: SliceState, kept_ids: Iterable[str], ordering: Ordering = "newest", crawl: str = "a"
) -> Slice:
    start = datetime.fromisoformat(day).replace(tzinfo=CHINA).astimezone(UTC)
    return Slice(
        platform="weibo",
        query="q",
        ordering=ordering,
        slice_start=start,
        slice_end=start + timedelta(days=1),
        state=state,
        reason=None if state == "ok" else f"it is {state}",
        cap_hit=state == "partial",
        kept_ids=list(kept_ids),
        observed_at=start + timedelta(days=2),
        crawl_id=crawl,
    )


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    data = DataFolder(tmp_path_factory.mktemp("covered") / "data")
    posts = [str(number) for number in range(TRUTH)]
    days: dict[str, list[Slice]] = {}
    for seed, day in enumerate(DAYS[:100]):
        rng = random.Random(seed)
        days[day] = [a_slice(day, "partial", rng.sample(posts, SHOWN), ordering) for ordering in ("newest", "general")]
    days[WHOLE] = [a_slice(WHOLE, "ok", posts)]
    days[REFUSED] = [a_slice(REFUSED, "blocked", [])]
    days[TWICE] = [a_slice(TWICE, "partial", posts[:5]), a_slice(TWICE, "ok", posts[:7], crawl="b")]
    for day, slices in days.items():
        for crawl in sorted({one.crawl_id for one in slices}):
            of_crawl = [one for one in slices if one.crawl_id == crawl]
            kept = sorted({post_id for one in of_crawl for post_id in one.kept_ids or []})
            data.land_posts(day, crawl, [post("weibo", post_id, day, 1, 0, 0) for post_id in kept])
            land(data.path, "slices", "weibo", day, crawl, to_frame("slices", of_crawl))
    window = {"window_start": date(2026, 1, 1), "window_end": date.fromisoformat(DAYS[-1])}
    topic = {"topic_id": "demo", "topic_name": "合成话题", "brand": "合成", "platform": "weibo"} | window
    data.write_topics("000001-aa", [topic], [{"topic_id": "demo", "platform": "weibo", "query": "q"}])
    expired = pl.DataFrame(
        [("weibo", date.fromisoformat(EXPIRED), "", None, True)], schema=enriched.LOST_FILES, orient="row"
    )
    write_once(expired, data.path / "enriched/lost_files/000001-aa.parquet")
    data.dbt("seed")
    data.dbt("build", "--select", "+crawl_coverage", "--exclude", "posts_not_enriched")
    return data


def test_quarantined_records_are_a_mart(built: DataFolder) -> None:
    assert built.rows("select source, position, observed_at::varchar from marts.quarantined_records") == [
        ("vendor.csv", "line 3", "2026-01-05 04:00:00")
    ]


def test_the_interval_contains_the_true_number(covered: DataFolder) -> None:
    rows = covered.rows(
        "select pass_a, pass_b, is_complete, posts_estimated_low, posts_estimated, posts_estimated_high,"
        " posts_collected from marts.crawl_coverage where posts_estimated is not null"
    )
    assert len(rows) == 100
    assert all((pass_a, pass_b, is_complete) == (SHOWN, SHOWN, False) for pass_a, pass_b, is_complete, *_ in rows)
    assert all(collected <= low <= estimate <= high for *_, low, estimate, high, collected in rows)
    assert sum(low <= TRUTH <= high for *_, low, _, high, _ in rows) >= 90
    assert abs(pl.Series([row[4] for row in rows]).mean() - TRUTH) < 5  # type: ignore[operator]


def test_each_incomplete_day_has_a_reason(covered: DataFolder) -> None:
    rows = covered.rows(
        "select slices, slices_complete, slices_refused, cap_hits, posts_collected, is_complete, missing_reason"
        f" from marts.crawl_coverage where posted_date = '{DAYS[0]}' or posted_date >= '{WHOLE}' order by posted_date"
    )
    assert [row[:4] + row[5:] for row in rows] == [
        (2, 0, 0, 2, False, "it is partial"),
        (1, 1, 0, 0, True, None),
        (1, 0, 1, 0, False, "it is blocked"),
        (0, 0, 0, 0, False, "not collected"),
        (1, 1, 0, 0, True, None),  # by the later of two crawls
        (0, 0, 0, 0, False, "removed by retention"),
    ]
    assert [row[4] for row in rows[1:]] == [400, 0, None, 7, None]
