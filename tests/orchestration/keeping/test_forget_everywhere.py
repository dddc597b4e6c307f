"""A person is deleted from a data folder in which every station holds something of them; nothing brings them back."""

import dataclasses
import json
import re
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from core.contracts import enriched
from core.contracts.raw import Author, Comment, Post, Reject, Slice
from core.storage.files import write_once
from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from core.storage.quarantine import write_quarantine
from core.storage.raw import land, to_frame
from orchestration.publishing.manifests import current_files, write_manifest
from orchestration.publishing.snapshot import draft_snapshot
from orchestration.reporting.audit_sheet import write_audit
from orchestration.reporting.deletions import COUNT, MARK
from orchestration.reporting.reports import make_report
from scrapers.checkpoint import Checkpoint, CrawlPlan, Step
from tests.commands import tingfeng
from tests.warehouse import DataFolder, china, post, read_post

pytestmark = pytest.mark.slow

KEY = b"a key of the tests"
DAY, CRAWL, VERSION = "2026-01-04", "20260104T100000.000000Z-ab12", "000001-aaaaaaaaaaaa"
SITE_ID, THEIRS, REPOST, OTHERS, COMMENTED, UNFINISHED = (
    "1000000001", "5251234567890123", "5251234567890124", "5251234567890125", "5251234567890126", "5251234567890127",
)  # fmt: skip
PERSON, OTHER = (pseudonym(KEY, "weibo", one) for one in (SITE_ID, "1000000002"))
TEXT = '我在"合成"门店排队\n四十分钟没有人接待我 & 我的孩子'
COMMENT = "我家住在合成路一百二十号的二楼"
TEXT_HASH = "text-" + THEIRS
# What must be found nowhere: ids, the pseudonym, words (without what JSON and HTML escape), the hash of the text.
NEEDLES = (SITE_ID, THEIRS, PERSON, "四十分钟没有人接待我", COMMENT, "9000000001", UNFINISHED, TEXT_HASH)


def posts() -> list[Post]:
    seen = {"observed_at": china("2026-01-06"), "crawl_id": CRAWL}
    return [
        post("weibo", THEIRS, DAY, 500, 2, 1, author_id=PERSON, text=TEXT, **seen,
             payload=json.dumps({"user": {"id": PERSON}, "text": TEXT}, ensure_ascii=False)),
        post("weibo", REPOST, DAY, 3, 0, 0, author_id=OTHER, repost_of_id=THEIRS, **seen,
             text=f"转发理由//@用户:{TEXT}//@用户:更早的合成原话",
             payload=json.dumps({"retweeted_status": {"mid": THEIRS, "text": TEXT}})),
        post("weibo", OTHERS, DAY, 4, 1, 0, author_id=OTHER, **seen),
        post("weibo", COMMENTED, DAY, 5, 2, 0, author_id=OTHER, **seen),
    ]  # fmt: skip


def comments() -> list[Comment]:
    def comment(number: int, of: str, author: str, text: str, **values: Any) -> Comment:
        defaults = {"posted_at": china(DAY), "observed_at": china("2026-01-06"), "crawl_id": CRAWL, "payload": "{}"}
        return Comment(platform="weibo", comment_id=f"900000000{number}", post_id=of, text=text, author_id=author,
                       source="spider", like_count=10 * number, **defaults | values)  # fmt: skip

    return [
        comment(1, COMMENTED, PERSON, COMMENT),
        comment(2, COMMENTED, OTHER, "回复合成", parent_comment_id="9000000001", payload=f'{{"reply": "{PERSON}"}}'),
        comment(3, THEIRS, OTHER, "别人在这个帖子下的合成评论"),
    ]


def fill(data: DataFolder) -> None:
    """Raw and enriched files of a day."""
    topic = {"topic_id": "demo", "topic_name": "合成话题", "brand": "合成", "statement_words": ["声明"]}
    window = {"window_start": date(2026, 1, 4), "window_end": date(2026, 1, 5)}
    data.write_topics(VERSION, [topic | window | {"platform": "weibo"}],
                      [{"topic_id": "demo", "platform": "weibo", "query": "q"}])  # fmt: skip
    data.write_settings(VERSION)
    data.land_posts(DAY, CRAWL, posts())
    land(data.path, "comments", "weibo", DAY, CRAWL, to_frame("comments", comments()))
    author = Author(platform="weibo", author_id=PERSON, followers=5_000_000, observed_at=china("2026-01-06"),
                    crawl_id=CRAWL, source="spider", payload="{}")  # fmt: skip
    land(data.path, "authors", "weibo", "2026-01-06", CRAWL, to_frame("authors", [author]))
    whole = Slice(platform="weibo", query="q", slice_start=china(DAY, "00:00"), slice_end=china("2026-01-05", "00:00"),
                  state="ok", posts_kept=4, kept_ids=[THEIRS, REPOST, OTHERS, COMMENTED],
                  observed_at=china("2026-01-06"), crawl_id=CRAWL)  # fmt: skip
    land(data.path, "slices", "weibo", DAY, CRAWL, to_frame("slices", [whole]))
    data.enrich(
        DAY,
        VERSION,
        [
            read_post("weibo", one.post_id, "negative" if one.post_id == THEIRS else "neutral", text=one.text,
                      text_clean=one.text.split("//")[0])
            for one in posts()
        ],
    )  # fmt: skip
    judged = {"text_hash": None, "segmented": "合成", "sentiment_model": "model-1", "model_sentiment": "negative"}
    judged |= {"p_negative": 0.8, "p_neutral": 0.1, "p_positive": 0.1}
    rows = [
        {"platform": "weibo", "post_id": one.post_id, "comment_id": one.comment_id, "text_clean": one.text, **judged}
        for one in comments()
    ]
    write_once(
        pl.DataFrame(rows, schema=enriched.COMMENTS), data.path / f"enriched/comments/day={DAY}/{VERSION}.parquet"
    )
    data.write_groups(VERSION, {TEXT_HASH: TEXT_HASH, "text-of-others": TEXT_HASH})


def build(data: DataFolder) -> None:
    data.dbt("build", "--exclude-resource-type", "test", "unit_test")
    snapshot = data.path / "serving/marts.duckdb"
    with draft_snapshot(data.path / "warehouse.duckdb", snapshot) as draft:
        draft.rename(snapshot)


def plant_beside_the_tables(data: Path) -> None:
    """Everything but tables: what crawls, imports, people, killed processes and Dagster leave."""
    [raw] = (data / f"raw/posts/platform=weibo/day={DAY}").glob("*.parquet")
    aside = data / "set-aside" / raw.relative_to(data).parent
    aside.mkdir(parents=True)
    shutil.copyfile(raw, aside / "copy.parquet")
    (aside / "damaged.parquet").write_bytes(raw.read_bytes()[:-100])
    shutil.copyfile(data / "warehouse.duckdb", data / "set-aside/warehouse.duckdb.20260104T100000Z")
    for name in ("done/imported.csv", "set-aside/refused.csv"):
        (data / "inbox" / name).parent.mkdir(parents=True, exist_ok=True)
        (data / "inbox" / name).write_text(f"微博id,用户id\n1,{SITE_ID}\n", encoding="gb18030")
    with zipfile.ZipFile(data / "inbox/done/book.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<t>{SITE_ID}</t>")
    write_waiting_file(data)
    (data / "importing/posts/weibo").mkdir(parents=True)
    pl.DataFrame({"post_id": [THEIRS]}).write_ipc(data / "importing/posts/weibo/0.arrow")
    observed_at = china("2026-01-06")
    rejects = [
        Reject(platform="weibo", source=f"https://m.weibo.cn/detail/{THEIRS}", position="card 1", reason="合成",
               record=json.dumps({"text": TEXT}, ensure_ascii=False), observed_at=observed_at),
        Reject(platform="weibo", source="a.csv", position="line 1", reason="合成", record="", observed_at=observed_at),
    ]  # fmt: skip
    write_quarantine(data, CRAWL, rejects)
    labels = f"platform,post_id,sentiment\nweibo,{THEIRS},negative\nweibo,{OTHERS},neutral\n"
    (data / "labels").mkdir()
    (data / "labels/mine.csv").write_text(labels)
    write_audit(data / "serving/marts.duckdb", data / "labels/audit", "demo", 10)
    unfinished = dataclasses.replace(posts()[0], post_id=UNFINISHED, crawl_id="20260107T100000.000000Z-ab12")
    step = Step(key=f"comments {THEIRS}", is_of_day={UNFINISHED: True, OTHERS: True}, kept_ids=[UNFINISHED, OTHERS])
    items = [unfinished, dataclasses.replace(posts()[1], crawl_id="20260107T100000.000000Z-ab12")]
    Checkpoint(data, "weibo", DAY).add(CrawlPlan("20260107T100000.000000Z-ab12", DAY, ["q"]), step, items)
    (data / "request_log").mkdir()
    (data / "request_log/weibo.json").write_text(json.dumps({"last_refusals": [f"post {THEIRS}"]}))
    (data / "dagster").mkdir()

    @dg.op
    def logs(context: dg.OpExecutionContext) -> None:
        context.log.info(f"{THEIRS}: {TEXT}")
        sys.stdout.write(f"{THEIRS}: {TEXT}\n")

    @dg.job
    def job() -> None:
        logs()

    no_telemetry = {"telemetry": {"enabled": False}}  # it would keep a log of the steps in DAGSTER_HOME
    with dg.DagsterInstance.local_temp(str(data / "dagster"), overrides=no_telemetry) as instance:
        assert job.execute_in_process(instance=instance).success


def write_waiting_file(data: Path) -> Path:
    """Two posts as MediaCrawler writes them, of the person and of somebody else."""
    theirs = {
        "note_id": THEIRS, "content": TEXT, "create_time": int(china(DAY).timestamp()), "create_date_time": "",
        "liked_count": "500", "comments_count": "0", "shared_count": "2", "ip_location": "", "user_id": SITE_ID,
        "last_modify_ts": int(china("2026-01-08").timestamp() * 1000), "nickname": "", "gender": "f", "avatar": "",
        "note_url": f"https://m.weibo.cn/detail/{THEIRS}", "profile_url": f"https://m.weibo.cn/u/{SITE_ID}",
        "source_keyword": "q",
    }  # fmt: skip
    other = theirs | {"note_id": "5251234567890128", "user_id": "1000000003", "profile_url": "", "content": "合成"}
    path = data / "inbox/waiting.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in (theirs, other)))
    return path


def mentions(data: Path) -> set[str]:
    """The files below the data folder in which something of the person can be found.

    But for the tombstones, whose hash of an author is the pseudonym (core/storage/tombstones.py).
    """
    paths = [path for path in data.rglob("*") if path.is_file() and path.suffix != ".png"]
    return {
        str(path.relative_to(data))
        for path in paths
        if path.name != "tombstones.jsonl"
        and any(needle in content for content in contents(path) for needle in NEEDLES)
    }


def contents(path: Path) -> Iterator[str]:
    """All that a file says: its bytes, cells of tables, rows of databases, also where JSON escapes it."""
    text = path.read_bytes().decode(errors="replace")
    yield text
    yield unescaped(text)
    if path.suffix == ".parquet" and "set-aside" not in path.parts:
        yield from (json.dumps(row, default=str, ensure_ascii=False) for row in pl.read_parquet(path).rows())
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield str(connection.execute(f'from "{schema}"."{table}"').fetchall())
    if path.suffix == ".db":
        with sqlite3.connect(path) as events:
            for (table,) in events.execute("select name from sqlite_master where type = 'table'").fetchall():
                rows = events.execute(f"select * from {table}").fetchall()
                yield from (unescaped(cell) for row in rows for cell in row if isinstance(cell, str))


def unescaped(text: str) -> str:
    """The text with the characters that JSON escapes as \\uXXXX, once or twice."""
    return re.sub(r"\\+u([0-9a-f]{4})", lambda escape: chr(int(escape[1], 16)), text)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataFolder]:
    folder = DataFolder(tmp_path_factory.mktemp("everywhere") / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, KEY.decode())
        patch.setenv("TINGFENG_DATA", str(folder.path))
        patch.setattr("scrapers.importers.inbox.SETTLED_S", 0)
        fill(folder)
        build(folder)
        write_manifest(folder.path, datetime(2026, 1, 6, 12, tzinfo=UTC), current_files(folder.path, {}))
        for moment in (None, datetime(2026, 1, 6, 11, tzinfo=UTC)):
            written = make_report("demo", moment, lambda line: None)
            (written.folder / "report.pdf").write_bytes(b"%PDF")
        plant_beside_the_tables(folder.path)
        yield folder


@pytest.fixture(scope="module")
def before(data: DataFolder) -> set[str]:
    return mentions(data.path)


@pytest.fixture(scope="module")
def forgotten(data: DataFolder, before: set[str]) -> DataFolder:
    assert tingfeng("forget", "--platform", "weibo", "--author", SITE_ID, "--no-refresh", "--quiet") == 0
    return data


def test_every_station_holds_something_of_the_person(before: set[str]) -> None:
    stations = {name.split("/")[0] for name in before}
    assert stations == {
        "raw", "enriched", "warehouse.duckdb", "serving", "as_of", "reports", "quarantine", "set-aside", "checkpoints",
        "inbox", "importing", "labels", "request_log", "dagster",
    }  # fmt: skip


def test_no_file_holds_anything_of_the_person_any_more(forgotten: DataFolder) -> None:
    assert mentions(forgotten.path) == set()


def test_what_others_wrote_stays(forgotten: DataFolder) -> None:
    rows = pl.concat(pl.read_parquet(path, glob=False, hive_partitioning=False)
                     for path in sorted((forgotten.path / "raw/posts").glob("*/*/*.parquet")))  # fmt: skip
    assert set(rows["post_id"]) == {REPOST, OTHERS, COMMENTED, "5251234567890128"}  # the last one waited in the inbox
    [repost] = rows.filter(post_id=REPOST)["text"]
    assert repost == "转发理由//@用户:更早的合成原话"
    checkpoint = Checkpoint(forgotten.path, "weibo", DAY).unfinished_crawl()
    assert checkpoint is not None
    assert checkpoint.steps[0].kept_ids == [OTHERS]
    assert OTHERS in (forgotten.path / "labels/mine.csv").read_text()
    assert '"a.csv"' in (forgotten.path / f"quarantine/{CRAWL}.jsonl").read_text()


def test_past_reports_keep_their_figures_and_say_which_change(forgotten: DataFolder) -> None:
    folders = sorted((forgotten.path / "reports/demo").iterdir())
    assert len(folders) == 2
    for folder in folders:
        ledger = pl.read_parquet(folder / "figures.parquet")
        volume = ledger.filter(id="volume.weibo").row(0, named=True)
        assert (volume["value"], volume[COUNT], volume[MARK] is not None) == (4, 1, True)
        assert "Posts were deleted on request" in (folder / "report.html").read_text()
        assert not (folder / "report.pdf").exists()


def test_nothing_brings_the_person_back(forgotten: DataFolder) -> None:
    data = forgotten.path
    imported = write_waiting_file(data)
    assert tingfeng("import", imported, "--quiet") == 0
    imported.unlink()
    assert tingfeng("requeue", "--quiet") == 0
    Checkpoint(data, "weibo", DAY).land()
    again = "20260109T100000.000000Z-ab12"
    items = [*(dataclasses.replace(one, crawl_id=again) for one in (*posts(), *comments()))]
    step = Step(key="q", kept_ids=[THEIRS, REPOST, OTHERS, COMMENTED])
    Checkpoint(data, "weibo", DAY).add(CrawlPlan(again, DAY, ["q"]), step, items)
    Checkpoint(data, "weibo", DAY).land()
    build(forgotten)
    assert {name for name in mentions(data) if not name.startswith("target/")} == set()
    assert forgotten.rows("select is_complete from marts.crawl_coverage where posted_date = '2026-01-04'") == [(True,)]


def test_commands_about_a_past_report_say_what_was_deleted(
    forgotten: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (forgotten.path / "serving/marts.duckdb").exists():
        build(forgotten)
    assert tingfeng("explain", "volume.weibo", "--topic", "demo") == 0
    assert "1 post behind it was deleted on request on" in capsys.readouterr().out
    [folder, _] = sorted((forgotten.path / "reports/demo").iterdir())
    tingfeng("reconcile", folder / "figures.json")
    assert "were deleted on request" in capsys.readouterr().out


def test_a_report_that_is_made_again_keeps_the_marks(forgotten: DataFolder) -> None:
    if not (forgotten.path / "serving/marts.duckdb").exists():
        build(forgotten)
    written = make_report("demo", datetime(2026, 1, 6, 11, tzinfo=UTC), lambda line: None)
    volume = pl.read_parquet(written.folder / "figures.parquet").filter(id="volume.weibo").row(0, named=True)
    assert (volume["value"], volume["value_before_deletion"], volume[COUNT]) == (3, 4, 1)
    assert "Posts were deleted on request" in (written.folder / "report.html").read_text()
