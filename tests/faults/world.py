"""The small world in which faults are tried: files to import, a data folder, what it has to hold in the end.

Three days of sixty Weibo posts, in the layout of weibo-search, with a row a day that is quarantined.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from core.calendar import CHINA
from core.contracts.raw import RAW_ITEMS
from core.platforms import PLATFORMS
from core.storage.paths import PROJECT_DIR
from core.storage.pseudonym_key import pseudonym
from core.storage.quarantine import read_quarantine
from core.storage.raw import raw_files
from sandbox.weibo_ids import id_at
from tests.e2e.runs import environment

LISTENING = """
history_start: 2026-01-01
platforms: [weibo]
topics:
  - id: faults
    name: 小米汽车
    brand: 小米
    window: {start: 2026-01-03, end: 2026-01-05}
    queries: []
    match: {any: [小米]}
"""
DAYS = ("2026-01-03", "2026-01-04", "2026-01-05")
POSTS_PER_DAY, AUTHORS = 60, 20
UNREADABLE, CORRECTED = "无法读取", "22:30"  # the time of a quarantined row
_COLUMNS = (  # of weibo-search
    "id,bid,user_id,用户昵称,微博正文,头条文章url,发布位置,艾特用户,话题,转发数,评论数,点赞数,发布时间,发布工具,微博图片url,"
    "微博视频url,retweet_id,ip,user_authentication"
)
# Marts whose numbers must not depend on how they were built; columns that say when or from what are left out.
MARTS = {
    "daily_volume": "*",
    "daily_interaction": "* exclude (observed_from, observed_to)",
    "daily_sentiment": "*",
    "event_platform_sentiment": "*",
    "fct_posts": "post_uid, author_uid, likes, comments, shares, interactions, sentiment, duplicate_group_id",
    "fct_post_topics": "post_uid, topic_id",
}


class Written(NamedTuple):
    """A post of the files: its id, the site's id of its author, and its day."""

    post_id: str
    author: str
    day: str


def write_sources(folder: Path) -> list[Written]:
    """Write one file a day to import; returns the posts."""
    folder.mkdir(parents=True)
    posts = []
    for day in DAYS:
        path = folder / f"{day}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            out = csv.DictWriter(file, _COLUMNS.split(","), restval="")
            out.writeheader()
            for number in range(POSTS_PER_DAY):
                posted = datetime.fromisoformat(f"{day}T08:00:00").replace(tzinfo=CHINA) + timedelta(
                    minutes=11 * number
                )
                post = Written(str(id_at(posted, number)), str(1_000_000_000 + number % AUTHORS), day)
                row = {"id": post.post_id, "user_id": post.author, "发布时间": f"{posted:%Y-%m-%d %H:%M}", "ip": "北京"}
                row |= {"用户昵称": "样例", "微博正文": f"小米汽车第{number}次试驾，{'很好' if number % 3 else '太差'}"}
                row |= {"转发数": number % 7, "评论数": number % 5, "点赞数": number, "user_authentication": "普通用户"}
                out.writerow(row)
                posts.append(post)
            unreadable = id_at(datetime.fromisoformat(f"{day}T{CORRECTED}:00").replace(tzinfo=CHINA), 999)
            out.writerow(row | {"id": str(unreadable), "发布时间": UNREADABLE})
        # The time of observation of these rows: it must be the same in all copies.
        os.utime(path, (1_768_000_000, 1_768_000_000))
    return posts


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "orchestration.cli", *map(str, arguments)]


def places(data: Path, **changes: str) -> dict[str, str]:
    """The environment of a command over a data folder."""
    return environment(data, TINGFENG_LISTENING=str(data / "listening.yaml"), **changes)


def start(data: Path, arguments: Sequence[Any], stderr: Any = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start ``tingfeng <arguments>`` in a session of its own, so that it can be killed with all its processes."""
    return subprocess.Popen(
        command(*arguments),
        cwd=PROJECT_DIR,
        env=places(data),
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )


def run(data: Path, *arguments: Any, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run ``tingfeng <arguments>`` over a data folder to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=PROJECT_DIR,
        env=places(data, **changes),
        capture_output=True,
        text=True,
        timeout=1_200,
        check=False,
    )


def lines_with_times(process: subprocess.Popen[str]) -> Iterator[tuple[float, str]]:
    """The lines that a process prints on standard error, with the seconds since this call."""
    began = time.monotonic()
    assert process.stderr is not None
    for line in process.stderr:
        yield time.monotonic() - began, line


def timed(data: Path, *arguments: Any) -> tuple[float, list[float]]:
    """Run a command that has to succeed; returns its seconds, and when it printed each line on standard error."""
    began = time.monotonic()
    with start(data, arguments, stderr=subprocess.PIPE) as process:
        lines = list(lines_with_times(process))
    assert process.returncode == 0, "".join(line for _, line in lines)[-3000:]
    return time.monotonic() - began, [seconds for seconds, _ in lines]


def kill_at(data: Path, arguments: Sequence[Any], moment: float, times: Sequence[float]) -> None:
    """Kill a command at a moment of its undisturbed run, of which ``times`` are those of its lines.

    It is killed as long after the last line before the moment, so that a busy machine changes little.
    """
    before = [seconds for seconds in times if seconds <= moment]
    with start(data, arguments, stderr=subprocess.PIPE) as process:
        lines = lines_with_times(process)
        for _ in before:
            next(lines, None)
        try:
            process.wait(moment - (before[-1] if before else 0))
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process: subprocess.Popen[Any]) -> None:
    """Kill a process and everything in its session at once, as a power cut does: steps have their own groups."""
    for pid in _session(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def _session(leader: int) -> list[int]:
    """The processes of a session; the leader is first, so that it starts nothing more."""
    done = subprocess.run(["pgrep", "-s", str(leader)], capture_output=True, text=True, check=False)
    pids = {leader, *map(int, done.stdout.split())}
    return sorted(pids, key=lambda pid: pid != leader)


def raw_state(data: Path) -> dict[str, Any]:
    """What the raw tables and the quarantine hold, apart from the ids of imports: equal states give equal marts.

    Pseudonyms are as written, so they differ between keys.
    """
    state: dict[str, Any] = {}
    for table in RAW_ITEMS:
        days = raw_files(data, table, PLATFORMS, verify=True)
        assert not any(files.lost for files in days.values()), days
        paths = [
            data / "raw" / table / f"platform={platform}" / f"day={day}" / name
            for (platform, day), files in days.items()
            for name in files.present
        ]
        on_disk = set((data / "raw" / table).glob("platform=*/day=*/*.parquet"))
        assert set(paths) == on_disk, "files that no manifest names"
        rows = pl.concat([pl.read_parquet(path, hive_partitioning=False, glob=False) for path in paths] or [_EMPTY])
        state[table] = rows.drop("crawl_id", strict=False).sort(pl.all()).rows()
    rejects = read_quarantine(data).drop("observed_at", "crawl_id", "source", "platform")
    state["quarantine"] = sorted(map(str, rejects.unique().rows()))
    return state


_EMPTY = pl.DataFrame()


def marts(data: Path) -> Mapping[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(data / "serving" / "marts.duckdb"), read_only=True) as connection:
        return {
            table: connection.execute(f"select {columns} from marts.{table} order by all").fetchall()
            for table, columns in MARTS.items()
        }


def authors_in_raw(data: Path) -> set[tuple[str, str]]:
    paths = list((data / "raw/posts").glob("platform=*/day=*/*.parquet"))
    rows = pl.concat(pl.read_parquet(path, columns=["post_id", "author_id"], hive_partitioning=False) for path in paths)
    return set(rows.unique().iter_rows())


def expected_authors(posts: Sequence[Written], key: bytes) -> set[tuple[str, str]]:
    return {(post.post_id, pseudonym(key, "weibo", post.author)) for post in posts}
