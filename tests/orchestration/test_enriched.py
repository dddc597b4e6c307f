"""The enriched assets and their check, as Dagster runs them over a day of hand-made posts."""

from datetime import UTC, datetime

import dagster as dg
import polars as pl
import pytest

from orchestration.analysis.enrich import enrich
from orchestration.definitions import defs
from orchestration.enriched_files import versions
from scrapers.items import Post
from scrapers.landing import land, to_frame

DAY = "2026-01-05"
POSTS = dg.AssetKey(["enriched", "posts"])


def post(post_id: str, text: str) -> Post:
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=f"https://m.weibo.cn/detail/{post_id}",
        post_type="text",
        text=text,
        like_count=1,
        posted_at=datetime(2026, 1, 5, 2, tzinfo=UTC),
        observed_at=datetime(2026, 1, 6, tzinfo=UTC),
        source="spider",
        crawl_id="c1",
        payload="{}",
    )


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    rows = [post("5251234567890123", "小米这次找大熊，太让人失望了"), post("5251234567890124", "今天天气不错")]
    land(tmp_path, "posts", "weibo", DAY, "c1", to_frame("posts", rows))
    return tmp_path


def run(*, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
    asset = defs.get_repository_def().assets_defs_by_key[POSTS]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], instance=instance, tags=tags, raise_on_error=False)


def failed_checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckSeverity]:
    return {found.check_name: found.severity for found in result.get_asset_check_evaluations() if not found.passed}


def test_a_day_is_read_once_and_again_only_when_its_raw_data_changes(data):
    folder = data / "enriched" / "posts" / f"day={DAY}"
    assert run().success
    frame = pl.read_parquet(versions(folder)[-1], hive_partitioning=False)
    assert frame.select("post_id", "sentiment").rows() == [
        ("5251234567890123", "negative"),
        ("5251234567890124", "positive"),
    ]
    assert run().success
    assert len(versions(folder)) == 1
    land(data, "posts", "weibo", DAY, "c2", to_frame("posts", [post("5251234567890125", "小米 KOL")]))
    assert run().success
    assert pl.read_parquet(versions(folder)[-1], hive_partitioning=False).height == 3


def test_topics_name_the_words_that_decided(data):
    assert run().success
    path = versions(data / "enriched" / "post_topics" / f"day={DAY}")[-1]
    assert pl.read_parquet(path, hive_partitioning=False).rows() == [
        ("weibo", "5251234567890123", "xiaomi_kol", "all: 小米; any: 大熊", True, "for 大熊 (2)")
    ]


def test_a_day_that_left_raw_becomes_empty(data):
    assert run().success
    for path in (data / "raw" / "posts").rglob("*.parquet"):
        path.unlink()
    assert run(tags={"dagster/asset_partition_range_start": DAY, "dagster/asset_partition_range_end": DAY}).success
    assert pl.read_parquet(versions(data / "enriched" / "posts" / f"day={DAY}")[-1], hive_partitioning=False).is_empty()


def test_raw_rows_that_fail_their_checks_are_not_read(data):
    wrong = post("5251234567890126", "小米 KOL")
    wrong.author_id = "somebody"  # no pseudonym
    land(data, "posts", "weibo", DAY, "c2", to_frame("posts", [wrong]))
    result = run()
    assert failed_checks(result) == {"raw_rows": dg.AssetCheckSeverity.ERROR}
    assert not result.success
    assert not versions(data / "enriched" / "posts" / f"day={DAY}")


def test_enriched_rows_that_fail_their_checks_are_not_written(data, monkeypatch):
    from orchestration.defs.enriched import posts as station  # to make analysis go wrong

    def wrong(*arguments: object) -> pl.DataFrame:
        return enrich(*arguments).with_columns(sentiment=pl.lit("angry"))

    monkeypatch.setattr(station, "enrich", wrong)
    result = run()
    assert failed_checks(result) == {"rows": dg.AssetCheckSeverity.ERROR}
    assert not result.success
    assert not versions(data / "enriched" / "posts" / f"day={DAY}")
