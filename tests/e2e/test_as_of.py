"""Marts as of three moments of the sandbox's clock come out the same again after later crawls, deletions, a late
import, analysts' labels and another sentiment model; and what differs between two is explained to the last post."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import polars as pl
import pytest

from core.contracts.raw import SCHEMAS
from core.listening import load_listening
from core.platforms import Platform
from core.storage.raw import land
from core.storage.versions import remove_superseded
from orchestration.definitions import defs
from orchestration.publishing.as_of import build_as_of
from orchestration.publishing.manifests import current_files, named_files, publications, write_manifest
from orchestration.reading.sentiment.classifier import WEIGHTS, load_classifier
from orchestration.reporting.comparison_text import comparison_text
from orchestration.reporting.event_report import build_report
from orchestration.statistics.comparison import Comparison, compare_marts, counted_posts, residuals
from tests.e2e.runs import ROOT, environment

pytestmark = pytest.mark.slow

TOPIC = "xiaomi_kol"
DAY = "2026-01-03"
PLATFORMS: tuple[Platform, ...] = ("weibo", "zhihu")
# The evening of the day, when half of its posts have yet to come; the next noon; and days after, when some are deleted.
CRAWLED = [
    datetime.fromisoformat(f"{moment}+08:00") for moment in ("2026-01-03T20:01", "2026-01-04T12:01", "2026-01-07T12:01")
]
# Half an hour after each crawl, and 20 minutes after what it brought was published.
MOMENTS = [moment.astimezone(UTC) + timedelta(minutes=30) for moment in CRAWLED]
LATER = datetime(2026, 2, 1, 4, tzinfo=UTC)


def crawl(data: Path, moment: datetime) -> None:
    """Crawl the day's posts from a sandbox whose clock, like that of the crawls, begins at the moment."""
    queries = json.dumps(list(load_listening(ROOT / "listening.yaml").topics[0].queries))
    spiders = [
        shlex.join([sys.executable, "-m", "scrapy", "crawl", platform, "-a", f"day={DAY}", "-a", f"queries={queries}"])
        for platform in PLATFORMS
    ]
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "sandbox", "during", "sh", "-c", f"{' & '.join(spiders)} & wait"],
        cwd=ROOT,
        env=environment(data, TINGFENG_NOW=moment.isoformat()),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def read_and_publish(data: Path, moment: datetime) -> None:
    """Run the steps of a refresh between the crawl and dbt, and write the manifest of the publication."""
    assets = defs.get_repository_def().assets_defs_by_key
    keys = (["enriched", "posts"], ["enriched", "topics"], ["enriched", "duplicate_groups"])
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([assets[dg.AssetKey(key)] for key in keys], instance=instance, tags={"dagster/partition": DAY})
    assert write_manifest(data, moment, current_files(data, {}))
    remove_superseded(data / "enriched", {data / file for file in named_files(data)})


def tables(marts: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        return {name: connection.execute(f'select * from "{name}"').fetchall() for name in names}


def built(moments: list[datetime]) -> list[Path]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda moment: build_as_of(moment, TOPIC), moments))


def reports(paths: list[Path]) -> list[Any]:
    """The pages of the report of each moment, in both languages."""
    moments = [moment.replace(tzinfo=None) for moment in MOMENTS]
    return [build_report(path, TOPIC, moment).pages for path, moment in zip(paths, moments, strict=True)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("as_of") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINGFENG_DATA", str(folder))
        patch.delenv("TINGFENG_SENTIMENT", raising=False)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def history(data: Path) -> dict[str, Any]:
    """Three published crawls with their marts, then every kind of later change, then the marts built again."""
    for moment in CRAWLED:
        crawl(data, moment)
        read_and_publish(data, moment.astimezone(UTC) + timedelta(minutes=10))
    paths = built(MOMENTS)
    first, last = [tables(path) for path in paths], data / "last.duckdb"
    pages = reports(paths)
    shutil.copy(paths[-1], last)

    # A later crawl, an import of what somebody else saw on the evening of the first moment, labels, another model.
    crawl(data, LATER)
    import_late(data)
    with duckdb.connect(str(last), read_only=True) as marts:
        negative = counted_posts(marts, TOPIC).filter(sentiment="negative").sort("post_uid").head(5)
    labelled = negative.select("platform", post_id=pl.col("post_uid").str.split(":").list.last())
    (data / "labels").mkdir()
    labelled.with_columns(
        sentiment=pl.lit("positive"), labeller=pl.lit("somebody"), labelled_at=pl.lit("2026-02-01 10:00")
    ).write_csv(data / "labels" / "some.csv")
    weights = load_classifier(WEIGHTS).weights
    other = weights._replace(bias=weights.bias + np.array([0, 0, 2], np.float32))
    np.savez(data / "other.npz", **other._asdict())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINGFENG_SENTIMENT", f"embedded:{data / 'other.npz'}")
        read_and_publish(data, LATER + timedelta(hours=1))
    shutil.rmtree(data / "as_of")
    shutil.rmtree(data / "publications" / "as_of")  # not by what was noted then: by the rule
    paths = built([*MOMENTS, LATER + timedelta(hours=2)])
    again = {"again": [tables(path) for path in paths[:3]], "pages_again": reports(paths[:3])}
    return {"first": first, "pages": pages, "paths": paths, **again}


def import_late(data: Path) -> None:
    """Land in February observations from before the first moment: other counts of a post, and an unknown post."""
    posts = pl.read_parquet(data / f"raw/posts/platform=weibo/day={DAY}/*.parquet", hive_partitioning=False)
    seen = posts.filter(pl.col("observed_at") < MOMENTS[0]).sort("post_id").head(1)
    other = seen.with_columns(
        post_id=pl.lit("5250000000000001"), post_url=pl.lit("https://weibo.example/1"), text=pl.lit("小米 大熊 补录")
    )
    crawl_id = "20260201T060000.000000Z-import"
    rows = pl.concat([seen, other]).with_columns(
        like_count=pl.lit(1_000_000, pl.Int64),
        observed_at=pl.lit(MOMENTS[0] - timedelta(minutes=1)),
        crawl_id=pl.lit(crawl_id),
        source=pl.lit("import:test"),
    )
    land(data, "posts", "weibo", DAY, crawl_id, rows.match_to_schema(SCHEMAS["posts"]))


def test_later_changes_do_not_change_the_marts_of_a_moment(history: dict[str, Any]) -> None:
    for before, again in zip(history["first"], history["again"], strict=True):
        assert before.keys() == again.keys()
        for name, rows in before.items():
            assert rows == again[name], name
    sizes = [len(marts["fct_posts"]) for marts in history["first"]]
    assert 0 < sizes[0] < sizes[1] <= sizes[2]


def test_later_changes_do_not_change_the_reports_of_a_moment(history: dict[str, Any]) -> None:
    assert history["pages"] == history["pages_again"]
    assert len({page["zh"] for page in history["pages"]}) == 3


def test_nothing_was_observed_after_the_moment(history: dict[str, Any]) -> None:
    for path, moment in zip(history["paths"], MOMENTS, strict=False):
        with duckdb.connect(str(path), read_only=True) as connection:
            timed = connection.execute(
                "select table_name from duckdb_columns() where column_name = 'observed_at'"
            ).fetchall()
            assert len(timed) >= 3
            for (table,) in timed:
                latest = connection.execute(f"select max(observed_at) from {table}").fetchall()[0][0]
                assert latest is None or latest <= moment.replace(tzinfo=None), table


def comparison(history: dict[str, Any], first: int, last: int) -> Comparison:
    moments = [*MOMENTS, LATER]
    found = compare_marts(history["paths"][first], history["paths"][last], TOPIC, moments[first])
    deltas = found.reasons.group_by("platform", "measure").agg(pl.col("delta").sum())
    joined = found.moves.join(deltas, on=["platform", "measure"], how="left", nulls_equal=True)
    assert (joined["after"] - joined["before"] == joined["delta"].fill_null(0)).all()
    for side, number in (("before", first), ("after", last)):
        assert residuals(history["paths"][number], TOPIC, found.moves, side) == {}
    return found


def reasons(found: Comparison, measure: str) -> dict[str, int]:
    everywhere = found.reasons.filter(pl.col("platform").is_null(), measure=measure)
    return dict(everywhere.select("reason", "posts").rows())


def test_changes_between_two_moments_are_explained(history: dict[str, Any]) -> None:
    found = comparison(history, 0, 1)
    # Found: what had been published, but after the crawl, or not yet in the site's index.
    assert reasons(found, "volume").keys() == {"published", "found"}
    assert reasons(found, "interactions").keys() == {"published", "found", "grown"}
    later = comparison(history, 1, 2)
    assert "grown" in reasons(later, "interactions")
    assert later.not_seen_again.height > 0  # deleted by their site: they keep their last counts


def test_changes_by_the_model_and_by_labels_are_distinguished(history: dict[str, Any]) -> None:
    found = comparison(history, 2, 3)
    assert reasons(found, "positive")["analyst"] == 5
    assert reasons(found, "positive")["model"] > 20
    assert reasons(found, "volume") == {"found": 1}  # the import's post


def test_the_command_prints_the_changes_in_words(
    data: Path, history: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGFENG_NOW", LATER.isoformat())
    text = comparison_text(TOPIC, "2026-01-03T20:31", "2026-01-04T12:31", print, english=False)
    assert "起点之后发布" in text
    assert "已知帖子的互动增长" in text
    assert "各原因之和等于各项变化；两端数字与数据表一致" in text
    english = comparison_text(TOPIC, "2026-01-03T20:31", "2026-01-04T12:31", print, english=True)
    assert "published since" in english
    assert len(publications(data)) == 4
