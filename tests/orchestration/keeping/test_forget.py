"""Deletion of a person or a post from each layer, and what keeps crawls and imports from bringing it back."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from core.contracts.raw import Comment, Post, Reject, Slice
from core.problems import ArgumentProblem
from core.storage import landings
from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from core.storage.quarantine import write_quarantine
from core.storage.raw import land, raw_files, to_frame
from core.storage.tombstones import REMOVED_PAYLOAD, Tombstone, read_tombstones, tombstones_path
from orchestration.keeping.forget import forget
from orchestration.keeping.held import held
from orchestration.keeping.subject import Subject, subject_of
from orchestration.publishing import manifests
from orchestration.reporting.deletions import COUNT, MARK
from orchestration.reporting.ledger import SCHEMA
from scrapers.importers.run import import_files
from tests.commands import tingfeng
from tests.warehouse import DataFolder, china, post, read_post

KEY = b"a key of the tests"
DAY, CRAWL = "2026-01-02", "20260102T100000.000000Z-ab12"
NOBODY = pseudonym(KEY, "weibo", "1000000001")
OTHER = pseudonym(KEY, "weibo", "1000000002")
TOKEN = "可识别的一段话语"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())


def posts_of(crawl_id: str) -> list[Post]:
    return [
        post("weibo", "5252110000000001", DAY, 1, 1, 1, author_id=NOBODY, text=TOKEN, crawl_id=crawl_id),
        post("weibo", "5252110000000002", DAY, 1, 1, 1, author_id=OTHER, crawl_id=crawl_id),
        post("weibo", "5252110000000003", DAY, 1, 1, 1, author_id=OTHER, crawl_id=crawl_id)
        if crawl_id == ""
        else post(
            "weibo", "5252110000000003", DAY, 1, 1, 1, author_id=OTHER, crawl_id=crawl_id,
            repost_of_id="5252110000000001", payload=json.dumps({"retweeted": {"user": NOBODY, "text": TOKEN}}),
        ),
    ]  # fmt: skip


def land_crawl(data: Path, crawl_id: str = CRAWL) -> None:
    land(data, "posts", "weibo", DAY, crawl_id, to_frame("posts", posts_of(crawl_id)))
    comments = [
        Comment(
            platform="weibo", comment_id=f"{number}", post_id=f"525211000000000{of}", text="合成评论", author_id=author,
            posted_at=china(DAY), observed_at=china(DAY), crawl_id=crawl_id, source="spider", payload="{}",
        )
        for number, of, author in ((11, 1, OTHER), (12, 2, NOBODY), (13, 2, OTHER))
    ]  # fmt: skip
    land(data, "comments", "weibo", DAY, crawl_id, to_frame("comments", comments))
    ids = [one.post_id for one in posts_of(crawl_id)]
    one = Slice(
        platform="weibo", query="合成", slice_start=china(DAY, "00:00"), slice_end=china(DAY, "23:00"), state="ok",
        posts_kept=len(ids), kept_ids=ids, observed_at=china(DAY), crawl_id=crawl_id,
    )  # fmt: skip
    land(data, "slices", "weibo", DAY, crawl_id, to_frame("slices", [one]))


def raw(data: Path, table: str) -> pl.DataFrame:
    paths = sorted((data / "raw" / table).glob("platform=*/day=*/*.parquet"))
    return pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])


def the_person(data: Path) -> Subject:
    return subject_of(data, author="1000000001", platform="weibo", post=None, url=None)


def forget_person(data: Path) -> None:
    forget(data, the_person(data), lambda line: None)


class TestRaw:
    def test_rows_of_the_person_go_and_those_of_others_stay(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        assert raw(tmp_path, "posts")["post_id"].to_list() == ["5252110000000002", "5252110000000003"]
        assert raw(tmp_path, "comments")["comment_id"].to_list() == ["13"]

    def test_a_repost_by_another_person_loses_what_it_quotes(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        repost = raw(tmp_path, "posts").row(1, named=True)
        assert (repost["repost_of_id"], repost["payload"]) == (None, REMOVED_PAYLOAD)

    def test_slices_no_longer_name_the_post_so_that_the_day_stays_complete(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        [row] = raw(tmp_path, "slices").iter_rows(named=True)
        assert sorted(row["kept_ids"]) == ["5252110000000002", "5252110000000003"]
        assert row["posts_kept"] == 2

    def test_rewritten_files_are_in_the_manifest_and_none_counts_as_lost(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        [files] = raw_files(tmp_path, "posts", ["weibo"], verify=True).values()
        assert files.lost == {}
        assert len(files.present) == 1
        assert files.present != [f"{CRAWL}.parquet"]

    def test_no_file_but_the_quarantined_ones_holds_the_words(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        for table in ("posts", "comments", "slices"):
            assert TOKEN not in raw(tmp_path, table).write_json()
            assert NOBODY not in raw(tmp_path, table).write_json()

    @pytest.mark.parametrize("is_recorded", [False, True])
    def test_running_it_again_completes_a_run_that_was_killed_between_writing_and_removing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_recorded: bool
    ) -> None:
        land_crawl(tmp_path)
        record = landings.record

        def killed(*arguments: Any, **options: Any) -> None:
            if is_recorded:
                record(*arguments, **options)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("core.storage.rewriting.landings.record", killed)
            with pytest.raises(KeyboardInterrupt):
                forget_person(tmp_path)
        [files] = raw_files(tmp_path, "posts", ["weibo"]).values()
        assert (len(files.present), len(files.lost)) == (1, 0)  # no row counts twice before it is run again
        forget_person(tmp_path)
        assert raw(tmp_path, "posts")["post_id"].to_list() == ["5252110000000002", "5252110000000003"]

    def test_a_file_that_is_put_back_from_a_backup_loses_the_rows_again(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        [path] = (tmp_path / "raw/posts").glob("*/*/*.parquet")
        content = path.read_bytes()
        forget_person(tmp_path)
        path.write_bytes(content)
        other = path.with_name("20260105T100000.000000Z-ab12.parquet")
        pl.read_parquet(path).with_columns(crawl_id=pl.lit(other.stem)).write_parquet(other)
        raw_files(tmp_path, "posts", ["weibo"])
        assert set(raw(tmp_path, "posts")["post_id"]) == {"5252110000000002", "5252110000000003"}
        assert not path.exists()


class TestNothingBringsItBack:
    def test_a_later_landing_leaves_out_the_person_and_slices_do_not_name_the_posts(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        land_crawl(tmp_path, "20260103T100000.000000Z-ab12")
        assert set(raw(tmp_path, "posts")["post_id"]) == {"5252110000000002", "5252110000000003"}
        assert NOBODY not in raw(tmp_path, "posts").write_json()
        assert set(raw(tmp_path, "slices")["kept_ids"].explode()) == {"5252110000000002", "5252110000000003"}
        assert set(raw(tmp_path, "slices")["posts_kept"]) == {2}

    def test_an_author_who_was_never_seen_stays_out_with_the_posts(self, tmp_path: Path) -> None:
        forget_person(tmp_path)
        land_crawl(tmp_path)
        assert set(raw(tmp_path, "slices")["kept_ids"].explode()) == {"5252110000000002", "5252110000000003"}

    def test_an_import_leaves_out_the_person(self, tmp_path: Path) -> None:
        forget_person(tmp_path)
        note = {"note_id": "66fad51c000000001b0224b8", "type": "normal", "title": "合成", "desc": "合成笔记"}
        note |= {"time": 1700000000000, "liked_count": "1", "collected_count": "0", "comment_count": "0"}
        note |= {"last_modify_ts": 1700000100000, "tag_list": "", "source_keyword": "合成", "share_count": "0"}
        other = note | {"note_id": "66fad51c000000001b0224b9", "user_id": "2000000002"}
        lines = [json.dumps(row) for row in (note | {"user_id": "2000000001"}, other)]
        (tmp_path / "notes.jsonl").write_text("\n".join(lines))
        subject = subject_of(tmp_path, author="2000000001", platform="xiaohongshu", post=None, url=None)
        forget(tmp_path, subject, lambda line: None)
        import_files([tmp_path / "notes.jsonl"], tmp_path, lambda line: None)
        assert raw(tmp_path, "posts")["post_id"].to_list() == ["66fad51c000000001b0224b9"]

    def test_the_quarantine_takes_no_record_that_names_them(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        reject = Reject(
            platform="weibo", source="a.csv", position="line 2", reason="合成", observed_at=china(DAY),
            record=json.dumps({"mid": "5252110000000001"}),
        )  # fmt: skip
        assert write_quarantine(tmp_path, CRAWL, [reject]) is None

    def test_the_tombstones_are_read_once_for_all_records_of_the_quarantine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        reads = []

        def counted(data_dir: Path) -> set[Tombstone]:
            reads.append(data_dir)
            return read_tombstones(data_dir)

        monkeypatch.setattr("core.storage.tombstones.read_tombstones", counted)
        rejects = [
            Reject(platform="weibo", source="a.csv", position=f"line {number}", reason="合成", observed_at=china(DAY),
                   record=json.dumps({"mid": f"525211000000{number:04}"}))
            for number in range(1_000)
        ]  # fmt: skip
        path = write_quarantine(tmp_path, CRAWL, rejects)
        assert path is not None
        assert len(path.read_text().splitlines()) == 999
        assert len(reads) == 1

    def test_tombstones_hold_no_id(self, tmp_path: Path) -> None:
        land_crawl(tmp_path)
        forget_person(tmp_path)
        text = tombstones_path(tmp_path).read_text()
        assert "1000000001" not in text
        assert "5252110000000001" not in text


def test_enriched_versions_and_publications_name_the_rewritten_files(tmp_path: Path) -> None:
    land_crawl(tmp_path)
    data = DataFolder(tmp_path)
    data.enrich(
        DAY, "000001-aaaaaaaaaaaa", [read_post("weibo", f"525211000000000{number}", "neutral") for number in (1, 2)]
    )
    manifests.write_manifest(tmp_path, china(DAY), manifests.current_files(tmp_path, {}))
    forget_person(tmp_path)
    [path] = (tmp_path / f"enriched/posts/day={DAY}").glob("*.parquet")
    assert pl.read_parquet(path, hive_partitioning=False)["post_id"].to_list() == ["5252110000000002"]
    named = manifests.named_files(tmp_path)
    assert named
    assert all((tmp_path / file).exists() for file in named)


def test_quarantined_records_of_a_deleted_post_go_from_their_table(tmp_path: Path) -> None:
    land_crawl(tmp_path)
    data = DataFolder(tmp_path)
    data.write_quarantined("000001-aa", {"https://weibo.com/detail/5252110000000001": "posts 5252110000000001"})
    data.write_quarantined("000002-ab", {"vendor.csv": "posts 5252110000000001", "other.csv": "line 3"})
    forget_person(tmp_path)
    left = [pl.read_parquet(path) for path in sorted((tmp_path / "enriched/quarantined_records").glob("*.parquet"))]
    assert [rows["source"].to_list() for rows in left] == [[], ["other.csv"]]


def test_lines_of_quarantine_and_labels_go_and_imported_files_with_the_id_are_removed(tmp_path: Path) -> None:
    land_crawl(tmp_path)
    texts = {
        "quarantine/a.jsonl": f'{{"record": "{NOBODY}"}}\n{{"record": "x"}}\n',
        "labels/a.csv": "platform,post_id,sentiment\nweibo,5252110000000001,negative\nweibo,5252110000000002,neutral\n",
        "inbox/done/a.csv": "uid\n1000000001\n",
        "inbox/done/b.csv": "uid\n10000000012\n",
        "inbox/waiting.csv": "uid\n1000000001\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    forget_person(tmp_path)
    assert (tmp_path / "quarantine/a.jsonl").read_text() == '{"record": "x"}\n'
    assert (tmp_path / "labels/a.csv").read_text() == "platform,post_id,sentiment\nweibo,5252110000000002,neutral\n"
    assert not (tmp_path / "inbox/done/a.csv").exists()
    assert (tmp_path / "inbox/done/b.csv").exists()
    assert (tmp_path / "inbox/waiting.csv").exists()  # its other rows are not landed yet


def report(data: Path) -> Path:
    """A report with a figure that counts the posts of Weibo, one that counts those of Zhihu, and two pages."""
    folder = data / "reports/demo/2026-01-03T120000"
    folder.mkdir(parents=True)
    sql = "select post_uid from marts.event_posts where topic_id = 'demo' and platform = '{}'"
    rows = [
        {name: "" for name in SCHEMA if SCHEMA[name] == pl.String}
        | {"id": f"volume.{one}", "as_of": datetime(2026, 1, 4), "value": 3.0, "posts_sql": sql.format(one)}  # noqa: DTZ001
        for one in ("weibo", "zhihu")
    ]
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(folder / "figures.parquet")
    (folder / "report.html").write_text(f"<body>5252110000000001 {TOKEN}</body>")
    (folder / "report.pdf").write_text(TOKEN)
    (folder / "report.en.html").write_text("<body>no posts</body>")
    (data / "serving").mkdir()
    with duckdb.connect(str(data / "serving/marts.duckdb")) as connection:
        connection.execute(
            "create table event_posts as select 'demo' topic_id, 'weibo' platform, 'weibo:5252110000000001' post_uid"
        )
    return folder


def test_figures_that_change_are_marked_and_what_pages_show_of_the_post_is_blanked(tmp_path: Path) -> None:
    land_crawl(tmp_path)
    folder = report(tmp_path)
    forget_person(tmp_path)
    figures = pl.read_parquet(folder / "figures.parquet")
    assert figures.filter(pl.col(MARK).is_not_null()).select("id", COUNT).rows() == [("volume.weibo", 1)]
    assert figures["value"].to_list() == [3.0, 3.0]
    assert sorted(path.name for path in folder.iterdir()) == ["figures.parquet", "report.en.html", "report.html"]
    for name in ("report.html", "report.en.html"):
        page = (folder / name).read_text()
        assert "Posts were deleted on request" in page
        assert TOKEN not in page
        assert "5252110000000001" not in page
    assert not (tmp_path / "serving/marts.duckdb").exists()


def test_what_is_held_is_said_without_changing_anything(tmp_path: Path) -> None:
    land_crawl(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    places = {(one.place, one.day): one.rows for one in held(tmp_path, the_person(tmp_path))}
    assert places == {("raw/posts", DAY): 1, ("raw/comments", DAY): 2, ("raw/slices", DAY): 1}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_person_is_named_by_pseudonym_and_a_post_by_id_or_address(tmp_path: Path) -> None:
    land_crawl(tmp_path)
    by_pseudonym = subject_of(tmp_path, author=NOBODY, platform=None, post=None, url=None)
    assert (by_pseudonym.platform, {*by_pseudonym.posts}) == ("weibo", {"5252110000000001"})
    url = "http://weibo.example/5252110000000002/?from=app"
    assert {*subject_of(tmp_path, author=None, platform=None, post=None, url=url).posts} == {"5252110000000002"}
    with pytest.raises(ArgumentProblem, match="name it with --platform"):
        subject_of(tmp_path, author="1000000001", platform=None, post=None, url=None)


class TestCommands:
    @pytest.fixture(autouse=True)
    def _data(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
        land_crawl(tmp_path)

    def test_person_and_forget(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert tingfeng("person", "--post", "weibo:5252110000000001") == 0
        assert f"raw/posts, {DAY}: 1 rows in raw/posts/platform=weibo/" in capsys.readouterr().out
        assert tingfeng("forget", "--post", "weibo:5252110000000001", "--no-refresh") == 0
        assert "No crawl or import lands it again." in capsys.readouterr().out
        assert tingfeng("person", "--post", "weibo:5252110000000001") == 0
        assert capsys.readouterr().out == "Nothing is held.\n"

    @pytest.mark.parametrize("arguments", [(), ("--post", "1"), ("--post", "weibo:1", "--url", "x"), ("--author", "1")])
    def test_wrong_arguments_have_status_2(self, arguments: tuple[str, ...]) -> None:
        assert tingfeng("forget", *arguments) == 2

    def test_a_listed_account_is_to_be_removed_from_the_list_first(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert tingfeng("forget", "--platform", "weibo", "--author", "6491867487") == 1
        assert "is listed under accounts in listening.yaml" in capsys.readouterr().err
