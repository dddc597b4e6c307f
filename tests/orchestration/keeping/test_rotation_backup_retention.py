"""Rotation of the key, backup and restore, and retention, each over landed files."""

import json
import os
import shutil
import tarfile
import time
from pathlib import Path

import polars as pl
import pytest

from core.contracts.raw import Post
from core.listening import Retention
from core.problems import Problem
from core.storage.pseudonym_key import KEY_VARIABLE, key_path, load_key, pseudonym
from core.storage.raw import land, raw_files, to_frame, write_rows
from core.storage.tombstones import read_tombstones, without_forgotten
from orchestration.keeping.backup import restore
from orchestration.keeping.forget import forget
from orchestration.keeping.retention import expire
from orchestration.keeping.rotate import rotate
from orchestration.keeping.subject import Subject
from orchestration.lib.heartbeats import start_heartbeat
from tests.commands import tingfeng
from tests.warehouse import DataFolder, post, read_post

DAY, CRAWL = "2026-01-02", "20260102T100000.000000Z-ab12"
PERSON = "1000000001"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TINGFENG_LISTENING", str(Path("listening.yaml").resolve()))
    return tmp_path / "data"


def posts(data: Path) -> list[Post]:
    author = pseudonym(load_key(data), "weibo", PERSON)
    return [
        post("weibo", "5252110000000001", DAY, 1, 1, 1, author_id=author, payload=f'{{"user": {{"id": "{author}"}}}}')
    ]


def land_posts(data: Path, crawl_id: str = CRAWL) -> None:
    rows = to_frame("posts", posts(data)).with_columns(pl.lit(crawl_id).alias("crawl_id"))
    land(data, "posts", "weibo", DAY, crawl_id, rows)


def raw(data: Path) -> pl.DataFrame:
    paths = sorted((data / "raw/posts").glob("platform=*/day=*/*.parquet"))
    return pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])


def rotated(data: Path) -> None:
    rotate(data, lambda line: None, from_environment=False)


class TestRotation:
    def test_an_author_who_is_landed_again_has_the_same_new_pseudonym(self, data: Path) -> None:
        land_posts(data)
        [old] = set(raw(data)["author_id"])
        rotated(data)
        rotated(data)
        land_posts(data, "20260103T100000.000000Z-ab12")
        [new] = set(raw(data)["author_id"])
        assert new != old
        assert set(raw(data)["payload"]) == {f'{{"user": {{"id": "{new}"}}}}'}
        assert old not in raw(data).write_json()
        assert len(key_path(data).read_text().split("\n")) == 3

    def test_no_file_counts_as_lost(self, data: Path) -> None:
        land_posts(data)
        rotated(data)
        [files] = raw_files(data, "posts", ["weibo"], verify=True).values()
        assert (len(files.present), files.lost) == (1, {})

    def test_a_rotation_that_was_killed_is_completed(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        land_posts(data)
        with monkeypatch.context() as patch:
            patch.setattr("orchestration.keeping.rotate.record_fingerprint", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                rotated(data)
        with pytest.raises(Problem, match="run 'tingfeng rotate-key'"):
            load_key(data)
        rotated(data)
        assert set(raw(data)["author_id"]) == {pseudonym(load_key(data), "weibo", PERSON)}
        assert len(key_path(data).read_text().split("\n")) == 2

    def test_who_was_deleted_stays_out(self, data: Path) -> None:
        land_posts(data)
        author = pseudonym(load_key(data), "weibo", PERSON)
        forget(data, Subject("weibo", authors={author}), lambda line: None)
        rotated(data)
        assert without_forgotten(data, "posts", "weibo", to_frame("posts", posts(data))).is_empty()

    def test_a_key_from_the_environment_is_not_replaced(
        self, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "a key of the tests")
        land_posts(data)
        assert tingfeng("rotate-key") == 1
        assert "set it to the present value, a line break and a new key" in capsys.readouterr().err
        monkeypatch.setenv(KEY_VARIABLE, "a key of the tests\nthe key after that")
        assert tingfeng("rotate-key") == 0
        assert set(raw(data)["author_id"]) == {pseudonym(load_key(data), "weibo", PERSON)}

    def test_a_short_key_of_an_earlier_release_is_replaced(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        old = pseudonym(b"short", "weibo", PERSON)
        rows = to_frame("posts", [post("weibo", "5252110000000001", DAY, 1, 1, 1, author_id=old)])
        write_rows(data, "posts", "weibo", DAY, CRAWL, rows)
        monkeypatch.setenv(KEY_VARIABLE, "short\nthe key after that")
        assert tingfeng("rotate-key") == 0
        assert set(raw(data)["author_id"]) == {pseudonym(load_key(data), "weibo", PERSON)}

    def test_an_import_after_it_gives_the_pseudonym_that_raw_has(self, data: Path, tmp_path: Path) -> None:
        note = {"note_id": "66fad51c000000001b0224b8", "type": "normal", "title": "合成", "desc": "合成笔记"}
        note |= {"time": 1700000000000, "liked_count": "1", "collected_count": "0", "comment_count": "0"}
        note |= {"last_modify_ts": 1700000100000, "tag_list": "", "source_keyword": "合成", "share_count": "0"}
        for number in (8, 9):
            row = note | {"user_id": PERSON, "note_id": f"66fad51c000000001b0224b{number}"}
            (tmp_path / f"{number}.jsonl").write_text(json.dumps(row))
        assert tingfeng("import", tmp_path / "8.jsonl") == 0
        [before] = raw(data)["author_id"]
        assert tingfeng("rotate-key") == 0
        assert tingfeng("import", tmp_path / "9.jsonl") == 0
        first, second = raw(data)["author_id"]
        assert first == second != before

    def test_a_person_is_deleted_after_it_by_the_id_of_the_site(self, data: Path) -> None:
        land_posts(data)
        before = pseudonym(load_key(data), "weibo", PERSON)
        rotated(data)
        ledger = data / "reports/demo/2026-01-03T120000/figures.json"
        ledger.parent.mkdir(parents=True)
        ledger.write_text(f"weibo:{before}")  # a report of before
        assert tingfeng("forget", "--platform", "weibo", "--author", PERSON, "--no-refresh") == 0
        assert raw(data).is_empty()
        assert before not in ledger.read_text()
        rotated(data)
        land_posts(data, "20260104T100000.000000Z-ab12")
        assert raw(data).is_empty()

    def test_it_is_refused_while_a_run_lands_data_with_the_present_key(
        self, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land_posts(data)
        monkeypatch.setenv("TINGFENG_DAGSTER_STORAGE", str(data / "dagster"))
        start_heartbeat("a-run")
        assert tingfeng("rotate-key") == 1
        assert "Run a-run is under way" in capsys.readouterr().err


class TestBackup:
    def test_what_is_restored_has_the_same_rows_and_the_key_unless_it_is_left_out(
        self, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land_posts(data)
        forget(data, Subject("weibo", posts={"5252110000000009": None}), lambda line: None)
        (data / "labels").mkdir()
        (data / "labels/a.csv").write_text("platform,post_id,sentiment\n")
        assert tingfeng("backup", tmp_path / "a.tar.gz", "--without-key") == 0
        assert tingfeng("backup", tmp_path / "b.tar.gz") == 0
        assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
        for name in "ab":
            monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / name))
            assert tingfeng("restore", tmp_path / f"{name}.tar.gz") == 0
            assert raw(tmp_path / name).equals(raw(data))
            assert raw_files(tmp_path / name, "posts", ["weibo"], verify=True) == raw_files(data, "posts", ["weibo"])
            assert read_tombstones(tmp_path / name) == read_tombstones(data)
            assert (tmp_path / name / "labels/a.csv").exists()
            assert key_path(tmp_path / name).exists() == (name == "b")

    def test_a_folder_with_files_and_an_existing_archive_are_refused(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        land_posts(data)
        assert tingfeng("backup", tmp_path / "a.tar.gz") == 0
        assert tingfeng("backup", tmp_path / "a.tar.gz") == 1
        assert tingfeng("restore", tmp_path / "a.tar.gz") == 1
        assert "is not empty" in capsys.readouterr().err

    @pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
    def test_a_cut_archive_is_one_line_and_nothing_is_written(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
    ) -> None:
        land_posts(data)
        assert tingfeng("backup", tmp_path / "a.tar.gz") == 0
        shutil.rmtree(data)
        whole = (tmp_path / "a.tar.gz").read_bytes()
        (tmp_path / "a.tar.gz").write_bytes(whole[: int(len(whole) * share)])
        assert tingfeng("restore", tmp_path / "a.tar.gz") == 1
        [line] = capsys.readouterr().err.splitlines()
        assert "is not a complete backup" in line
        assert not data.exists()

    def test_a_changed_file_is_named_and_nothing_is_written(self, data: Path, tmp_path: Path) -> None:
        land_posts(data)
        assert tingfeng("backup", tmp_path / "a.tar.gz") == 0
        with tarfile.open(tmp_path / "a.tar.gz") as archive:
            archive.extractall(tmp_path / "files", filter="data")
        [path] = (tmp_path / "files/raw/posts").glob("*/*/*.parquet")
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
            archive.add(tmp_path / "files", "")
        with pytest.raises(Problem, match=f"1 files differ from their checksum, such as raw/posts/.*{path.name}"):
            restore(tmp_path / "new", tmp_path / "new.yaml", tmp_path / "b.tar.gz")
        assert not (tmp_path / "new").exists()

    def test_a_restore_that_was_killed_can_be_repeated(
        self, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        land_posts(data)
        assert tingfeng("backup", tmp_path / "a.tar.gz") == 0
        with monkeypatch.context() as patch:
            patch.setattr("tarfile.TarFile.extractall", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                restore(tmp_path / "new", tmp_path / "new.yaml", tmp_path / "a.tar.gz")
        assert restore(tmp_path / "new", tmp_path / "new.yaml", tmp_path / "a.tar.gz") == []
        assert raw(tmp_path / "new").equals(raw(data))


class TestRetention:
    def test_nothing_expires_by_default(self, data: Path) -> None:
        land_posts(data)
        assert set(expire(data, Retention(), 30, print).values()) == {0}
        assert raw(data).height == 1

    def test_payloads_expire_and_rows_stay(self, data: Path) -> None:
        land_posts(data)
        assert expire(data, Retention(payloads=1), 30, print)["payloads"] == 1
        assert raw(data)["payload"].to_list() == [""]
        assert expire(data, Retention(payloads=1), 30, print)["payloads"] == 0

    def test_raw_that_expires_does_not_count_as_lost(self, data: Path) -> None:
        land_posts(data)
        assert expire(data, Retention(raw=1), 30, print)["raw"] == 1
        assert raw_files(data, "posts", ["weibo"]) == {}

    def test_what_was_read_from_raw_expires_with_it_in_all_versions(self, data: Path) -> None:
        folder = DataFolder(data)
        for day in (DAY, "2999-01-01"):
            for version in ("000001-aa", "000002-bb"):
                folder.enrich(day, version, [read_post("weibo", "5252110000000001", "neutral")])
        folder.enrich(DAY, "000003-cc", [])  # as for a day without raw files
        assert expire(data, Retention(raw=1), 30, print)["raw"] == 4
        assert expire(data, Retention(raw=1), 30, print)["raw"] == 0
        left = sorted((data / "enriched/posts").glob("*/*.parquet"))
        assert [f"{path.parent.name}/{path.stem}" for path in left] == [
            f"day={DAY}/000003-cc", "day=2999-01-01/000001-aa", "day=2999-01-01/000002-bb",
        ]  # fmt: skip

    def test_files_expire_by_the_time_they_were_written(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for name in ("quarantine/a.jsonl", "quarantine/b.jsonl", "reports/demo/one/report.html"):
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).touch()
        for name in ("quarantine/a.jsonl", "reports/demo/one"):
            os.utime(data / name, (0, 0))
        counts = expire(data, Retention(quarantine=30, reports=30), 30, print)
        assert counts == {"raw": 0, "payloads": 0, "quarantine": 1, "inbox": 0, "reports": 1}
        assert (data / "quarantine/b.jsonl").exists()
        assert tingfeng("forget", "--expired") == 0
        assert "quarantine: 0 files have expired and were deleted." in capsys.readouterr().out

    def test_files_of_the_inbox_expire_by_the_time_they_were_moved(
        self, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done, aside = data / "inbox/done/a.csv", data / "inbox/set-aside/b.csv"
        for path in (done, aside):
            path.parent.mkdir(parents=True)
            path.touch()
            os.utime(path, (0, 0))  # exported long ago
        now = time.time()
        assert expire(data, Retention(inbox=10), 3, print)["inbox"] == 0
        monkeypatch.setattr(time, "time", lambda: now + 4 * 24 * 3600)
        assert expire(data, Retention(inbox=10), 3, print)["inbox"] == 1
        assert (done.exists(), aside.exists()) == (False, True)
        monkeypatch.setattr(time, "time", lambda: now + 11 * 24 * 3600)
        assert expire(data, Retention(inbox=10), 3, print)["inbox"] == 1
        assert not aside.exists()
