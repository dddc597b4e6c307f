"""The checks of dbt_project/tests/plausibility: each warns of its fault, and not of an ordinary fortnight."""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from core.storage.paths import DBT_PROJECT_DIR
from core.storage.raw import land, raw_files, to_frame
from core.storage.versions import heal, write_version
from tests.warehouse import DataFolder, post, read_post

CHECKS = sorted(path.stem for path in (DBT_PROJECT_DIR / "tests" / "plausibility").glob("*.sql"))
DAY = "posted_date = '2026-02-15' and platform = 'weibo'"

# Fifteen days of 32 posts a day on each of two platforms, hours 8 to 23. Weibo ids carry the time. Three quarters of
# the posts are negative, and each was observed twice, with more likes the second time.
ORDINARY = """
create temp table numbers as
    select platform, day, slot, timestamp '2026-02-01' + interval 1 day * day + interval 30 minute * slot as posted_at
    from range(15) as days (day), range(32) as slots (slot), (values ('weibo'), ('zhihu')) as names (platform);
create temp table ordinary as
    select
        platform,
        case when platform = 'weibo' then ((epoch(posted_at) - 515483463)::bigint * 4194304 + slot)::varchar
            else day || '-' || slot end as post_id,
        platform || ':' || post_id as post_uid,
        posted_at,
        '2026-02-01'::date + day::int as posted_date,
        10 + slot as likes, 3 as comments, 2 as shares, null::bigint as collects,
        case when slot % 4 = 0 then 'neutral' else 'negative' end as model_sentiment,
    from numbers;
delete from marts.fct_posts;
insert into marts.fct_posts
    select template.* replace (
        o.platform as platform, o.post_id as post_id, o.post_uid as post_uid, o.posted_at as posted_at,
        o.posted_date as posted_date, o.likes as likes, o.comments as comments, o.shares as shares,
        o.collects as collects, o.model_sentiment as model_sentiment, 'spider' as source,
        o.likes + o.comments + o.shares as interactions, true as interactions_is_floor
    )
    from ordinary as o, (select * from marts_template limit 1) as template;
delete from intermediate.int_posts__latest;
insert into intermediate.int_posts__latest
    select template.* replace (o.platform as platform, o.post_id as post_id, o.post_uid as post_uid)
    from ordinary as o, (select * from latest_template limit 1) as template;
delete from marts.fct_post_observations;
insert into marts.fct_post_observations
    select
        post_uid, posted_date, posted_at + interval 1 day * crawl, likes + crawl, comments, shares, collects, null,
        false, 'spider', posted_date || '-' || crawl
    from ordinary, range(1, 3) as crawls (crawl);
delete from marts.daily_volume;
insert into marts.daily_volume by name
    select 'demo' as topic_id, platform, posted_date, count(*) as volume, true as is_complete
    from ordinary group by all;
"""

FAULTS = {
    "likes are zero": (f"update marts.fct_posts set likes = 0 where {DAY}", {"counts_all_zero"}),
    "shares are zero": (f"update marts.fct_posts set shares = 0 where {DAY}", {"counts_all_zero"}),
    "likes are null": (f"update marts.fct_posts set likes = null where {DAY}", {"counts_gone_null"}),
    "labels are exchanged": (
        f"update marts.fct_posts set model_sentiment = 'positive' where model_sentiment = 'negative' and {DAY}",
        {"sentiment_turned_over"},
    ),
    "Weibo's times are eight hours late": (
        f"update marts.fct_posts set posted_at = posted_at + interval 8 hour where {DAY}",
        {"times_shifted"},
    ),
    "Zhihu's times are eight hours early": (
        f"update marts.fct_posts set posted_at = posted_at - interval 8 hour where {DAY.replace('weibo', 'zhihu')}",
        {"times_shifted"},
    ),
    "likes fall": (
        "update marts.fct_post_observations set likes = 1 where crawl_id = '2026-02-15-2'",
        {"counts_fell"},
    ),
    "volume halves": (f"update marts.daily_volume set volume = 15 where {DAY}", {"volume_halved"}),
}

HARMLESS = {
    "nothing": "select 1",
    "a few posts without likes": f"update marts.fct_posts set likes = 0 where {DAY} and likes < 15",
    "likes that are null for some": f"update marts.fct_posts set likes = null where {DAY} and likes < 30",
    "another model": (
        "update marts.fct_posts set model_sentiment = 'positive', sentiment_model = 'model-2'"
        f" where model_sentiment = 'negative' and {DAY}"
    ),
    "times an hour late": f"update marts.fct_posts set posted_at = posted_at + interval 50 minute where {DAY}",
    "likes that some took back": (
        "update marts.fct_post_observations set likes = 1 where crawl_id = '2026-02-15-2' and likes < 25"
    ),
    "all platforms fall alike": "update marts.daily_volume set volume = 15 where posted_date = '2026-02-15'",
    "a day that is not complete": f"update marts.daily_volume set volume = 15, is_complete = false where {DAY}",
}


# What can happen to data, and how it looks in a file of data/raw or data/enriched, and in a table of the warehouse.
# None: the station has no such column (counts are not enriched, and marts do not name the post that a repost is of).
Damage = Callable[[Path], object]


def rewritten(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Damage:
    return lambda path: change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)


def with_column(expression: pl.Expr) -> Damage:
    return rewritten(lambda rows: rows.with_columns(expression))


def bytes_changed(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def renamed_and_shifted(path: Path) -> None:
    rows = pl.read_parquet(path, hive_partitioning=False).with_columns(pl.col("posted_at") + pl.duration(hours=8))
    path.unlink()
    rows.write_parquet(path.with_name("20261130T999998.000000Z-shft.parquet"))


EXCHANGED = {"negative": "positive", "positive": "negative"}
SHIFT = pl.col("posted_at") + pl.duration(hours=8)
SHIFT_SQL = f"update marts.fct_posts set posted_at = posted_at + interval 8 hour where {DAY}"
LIKES_SQL = "update marts.fct_posts set likes = {} where " + DAY
MUTATIONS: dict[str, tuple[Damage | None, Damage | None, str | None]] = {
    "one post in a hundred is missing": (
        rewritten(lambda rows: rows.slice(1)),
        rewritten(lambda rows: rows.slice(1)),
        f"delete from marts.fct_posts where {DAY} and likes = 10",
    ),
    "half of the posts are missing": (
        rewritten(lambda rows: rows.head(rows.height // 2)),
        rewritten(lambda rows: rows.head(rows.height // 2)),
        f"update marts.daily_volume set volume = 15 where {DAY}",
    ),
    "the posts of a day are missing": (Path.unlink, Path.unlink, f"delete from marts.fct_posts where {DAY}"),
    "posts are doubled": (
        rewritten(lambda rows: pl.concat([rows, rows])),
        rewritten(lambda rows: pl.concat([rows, rows])),
        f"insert into marts.fct_posts from marts.fct_posts where {DAY}",
    ),
    "times are eight hours late": (with_column(SHIFT), None, SHIFT_SQL),
    "the same, under a new name": (renamed_and_shifted, None, SHIFT_SQL),
    "likes are null": (
        with_column(pl.lit(None, pl.Int64).alias("like_count")), None, LIKES_SQL.format("null")
    ),
    "likes are zero": (with_column(pl.lit(0, pl.Int64).alias("like_count")), None, LIKES_SQL.format("0")),
    "likes fall": (
        with_column(pl.col("like_count") // 2),
        None,
        "update marts.fct_post_observations set likes = 1 where crawl_id = '2026-02-15-2'",
    ),
    "a repost has its original's counts": (with_column(pl.lit(120, pl.Int64).alias("like_count")), None, None),
    "labels are exchanged": (
        None,
        with_column(pl.col("model_sentiment").replace(EXCHANGED)),
        f"update marts.fct_posts set model_sentiment = 'positive' where model_sentiment = 'negative' and {DAY}",
    ),
    "the file is cut": (bytes_changed(lambda old: old[:500]), bytes_changed(lambda old: old[:500]), None),
    "the file is empty": (bytes_changed(lambda _: b""), bytes_changed(lambda _: b""), None),
    "a byte is changed": (
        bytes_changed(lambda old: old[:9] + bytes([old[9] ^ 255]) + old[10:]),
        bytes_changed(lambda old: old[:9] + bytes([old[9] ^ 255]) + old[10:]),
        None,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Rows of the table of mutations and checks; it is printed at the end."""
    rows: list[str] = []
    yield rows
    print("", f"{'mutation':36} {'raw':10} {'enriched':10} marts", *rows, sep="\n")  # noqa: T201


def caught_in_raw(data: Path, damage: Damage) -> bool:
    """True if a landed file is missed after the damage."""
    rows = [post("weibo", f"{number:04}", "2026-01-05", number, 0, 0, crawl_id="c1") for number in range(100)]
    path = land(data, "posts", "weibo", "2026-01-05", "c1", to_frame("posts", rows))
    damage(path)
    return raw_files(data, "posts", ["weibo"])["weibo", "2026-01-05"] == ([], {path.name: 100})


def caught_in_enriched(data: Path, damage: Damage) -> bool:
    """True if an enriched file is named and removed after the damage, to be written again."""
    rows = pl.DataFrame([read_post("weibo", f"{number:04}", "negative") for number in range(100)])
    path = write_version(data / "enriched" / "posts" / "day=2026-01-05", "aa", rows)
    damage(path)
    return any(str(path) in message for message in heal(data / "enriched")) and not path.exists()


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_is_caught_at_each_station(
    ordinary: DataFolder,
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    table: list[str],
    mutation: str,
) -> None:
    in_raw, in_enriched, in_marts = MUTATIONS[mutation]
    cells = ["-", "-", "-"]
    if in_raw:
        assert caught_in_raw(tmp_path, in_raw)
        cells[0] = "manifest"
    if in_enriched:
        assert caught_in_enriched(tmp_path, in_enriched)
        cells[1] = "manifest"
    if in_marts:
        before = failing(ordinary, warehouse)
        warehouse.execute(in_marts)
        caught = failing(ordinary, warehouse) - before
        assert caught
        cells[2] = ", ".join(sorted(caught))
    table.append(f"{mutation:36} {cells[0]:10} {cells[1]:10} {cells[2]}")


def failing(ordinary: DataFolder, warehouse: duckdb.DuckDBPyConnection) -> set[str]:
    return {check for check, sql in ordinary.test_sql.items() if warehouse.execute(sql).fetchall()}


@pytest.fixture(scope="module")
def ordinary(built: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    copy = built.copy(tmp_path_factory.mktemp("ordinary") / "data")
    copy.test_sql = built.test_sql
    with copy.warehouse(read_only=False) as warehouse:
        warehouse.execute("create temp table marts_template as from marts.fct_posts where post_uid = 'weibo:w1'")
        warehouse.execute(
            "create temp table latest_template as from intermediate.int_posts__latest where post_uid = 'weibo:w1'"
        )
        warehouse.execute(ORDINARY)
    return copy


@pytest.fixture
def warehouse(ordinary: DataFolder) -> Iterator[duckdb.DuckDBPyConnection]:
    with ordinary.warehouse(read_only=False) as connection:
        connection.begin()
        yield connection
        connection.rollback()


def warnings(ordinary: DataFolder, warehouse: duckdb.DuckDBPyConnection) -> set[str]:
    return {check for check in CHECKS if warehouse.execute(ordinary.test_sql[check]).fetchall()}


@pytest.mark.parametrize(("change", "checks"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_warned_of(
    ordinary: DataFolder, warehouse: duckdb.DuckDBPyConnection, change: str, checks: set[str]
) -> None:
    warehouse.execute(change)
    assert warnings(ordinary, warehouse) == checks


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_is_usual_is_not_warned_of(
    ordinary: DataFolder, warehouse: duckdb.DuckDBPyConnection, change: str
) -> None:
    warehouse.execute(change)
    assert warnings(ordinary, warehouse) == set()


def test_every_check_has_a_fault() -> None:
    assert set.union(*(checks for _, checks in FAULTS.values())) == set(CHECKS)
