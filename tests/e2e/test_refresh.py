"""The main job: the sandbox's event, from nothing to the published marts, and every printed figure of the case."""

import json

import pytest

from tests.e2e.runs import run, served

pytestmark = pytest.mark.slow

TOPIC = "topic_id = 'xiaomi_kol'"


def test_every_printed_figure_to_its_digits(event, shared):
    printed = json.loads((shared / "case" / "figures.json").read_text())["printed"]
    platforms = {
        platform: (volume, 100 * share, interactions, 100 * interaction_share)
        for platform, volume, share, interactions, interaction_share in served(
            event,
            "select platform, volume, volume_share, interactions, interaction_share "
            f"from marts.event_platforms where {TOPIC}",
        )
    }
    sentiments = {
        sentiment: (volume, 100 * share, 100 * interaction_share)
        for sentiment, volume, share, interaction_share in served(
            event, f"select sentiment, volume, volume_share, interaction_share from marts.event_sentiment where {TOPIC}"
        )
    }
    days = {
        (platform, day.isoformat()): volume
        for platform, day, volume in served(
            event, f"select platform, posted_date, volume from marts.daily_volume where {TOPIC}"
        )
    }

    def as_printed(value: float, example: float) -> float:
        return round(value, len(str(example).partition(".")[2]))

    assert sum(volume for volume, *_ in platforms.values()) == printed["volume"]
    for platform, volume in printed["volume_by_platform"].items():
        assert platforms[platform][0] == volume
    for platform, share in printed["volume_share_by_platform"].items():
        assert as_printed(platforms[platform][1], share) == share
    for platform, rounded in printed["interactions_by_platform_rounded"].items():
        ten_thousands = float(rounded.removesuffix("万"))
        printed_value = int(ten_thousands) if ten_thousands.is_integer() else ten_thousands
        assert as_printed(platforms[platform][2] / 10_000, printed_value) == printed_value
    for platform, share in printed["interaction_share_by_platform"].items():
        assert as_printed(platforms[platform][3], share) == share
    for platform in ("weibo", "xiaohongshu"):
        for day, volume in printed[f"{platform}_daily_volume"].items():
            assert days[platform, day] == volume
    totals: dict[str, int] = {}
    for (_, day), volume in days.items():
        totals[day] = totals.get(day, 0) + volume
    assert max(totals, key=lambda day: totals[day]) == printed["peak_date"]
    for sentiment, volume in printed["sentiment_volume"].items():
        assert sentiments[sentiment][0] == volume
    for sentiment, share in printed["sentiment_share"].items():
        assert as_printed(sentiments[sentiment][1], share) == share
    for sentiment, share in printed["sentiment_interaction_share"].items():
        assert as_printed(sentiments[sentiment][2], share) == share


def test_labels_decide_and_the_models_own_shares_are_shown_too(event):
    rows = {
        sentiment: (volume, model)
        for sentiment, volume, model in served(
            event, f"select sentiment, volume, model_volume from marts.event_sentiment where {TOPIC}"
        )
    }
    assert {sentiment: volume for sentiment, (volume, _) in rows.items()} == {
        "negative": 2613,
        "neutral": 1537,
        "positive": 159,
    }
    assert sum(model for _, model in rows.values()) == 4309
    sources = """
        select distinct sentiment_source from marts.fct_posts join marts.fct_post_topics using (post_uid)
        where not is_ad
    """
    assert served(event, sources) == [("analyst",)]


def test_every_day_is_complete_and_every_slice_is_recorded(event):
    assert served(event, f"select bool_and(is_complete), count(*) from marts.daily_volume where {TOPIC}") == [
        (True, 24)
    ]
    states = dict(served(event, "select state, count(*) from marts.crawl_slices group by state"))
    assert set(states) <= {"ok", "empty"}


def test_no_author_is_identifiable_in_landed_files(event, sandbox_corpus):
    import polars as pl

    landed = pl.concat(
        [pl.read_parquet(path, hive_partitioning=False) for path in (event / "raw" / "posts").rglob("*.parquet")]
    )
    # The name of an account that listening.yaml lists is kept, as written there.
    assert landed.drop_nulls("author_name").select("platform", "author_name").unique().rows() == [
        ("weibo", "合成媒体13")
    ]
    authors = {post.author for post in sandbox_corpus}
    known = [word for author in authors for word in (author.name, author.author_id)]
    assert len(known) > 4_000
    assert landed["payload"].str.extract_many(known).explode().drop_nulls().unique().to_list() == []


def test_a_refresh_without_new_data_does_nothing(event):
    idle = run(event, "refresh")
    assert (idle.returncode, "Nothing to do" in idle.stderr) == (0, True)


def test_crawls_steps_dbt_and_dagster_write_files_for_their_owner_alone(event):
    patterns = (
        "raw/posts/*/*/*.parquet",
        "enriched/**/*.parquet",
        "*.duckdb",
        "serving/**/*.duckdb",
        "dagster/**/*.db",
    )
    for pattern in patterns:
        assert list(event.glob(pattern)), pattern
    written = [path for path in event.rglob("*") if not path.is_symlink()]
    assert [path for path in written if path.stat().st_mode & 0o077] == []
