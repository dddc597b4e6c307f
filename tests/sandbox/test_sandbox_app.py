"""The sandbox as an application and as a command: health, hosts, clock, ports, labels, search."""

import csv
import json
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.routing import Mount

from core.platforms import CRAWLED_PLATFORMS
from sandbox.app import create_app
from sandbox.corpus import SandboxPost
from sandbox.labels import LABEL_COLUMNS, write_labels
from sandbox.search import matching

ROOT = Path(__file__).resolve().parents[2]


def get_json(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=10) as response:
        body: dict[str, object] = json.load(response)
        return body


def test_health_reports_synthetic_posts(sandbox: str, sandbox_corpus: list[SandboxPost]) -> None:
    assert get_json(f"{sandbox}/") == {
        "synthetic": True,
        "service": "tingfeng sandbox",
        "posts": dict(Counter(post.platform for post in sandbox_corpus)),
    }


def test_sites_are_mounted_under_their_hosts() -> None:
    mounted = [route.path for route in create_app([]).routes if isinstance(route, Mount)]
    assert {"/s.weibo.com", "/www.douyin.com", "/edith.xiaohongshu.com", "/www.zhihu.com"} <= set(mounted)
    assert len(set(mounted)) == len(mounted), "the second mount of a host would never get a request"


def test_posts_are_served_newest_first(sandbox_corpus: list[SandboxPost]) -> None:
    state = create_app(sandbox_corpus[::-1]).state
    posts = state.posts_at(state.now())
    assert list(posts) == list(CRAWLED_PLATFORMS)
    for platform, of_platform in posts.items():
        assert {post.platform for post in of_platform} == {platform}
        times = [post.posted_at for post in of_platform]
        assert times == sorted(times, reverse=True)


def test_the_clock_can_be_set() -> None:
    moment = datetime(2026, 1, 6, 12, tzinfo=UTC)
    assert create_app([], now=lambda: moment).state.now() == moment
    assert abs((create_app([]).state.now() - datetime.now(UTC)).total_seconds()) < 5


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "sandbox", "serve", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.stderr


def test_during_serves_while_a_command_runs_and_exits_with_its_status() -> None:
    code = (
        "import json, os, sys, urllib.request; "
        "sys.exit(3 if json.load(urllib.request.urlopen(os.environ['TINGFENG_SANDBOX_URL']))['synthetic'] else 4)"
    )
    during = [sys.executable, "-m", "orchestration.cli", "sandbox", "during"]
    ended = subprocess.run([*during, sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (3, "")
    missing = subprocess.run([*during, "./no-such-command"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert missing.returncode == 127
    assert missing.stderr.count("\n") == 1
    assert subprocess.run(during, cwd=ROOT, capture_output=True, timeout=30).returncode == 2


def test_labels_are_those_of_the_event(tmp_path: Path, sandbox_corpus: list[SandboxPost]) -> None:
    path = tmp_path / "new folder" / "labels.csv"
    write_labels(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == LABEL_COLUMNS
    assert Counter(row["sentiment"] for row in rows) == {"negative": 2613, "neutral": 1537, "positive": 159}
    labelled = {(row["platform"], row["post_id"]): row["sentiment"] for row in rows}
    assert labelled == {(post.platform, post.post_id): post.sentiment for post in sandbox_corpus if post.in_event}
    assert {row["labeller"] for row in rows} == {"synthetic"}
    assert {datetime.fromisoformat(row["labelled_at"]).utcoffset() for row in rows} == {UTC.utcoffset(None)}
    assert [entry.name for entry in path.parent.iterdir()] == ["labels.csv"]
    first = path.read_bytes()
    write_labels(path)
    assert path.read_bytes() == first


@pytest.fixture
def post(sandbox_corpus: list[SandboxPost]) -> SandboxPost:
    return replace(sandbox_corpus[0], title=None, text="小米的事问大熊", hashtags=())


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("小米 大熊", True),
        ("大熊  小米", True),
        ("小米", True),
        ("小米 KOL", False),
        ("小米大熊", False),
        ("", False),
        (" ", False),
    ],
)
def test_a_search_requires_every_term(post: SandboxPost, query: str, matches: bool) -> None:
    assert matching([post], query) == ([post] if matches else [])


def test_a_search_covers_title_text_and_hashtags_and_ignores_case(post: SandboxPost) -> None:
    titled = replace(post, title="KOL 笔记")
    tagged = replace(post, hashtags=("kol",))
    quoting = replace(post, text="转发微博", repost_of=replace(post, text="小米 KOL"))
    assert matching([titled, post, tagged, quoting], "小米 kol") == [titled, tagged]
