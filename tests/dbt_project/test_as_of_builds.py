"""What a build as of a moment reads of files that go beyond it, or are older than the columns of today."""

from typing import Any

import polars as pl


def test_observations_after_the_moment_and_columns_that_files_lack(changed: Any) -> None:
    topics = changed.path / "enriched/topics"
    older = pl.read_parquet(topics / "000001-aa.parquet", hive_partitioning=False).drop("window_end")
    older.write_parquet(topics / "000002-ab.parquet")

    built = ("int_posts__observed", "fct_post_observations", "crawl_slices", "dim_topics")
    changed.dbt("run", "--select", *built, TINGFENG_AS_OF="2026-01-02T12:00:00+08:00")

    assert changed.rows("select max(observed_at)::varchar from marts.fct_post_observations") == [
        ("2026-01-02 04:00:00",)
    ]
    assert changed.rows("select distinct platform from marts.crawl_slices") == [("xiaohongshu",)]
    assert changed.rows("select topic_id, window_end, platforms from marts.dim_topics") == [("demo", None, 3)]
