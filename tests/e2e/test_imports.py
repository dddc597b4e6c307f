"""Other people's files: imported, then brought into the marts by their own days of publication."""

import pytest

from tests.e2e.runs import land_a_bad_row, run, served

pytestmark = pytest.mark.slow

LISTENING = """
history_start: 2021-05-01
platforms: [xiaohongshu, zhihu, weibo]
topics:
  - id: hkbu
    name: 浸会大学
    brand: 浸会大学
    window: {start: 2021-05-01}
    queries: []
    match: {any: [浸会大学, 浸会, HKBU]}
  - id: side_jobs
    name: 编程副业
    brand: 编程
    window: {start: 2021-05-01}
    queries: []
    match: {any: [编程, 程序员, 副业]}
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory, shared):
    data = tmp_path_factory.mktemp("imported")
    (data / "listening.yaml").write_text(LISTENING, encoding="utf-8")
    done = run(data, "import", shared / "real" / "exports" / "mediacrawler")
    assert done.returncode == 0, done.stderr
    return data


def test_a_bad_row_blocks_downstream_assets_until_it_is_moved_to_the_quarantine(imported):
    land_a_bad_row(imported, "2025-10-03")
    done = run(imported, "refresh", TINGFENG_LISTENING=str(imported / "listening.yaml"))
    assert done.returncode == 1
    assert "raw_rows of posts failed" in done.stderr
    assert "day=2025-10-03/bad.parquet: author_id is not a pseudonym: post_id 1957352612899853299" in done.stderr
    assert "tingfeng repair" in done.stderr
    assert not (imported / "serving" / "marts.duckdb").exists()
    repaired = run(imported, "repair")  # the next test's refresh succeeds, and counts without the row
    assert "1 rows were moved to the quarantine" in repaired.stdout, repaired.stderr


def test_each_matched_post_is_in_the_marts_once_with_its_day_and_last_counts(imported):
    done = run(imported, "refresh", TINGFENG_LISTENING=str(imported / "listening.yaml"))
    assert done.returncode == 0, done.stderr[-3000:]
    # A note of 25 April 2021 is before history_start: left out, and not in silence.
    assert "1 days with raw data" in done.stderr
    assert "set history_start" in done.stderr
    rows = served(
        imported, "select count(*), count(distinct post_uid), count(distinct posted_date) from marts.fct_posts"
    )
    posts, distinct, days = rows[0]
    assert posts == distinct == 460 + 31 + 33 - overlap(imported) - 1
    assert days > 250
    twice = served(
        imported,
        "select count(*) from (select post_uid from marts.fct_post_observations "
        "where post_uid like 'xiaohongshu:%' group by post_uid having count(distinct observed_at) > 1)",
    )
    assert twice[0][0] >= 32
    stale = served(
        imported,
        """
        select count(*) from marts.fct_posts as post
        join (
            select post_uid, max(observed_at) as observed_at from marts.fct_post_observations group by post_uid
        ) as last using (post_uid)
        where post.observed_at <> last.observed_at
        """,
    )
    assert stale == [(0,)]
    (volume,), (matched,) = (
        served(imported, "select sum(volume) from marts.daily_volume")[0],
        served(
            imported, "select count(*) from marts.fct_post_topics join marts.fct_posts using (post_uid) where not is_ad"
        )[0],
    )
    assert volume == matched > 300
    assert served(imported, "select count(*) from marts.daily_volume where is_complete") == [(0,)]
    assert served(imported, "select count(*) from marts.daily_volume where volume = 0") == [(0,)]
    again = run(imported, "refresh", TINGFENG_LISTENING=str(imported / "listening.yaml"))
    assert "Nothing to do" in again.stderr


def overlap(data) -> int:
    """Notes that are in both Xiaohongshu exports."""
    import polars as pl

    landed = pl.concat(
        [
            pl.read_parquet(path, columns=["platform", "post_id"], hive_partitioning=False)
            for path in (data / "raw" / "posts").rglob("*.parquet")
        ]
    )
    return 460 + 31 + 33 - landed.unique().height
