"""Comments, accounts and hot lists, from raw files to the marts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.calendar import CHINA
from core.contracts import enriched
from core.contracts.raw import Author, Comment, HotItem, RawTable
from core.platforms import Platform
from core.storage.files import write_once
from core.storage.raw import land, to_frame
from tests.warehouse import DataFolder

# Without the models of posts, which are built already: a run takes seconds.
OF_VOICES = (
    "config.incremental_strategy:new_files int_comments__latest int_authors__listed fct_comments"
    " fct_author_observations fct_hot_list_observations dim_authors event_top_comments event_voices event_hot_lists"
)
OF_WEIBO = (
    "stg_weibo__comments stg_weibo__hot_lists stg_enriched__hot_list_topics int_comments__latest fct_comments"
    " fct_hot_list_observations event_hot_lists"
)
SEEN = datetime(2026, 1, 8, 12, tzinfo=CHINA)


BADGES: list[tuple[Platform, str, str | None]] = [
    ("weibo", '{"user":{"verified_type":2}}', "organisation"),
    ("weibo", '{"user":{"verified_type":1}}', "government"),
    ("weibo", '{"user":{"verified_type":-1}}', None),
    ("weibo", '{"user":{"verified_type":200}}', None),
    ("douyin", '{"user":{"custom_verify":"…"}}', "person"),
    ("douyin", '{"user":{"custom_verify":"","enterprise_verify_reason":"…"}}', "organisation"),
    ("douyin", '{"user":{}}', None),
    ("xiaohongshu", '{"verifyInfo":{"redOfficialVerifyType":1}}', "person"),
    ("xiaohongshu", '{"verifyInfo":{"redOfficialVerifyType":2}}', "organisation"),
    ("xiaohongshu", '{"verifyInfo":{"redOfficialVerifyType":0}}', None),
    ("zhihu", '{"member":{"is_org":true}}', "organisation"),
    ("zhihu", '{"member":{"is_org":false}}', "person"),  # one with a badge
]


def comment(comment_id: str, day: str, likes: int | None, **values: Any) -> Comment:
    """A comment under the post w1, written at noon of a day."""
    defaults: dict[str, Any] = {
        "platform": "weibo",
        "post_id": "w1",
        "text": f"合成评论{comment_id}",
        "posted_at": datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=CHINA),
        "author_id": "commenter",
        "observed_at": SEEN,
        "source": "spider",
        "payload": "{}",
    }
    return Comment(comment_id=comment_id, like_count=likes, **defaults | values)


def author(platform: Platform, author_id: str, followers: int | None, payload: str = "{}", **values: Any) -> Author:
    defaults: dict[str, Any] = {"observed_at": SEEN, "source": "spider", "payload": payload}
    return Author(platform=platform, author_id=author_id, followers=followers, **defaults | values)


def hot(word: str, rank: int, observed_at: datetime, **values: Any) -> HotItem:
    return HotItem(
        platform="weibo", list_name="l", rank=rank, word=word, observed_at=observed_at, payload="{}", **values
    )


def put(data: DataFolder, table: RawTable, platform: Platform, day: str, crawl_id: str, *items: Any) -> Path:
    frame = to_frame(table, items).with_columns(crawl_id=pl.lit(crawl_id))
    return land(data.path, table, platform, day, crawl_id, frame)


@pytest.fixture(scope="module")
def voiced(built: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The built days with comments of days before and after, two profiles, and an hour of hot lists; then built again,
    as a run that has no day of posts to rebuild."""
    data = built.copy(tmp_path_factory.mktemp("voiced") / "data")
    bot = comment("c9", "2026-01-01", 999, ip_location="罗伯特聪明版")
    reply = comment("c3", "2026-01-07", 7, parent_comment_id="c1", author_id="one")
    put(data, "comments", "weibo", "2026-01-01", "a", comment("c1", "2026-01-01", 5, observed_at=SEEN), bot)
    put(data, "comments", "weibo", "2026-01-01", "b",
        comment("c1", "2026-01-01", None, reply_count=2, observed_at=SEEN + timedelta(days=1)))  # fmt: skip
    put(data, "comments", "weibo", "2026-01-07", "a", reply, comment("c4", "2026-01-07", 50, post_id="never_collected"))
    put(data, "authors", "weibo", "2026-01-08", "a",
        author("weibo", "one", 50, '{"user":{"verified_type":3}}', is_verified=True),
        author("weibo", "author-w5", 150_000, '{"user":{"verified_type":0}}', is_verified=True),
        author("weibo", "author-w6", 10, "12 characters of damaged JSON, not kept", is_verified=False))  # fmt: skip
    put(data, "authors", "zhihu", "2026-01-08", "a", author("zhihu", "he-cheng", 5, author_name="合成账号"))
    put(data, "authors", "zhihu", "2026-01-09", "b",
        author("zhihu", "he-cheng", 9, author_name="合成账号", observed_at=SEEN + timedelta(days=1)))  # fmt: skip
    for number, (platform, payload, _) in enumerate(BADGES):
        put(data, "authors", platform, "2026-01-08", f"badge-{number}",
            author(platform, f"badge-{number}", None, payload, is_verified=True))  # fmt: skip
    moment = datetime(2026, 1, 2, 9, tzinfo=CHINA)
    put(
        data,
        "hot_lists",
        "weibo",
        "2026-01-02",
        "h1",
        hot("合成热词", 4, moment),
        hot("合成广告", 1, moment, is_ad=True),
    )
    write_once(
        pl.DataFrame(
            [
                ("weibo", "合成热词", "demo", "all: 合成", True),
                ("weibo", "合成广告", "demo", "all: 合成", True),
            ],
            schema=enriched.HOT_LIST_TOPICS,
            orient="row",
        ),
        data.path / "enriched/hot_list_topics/day=2026-01-02/000001-aa.parquet",
    )
    write_once(
        pl.DataFrame(
            [("zhihu", "of the listed id", "合成账号", "合成"), ("weibo", "author-w5", "合成媒体", None)],
            schema=enriched.ACCOUNTS,
            orient="row",
        ),
        data.path / "enriched/accounts/000001-aa.parquet",
    )
    build(data)
    return data


@pytest.fixture
def again(voiced: DataFolder, tmp_path: Path) -> Iterator[DataFolder]:
    yield from voiced.lent(tmp_path)


def build(data: DataFolder, *options: str, models: str = OF_VOICES, **environment: str) -> None:
    """Builds models without tests: a comment of a post that was never collected makes a test warn."""
    none = {"TINGFENG_START": "0001-01-01", "TINGFENG_END": "0001-01-01"}
    data.dbt("run", "--select", models, *options, **none | environment)


def test_without_raw_files_the_tables_exist_and_are_empty(built: DataFolder) -> None:
    for table in ("fct_comments", "fct_author_observations", "fct_hot_list_observations", "event_top_comments",
                  "event_hot_lists"):  # fmt: skip
        assert built.rows(f"select count(*) from marts.{table}") == [(0,)], table
    assert built.rows("select distinct kind, followers, verified_type from marts.event_voices") == [
        ("unknown", None, None)
    ]


def test_a_comment_is_as_last_observed_whatever_the_days_of_the_run(voiced: DataFolder) -> None:
    assert voiced.rows(
        "select comment_uid, post_uid, root_comment_uid, likes, replies, crawl_id from marts.fct_comments order by 1"
    ) == [
        ("weibo:c1", "weibo:w1", "weibo:c1", 5, 2, "b"),  # likes were not shown the second time
        ("weibo:c3", "weibo:w1", "weibo:c1", 7, None, "a"),
        ("weibo:c4", "weibo:never_collected", "weibo:c4", 50, None, "a"),
    ]  # c9 is by Weibo's own bot


def test_top_comments_belong_to_posts_that_count(voiced: DataFolder) -> None:
    assert voiced.rows(
        "select topic_id, rank, platform_rank, comment_uid, post_url from marts.event_top_comments order by rank"
    ) == [
        ("demo", 1, 1, "weibo:c3", "https://weibo.example/w1"),
        ("demo", 2, 2, "weibo:c1", "https://weibo.example/w1"),
    ]


def test_authors_have_the_values_of_their_last_profile(voiced: DataFolder) -> None:
    columns = "author_uid, author_name, followers, verified_type, posts, comments"
    found = {row[0]: row[1:] for row in voiced.rows(f"select {columns} from marts.dim_authors")}
    assert found["weibo:one"] == (None, 50, "media", 2, 1)
    assert found["weibo:author-w5"] == ("合成媒体", 150_000, "person", 1, 0)
    assert found["weibo:author-w6"] == (None, 10, None, 1, 0)
    assert found["zhihu:he-cheng"] == ("合成账号", 9, None, 0, 0)
    assert found["weibo:commenter"] == (None, None, None, 0, 2)


def test_listed_accounts_match_by_id_or_by_name(voiced: DataFolder) -> None:
    assert voiced.rows("select * from intermediate.int_authors__listed order by 1") == [
        ("weibo:author-w5", "合成媒体", None),
        ("zhihu:he-cheng", "合成账号", "合成"),
        ("zhihu:of the listed id", "合成账号", "合成"),
    ]


def test_paid_entries_are_not_hot_words(voiced: DataFolder) -> None:
    assert voiced.rows(
        "select topic_id, word, matched_by, best_rank, minutes_on_list, reads, list_reads, is_censored"
        " from marts.event_hot_lists"
    ) == [("demo", "合成热词", "all: 合成", 4, 0, 1, 1, True)]
    assert voiced.rows("select count(*) from marts.fct_hot_list_observations") == [(2,)]


@pytest.mark.slow
def test_each_file_is_read_once_and_rows_of_deleted_files_are_removed(again: DataFolder) -> None:
    moment = datetime(2026, 1, 2, 10, tzinfo=CHINA)
    put(again, "hot_lists", "weibo", "2026-01-02", "h2", hot("合成热词", 2, moment))
    (gone,) = (again.path / "raw/comments").rglob("day=2026-01-07/*.parquet")
    gone.unlink()
    write_once(  # another version of the topics of hot-list words
        pl.DataFrame([("weibo", "合成热词", "demo", "any: 热词", True)], schema=enriched.HOT_LIST_TOPICS, orient="row"),
        again.path / "enriched/hot_list_topics/day=2026-01-02/000002-ab.parquet",
    )
    build(again, models=OF_WEIBO)
    assert again.rows("select matched_by, best_rank, minutes_on_list, reads from marts.event_hot_lists") == [
        ("any: 热词", 2, 60, 2)
    ]
    assert again.rows("select comment_uid from marts.fct_comments") == [("weibo:c1",)]
    rows = dump(again)
    build(again, "--full-refresh", models=OF_WEIBO)
    assert dump(again) == rows


def dump(data: DataFolder) -> dict[str, list[Any]]:
    tables = ("fct_comments", "fct_hot_list_observations", "event_hot_lists")
    return {table: data.rows(f"from marts.{table} order by all") for table in tables}


@pytest.mark.slow
def test_an_as_of_build_leaves_out_later_observations(again: DataFolder) -> None:
    build(again, models=OF_WEIBO, TINGFENG_AS_OF="2026-01-02T08:00+08:00")
    assert dump(again) == {"fct_comments": [], "fct_hot_list_observations": [], "event_hot_lists": []}
    models = f"{OF_WEIBO} fct_author_observations dim_authors"
    build(again, models=models, TINGFENG_AS_OF=SEEN.isoformat())  # every file is read once and completely
    assert again.rows("select count(*) from marts.fct_hot_list_observations") == [(2,)]
    assert again.rows("select comment_uid, likes, replies, crawl_id from marts.fct_comments order by 1") == [
        ("weibo:c1", 5, None, "a"),
        ("weibo:c3", 7, None, "a"),
        ("weibo:c4", 50, None, "a"),
    ]
    assert again.rows("select followers from marts.dim_authors where author_uid = 'zhihu:he-cheng'") == [(5,)]


def test_another_threshold_of_followers_changes_who_is_a_kol(again: DataFolder) -> None:
    kinds = "select kind, kol_followers from marts.event_voices where author_uid = 'weibo:author-w5'"
    assert again.rows(kinds) == [("kol", 100_000)]
    again.write_settings("000002-ab", kol_followers=150_001)
    build(again, models="event_voices")
    assert again.rows(kinds) == [("ordinary", 150_001)]


def test_a_build_without_a_setting_fails_and_names_it(again: DataFolder) -> None:
    (again.path / "enriched/settings/000001-aa.parquet").unlink()
    for model, setting in (("event_voices", "voices.kol_followers"), ("event_heat", "heat.volume")):
        with pytest.raises(AssertionError, match=f"enriched/settings has no row {setting}; materialize"):
            build(again, models=model)


# A change to the warehouse, and the check that must fail.
FAULTS: dict[str, str] = {
    "insert into marts.fct_comments from marts.fct_comments limit 1": "unique_fct_comments_comment_uid",
    "update marts.fct_comments set post_uid = 'weibo:gone' where comment_uid = 'weibo:c1'":
        "relationships_fct_comments_post_uid__post_uid__ref_fct_posts_",
    "update marts.dim_authors set author_name = '路人' where author_uid = 'weibo:one'":
        "relationships_dim_authors_author_name__name__ref_int_authors__listed_",
    "update marts.event_voices set kind = '大V' where author_uid = 'weibo:one'":
        "accepted_values_event_voices_kind___var_voice_kinds_",
    "update marts.event_voices set rank = 1": "unique_together_event_voices_topic_id__rank",
    "insert into marts.event_hot_lists from marts.event_hot_lists":
        "unique_together_event_hot_lists_topic_id__platform__list_name__word",
    "delete from marts.dim_authors where author_uid = 'weibo:commenter'":
        "relationships_fct_comments_author_uid__author_uid__ref_dim_authors_",
}  # fmt: skip


@pytest.fixture(scope="module")
def faulty_voices(built: DataFolder, voiced: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    data = voiced.copy(tmp_path_factory.mktemp("faulty_voices") / "data")
    data.test_sql = built.test_sql
    return data


@pytest.mark.parametrize(("fault", "check"), FAULTS.items(), ids=range(len(FAULTS)))
def test_each_check_of_voices_notices_its_fault(faulty_voices: DataFolder, fault: str, check: str) -> None:
    with faulty_voices.warehouse(read_only=False) as warehouse:

        def wrong() -> int:
            return len(warehouse.execute(faulty_voices.test_sql[check]).fetchall())

        before = wrong()  # a comment of a post that was never collected, which is a warning
        warehouse.begin()
        warehouse.execute(fault)
        after = wrong()
        warehouse.rollback()
    assert after > before


def test_badges_give_the_verified_type(voiced: DataFolder) -> None:
    found = voiced.rows(
        "select platform, author_uid, verified_type from marts.fct_author_observations where author_uid like '%badge-%'"
    )
    kinds = {(platform, BADGES[int(uid.rpartition("-")[2])][1]): kind for platform, uid, kind in found}
    assert kinds == {(platform, payload): kind for platform, payload, kind in BADGES}
