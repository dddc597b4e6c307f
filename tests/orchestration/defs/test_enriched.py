"""The enriched assets and their check, as Dagster runs them over a day of hand-made posts."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from core.contracts.raw import Post
from core.storage.paths import PROJECT_DIR
from core.storage.raw import land, to_frame
from core.storage.versions import versions
from orchestration.definitions import defs
from orchestration.reading.duplicates import hashed
from orchestration.reading.enrich import enrich
from tests.settled import publish

DAY = "2026-01-05"
POSTS = dg.AssetKey(["enriched", "posts"])
GROUPS = dg.AssetKey(["enriched", "duplicate_groups"])


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
    assert written(data, "read_inputs") == 1
    land(data, "posts", "weibo", DAY, "c2", to_frame("posts", [post("5251234567890125", "小米 KOL")]))
    assert run().success
    assert pl.read_parquet(versions(folder)[-1], hive_partitioning=False).height == 3


def written(data: Path, table: str, day: str = DAY) -> int:
    """The number of versions of a day of an enriched table."""
    return len(versions(data / "enriched" / table / f"day={day}"))


def rows_of(folder: Path) -> list[tuple[Any, ...]]:
    """The rows of the current version."""
    return pl.read_parquet(versions(folder)[-1], hive_partitioning=False).rows()


def kinds_and_names(path: Path) -> list[tuple[str, str]]:
    return pl.read_parquet(path, hive_partitioning=False).select("kind", "name").rows()


def test_a_day_records_what_it_was_read_from(data):
    assert run().success
    [path] = versions(data / "enriched" / "read_inputs" / f"day={DAY}")
    kinds = ("raw", "code", "model", "names", "aliases")
    assert kinds_and_names(path) == [(kind, "") for kind in kinds] + [("topic", "xiaomi_kol"), ("stance", "xiaomi_kol")]


def test_a_run_of_another_day_also_reads_the_days_of_an_earlier_release(data):
    """Such a release did not record by which rules it read a day, so the marts would not show it."""
    assert run().success
    shutil.rmtree(data / "enriched/read_inputs")
    for table in ("posts", "post_topics"):
        [path] = versions(data / f"enriched/{table}/day={DAY}")
        path.rename(path.with_name("000001-0123456789ab.parquet"))
    another_day = {"dagster/partition": "2026-01-06"}
    assert run(tags=another_day).success
    assert [written(data, table) for table in ("posts", "post_topics", "read_inputs")] == [2, 2, 1]
    land(data, "posts", "weibo", DAY, "c2", to_frame("posts", [post("5251234567890125", "小米 KOL")]))
    assert run(tags=another_day).success  # stale, but read by this release
    assert [written(data, table) for table in ("posts", "post_topics", "read_inputs")] == [2, 2, 1]


def test_a_run_of_another_day_also_reads_published_days_if_all_days_are_built(data):
    """The warehouse and the enriched files are lost: the new marts would lack the day, and would not be published."""
    another_day = {"dagster/partition": "2026-01-06"}
    assert run(tags=another_day).success
    assert written(data, "posts") == 0  # not published, so nothing would be lost
    assert run().success
    publish(data)
    shutil.rmtree(data / "enriched")
    assert run(tags=another_day).success
    assert written(data, "posts") == 0  # the warehouse has the day
    (data / "warehouse.duckdb").unlink()
    assert run(tags=another_day).success
    assert [written(data, table) for table in ("posts", "post_topics", "read_inputs")] == [1, 1, 1]


@pytest.mark.parametrize("lost", ["", "posts", "post_topics", "read_inputs"])
def test_a_run_of_days_around_a_published_one_also_reads_it(data, lost):
    """dbt builds all days from the first to the last, and would remove one without enriched files."""
    assert run().success
    publish(data)
    shutil.rmtree(data / "enriched" / lost)
    for day in ("2026-01-04", "2026-01-06"):  # runs of which dbt has built none
        land(data, "posts", "weibo", day, "c1", to_frame("posts", []))
        assert run(tags={"dagster/partition": day}).success
    assert [written(data, table) for table in ("posts", "post_topics", "read_inputs")] == [1, 1, 1]


def test_other_rules_read_the_topics_again_and_not_the_posts(data, monkeypatch):
    from orchestration.defs.enriched import posts as station

    assert run().success
    rules = (PROJECT_DIR / "listening.yaml").read_text("utf-8").replace("prior: 0.5", "prior: 0.4")
    (data / "listening.yaml").write_text(rules, "utf-8")
    monkeypatch.setenv("TINGFENG_LISTENING", str(data / "listening.yaml"))
    judged: list[int] = []

    def recording(words: pl.DataFrame, *arguments: object) -> pl.DataFrame:
        judged.append(words.height)
        return enrich(words, *arguments)

    monkeypatch.setattr(station, "enrich", recording)
    assert run().success
    assert judged == [0]
    assert [written(data, table) for table in ("posts", "post_topics", "read_inputs")] == [1, 2, 2]


def test_a_label_reads_the_day_of_its_post_again(data):
    land(
        data,
        "posts",
        "weibo",
        "2026-01-04",
        "c1",
        to_frame("posts", [replace(post("5251234567890120", "小米"), posted_at=datetime(2026, 1, 4, 2, tzinfo=UTC))]),
    )
    assert run().success
    (data / "labels").mkdir()
    (data / "labels" / "a.csv").write_text(
        "platform,post_id,sentiment,labeller,labelled_at\n"
        "weibo,5251234567890124,negative,甲,2026-01-07 10:30\nweibo,5259999999999999,negative,甲,2026-01-07 10:30\n",
        "utf-8",
    )
    assert run().success
    assert (written(data, "posts", "2026-01-04"), written(data, "posts")) == (1, 2)
    path = versions(data / "enriched" / "posts" / f"day={DAY}")[-1]
    assert pl.read_parquet(path, hive_partitioning=False)["sentiment_source"].to_list() == ["model", "analyst"]
    assert run().success
    assert written(data, "posts") == 2


def test_labels_of_relevance_are_known_before_their_days_are_read(data):
    """A run of another day records them, so that the marts show no number of before."""
    assert run().success
    assert rows_of(data / "enriched/relevance_labels") == []
    (data / "labels/relevance").mkdir(parents=True)
    (data / "labels/relevance/a.csv").write_text(
        "platform,post_id,text,topic_id,relevant\nweibo,5251234567890123,,xiaomi_kol,no\n", "utf-8"
    )
    assert run(tags={"dagster/partition": "2026-01-06"}).success
    assert (written(data, "post_topics"), written(data, "read_inputs")) == (1, 1)
    [(topic, day, labels)] = rows_of(data / "enriched/relevance_labels")
    assert (topic, str(day)) == ("xiaomi_kol", DAY)
    assert run().success
    assert ("relevance_labels", "xiaomi_kol", labels) in rows_of(data / f"enriched/read_inputs/day={DAY}")
    assert len(versions(data / "enriched/relevance_labels")) == 2


def test_a_post_that_two_files_have_on_two_days_stands_under_both(data):
    original = post("5251234567890123", "小米 大熊 太让人失望")
    moved = replace(
        original, posted_at=original.posted_at + timedelta(days=1), observed_at=original.observed_at + timedelta(days=1)
    )
    land(data, "posts", "weibo", "2026-01-06", "c2", to_frame("posts", [moved]))
    assert run().success
    ids = {
        (table, day): pl.read_parquet(versions(data / "enriched" / table / f"day={day}")[-1], hive_partitioning=False)[
            "post_id"
        ].to_list()
        for table in ("posts", "post_topics")
        for day in (DAY, "2026-01-06")
    }
    assert ids == {
        ("posts", DAY): ["5251234567890123", "5251234567890124"],
        ("posts", "2026-01-06"): ["5251234567890123"],
        ("post_topics", DAY): ["5251234567890123"],
        ("post_topics", "2026-01-06"): ["5251234567890123"],
    }


def test_topics_name_the_words_that_decided(data):
    assert run().success
    path = versions(data / "enriched" / "post_topics" / f"day={DAY}")[-1]
    found = pl.read_parquet(path, hive_partitioning=False)
    assert found.select("post_id", "topic_id", "matched_by", "relevance_reason", "stance").rows() == [
        ("5251234567890123", "xiaomi_kol", "all: 小米; any: 大熊", "for 大熊, 失望 (4); prior (0.5)", "negative")
    ]


WAVE = "家人们谁懂啊，小米这次的公关真的让人看不懂，一边说尊重用户一边又和争议博主合作，评论区都吵翻天了"
COPIES = {"2026-01-05": WAVE, "2026-01-07": WAVE.replace("家人们", "姐妹们"), "2026-01-09": WAVE + "，散了吧"}


def land_copy(folder: Path, day: str) -> None:
    """A copy of the wave, of a day, in a raw file of its own."""
    noon = datetime.fromisoformat(f"{day}T12:00:00+08:00")
    copy = replace(post(f"52512345678902{day[-2:]}", COPIES[day]), posted_at=noon, observed_at=noon + timedelta(days=1))
    land(folder, "posts", "weibo", day, f"wave-{day}", to_frame("posts", [copy]))


def groups_after(folder: Path, runs: Sequence[Sequence[str]], tags: dict[str, str] | None = None) -> dict[str, str]:
    """The current groups after copies of some days landed and were enriched, run by run."""
    assets = [defs.get_repository_def().assets_defs_by_key[key] for key in (POSTS, GROUPS)]
    for days in runs:
        for day in days:
            land_copy(folder, day)
        with dg.DagsterInstance.ephemeral() as instance:
            assert dg.materialize(assets, instance=instance, tags=tags).success
    current = versions(folder / "enriched" / "duplicate_groups")[-1]
    return dict(pl.read_parquet(current, hive_partitioning=False).rows())


def test_groups_are_the_same_in_whatever_order_days_come(tmp_path, monkeypatch):
    first, second, third = COPIES
    orders = {"forwards": [[first], [second, third]], "backwards": [[third], [second], [first]]}
    found = {}
    for name, runs in orders.items():
        monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / name))
        found[name] = groups_after(tmp_path / name, runs)
    assert found["forwards"] == found["backwards"]
    [group] = set(found["forwards"].values())
    assert len(found["forwards"]) == 3
    assert group == hashed(pl.DataFrame({"text_clean": [WAVE]}))["text_hash"].item()  # the earliest day's

    # Nothing new: no day is linked again. The first day goes: the second leads.
    links = tmp_path / "forwards" / "enriched" / "duplicate_links"
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "forwards"))
    before = set(links.rglob("*.parquet"))
    groups_after(tmp_path / "forwards", [[]])
    assert set(links.rglob("*.parquet")) == before
    for path in (tmp_path / "forwards" / "raw" / "posts").rglob(f"wave-{first}.parquet"):
        path.unlink()
    whole = {f"dagster/asset_partition_range_{end}": day for end, day in (("start", first), ("end", third))}
    left = groups_after(tmp_path / "forwards", [[]], tags=whole)
    assert set(left.values()) == {hashed(pl.DataFrame({"text_clean": [COPIES[second]]}))["text_hash"].item()}
    assert len(left) == 2
    assert {path.parent.name for path in set(links.rglob("*.parquet")) - before} == {f"day={day}" for day in COPIES}


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


def test_a_raw_file_changed_under_its_time_is_set_aside_before_it_is_read(data: Path) -> None:
    [path] = (data / "raw" / "posts" / "platform=weibo" / f"day={DAY}").glob("*.parquet")
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    land(
        data, "posts", "weibo", DAY, "c2", to_frame("posts", [replace(post("5251234567890125", "小米"), crawl_id="c2")])
    )
    assert run().success
    assert not path.exists()
    [version] = versions(data / "enriched" / "posts" / f"day={DAY}")
    assert pl.read_parquet(version)["post_id"].to_list() == ["5251234567890125"]


def test_a_batch_that_is_refused_names_day_file_posts_and_remedy(data: Path) -> None:
    refused = replace(post("5251234567890129", "小米"), crawl_id="c2", like_count=-1)
    path = land(data, "posts", "weibo", DAY, "c2", to_frame("posts", [refused]))
    result = run()
    assert not result.success
    [failure] = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    message = str(failure.event_specific_data.error)  # type: ignore[union-attr]
    for words in (DAY, str(path), "5251234567890129", "like_count", "tingfeng repair", "tingfeng quarantine"):
        assert words in message
    assert "5251234567890123" not in message
