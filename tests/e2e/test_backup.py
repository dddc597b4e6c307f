"""A backup that is restored into an empty folder and refreshed gives the same marts, also those of a past moment."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.runs import run

pytestmark = pytest.mark.slow

ALPHABET = ["小米", "大熊", "道歉", "声明", "公关", "米粉", "签约", "回应", "支持", "失望"]


def write_posts(path: Path) -> Path:
    """Forty posts of two days as MediaCrawler writes them."""
    start = int(datetime.fromisoformat("2026-01-04T08:00:00+08:00").timestamp())
    observed = int(datetime.fromisoformat("2026-01-08T12:00:00+08:00").timestamp()) * 1000
    rows = [
        {
            "aweme_id": f"75912345678901234{number:02}", "aweme_type": "0", "title": "",
            "desc": f"小米 大熊 {ALPHABET[number % 10]}了，{ALPHABET[number // 4 % 10]}第{number}次", "nickname": "",
            "create_time": start + number * 2500, "liked_count": str(number * 3), "collected_count": "1",
            "comment_count": str(number), "share_count": "0", "last_modify_ts": observed,
            "user_id": f"2{number % 7:09}",
        }
        for number in range(40)
    ]  # fmt: skip
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def marts(snapshot: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all tables, sorted, but for the time of the publication."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        return {
            name: connection.execute(f'select * from "{name}" order by all').fetchall()
            for name in names
            if name != "publication"
        }


def done(data: Path, *arguments: Any) -> str:
    outcome = run(data, *arguments)
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    return outcome.stdout


def test_the_same_rows_of_all_marts(tmp_path: Path) -> None:
    data, restored = tmp_path / "data", tmp_path / "restored"
    done(data, "import", write_posts(tmp_path / "posts.jsonl"))
    done(data, "refresh")
    as_of = ("report", "--topic", "xiaomi_kol", "--as-of", "2026-01-09T12:00")
    done(data, *as_of)
    done(data, "backup", tmp_path / "backup.tar.gz")
    done(restored, "restore", tmp_path / "backup.tar.gz")
    assert not (restored / "warehouse.duckdb").exists()
    done(restored, "refresh")
    before = marts(data / "serving/marts.duckdb")
    assert len(before["fct_posts"]) == 40
    assert marts(restored / "serving/marts.duckdb") == before
    done(restored, *as_of)
    [first], [again] = (list(folder.glob("as_of/*/marts.duckdb")) for folder in (data, restored))
    assert marts(again) == marts(first)
