"""As-of builds: files with later observations, and files from before a column was added."""

import polars as pl

from tests.warehouse import DataFolder


def test_as_of_builds_leave_out_later_observations_and_allow_missing_columns(changed: DataFolder) -> None:
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
