"""Runs that are killed in dbt and while they publish: what they leave is made good by the next."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scrapers.sandbox.corpus import SandboxPost
from tests.e2e.runs import ROOT, environment, run, served

pytestmark = pytest.mark.slow

DAY = "2026-01-03"
# A line that each station writes when it has begun: the run is killed there. Crawls and their landing are killed in
# tests/scrapers/test_resume.py.
STATIONS = {
    "dbt": "Running dbt command",
    "publish": "publishing ",
}


def kill_at(line: str, data: Path, **changes: str) -> None:
    """Start the refresh of the day, and kill it with all its steps when it says ``line``, as a power cut does.

    At the last station only its main process, so that the step which publishes goes on as an orphan.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.refresh", "--start", DAY],
        cwd=ROOT,
        env=environment(data, **changes),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as victim:
        assert victim.stderr is not None
        for told in victim.stderr:
            if line in told:
                if line == STATIONS["publish"]:
                    victim.kill()
                else:
                    os.killpg(victim.pid, signal.SIGKILL)
                return
    pytest.fail(f"the run ended without the line {line!r}")


def test_runs_that_were_killed_are_made_good_by_the_next(
    tmp_path: Path, sandbox: str, sandbox_corpus: list[SandboxPost]
) -> None:
    """Of one platform, for the time that it takes. What is counted in the end is the sandbox's truth."""
    listening = (ROOT / "listening.yaml").read_text(encoding="utf-8")
    platforms = "platforms: [weibo, douyin, xiaohongshu, zhihu]"
    assert platforms in listening
    (tmp_path / "listening.yaml").write_text(listening.replace(platforms, "platforms: [weibo]"), encoding="utf-8")
    assert run(tmp_path, "scrapers.sandbox", "labels", "--out", tmp_path / "labels" / "sandbox.csv").returncode == 0
    changes = {"TINGFENG_SANDBOX_URL": sandbox, "TINGFENG_LISTENING": str(tmp_path / "listening.yaml")}
    for line in STATIONS.values():  # each run finds the wreck of the one before
        kill_at(line, tmp_path, **changes)
    again = run(tmp_path, "orchestration.refresh", "--start", DAY, **changes)
    assert again.returncode == 0, again.stderr[-3000:]
    posts = [
        post
        for post in sandbox_corpus
        if post.in_event
        and post.platform == "weibo"
        and post.posted_at.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat() == DAY
    ]
    assert served(tmp_path, f"select volume, is_complete from marts.daily_volume where posted_date = '{DAY}'") == [
        (len(posts), True)
    ]
    sentiments = f"select sentiment, volume from marts.daily_sentiment where posted_date = '{DAY}' and volume > 0"
    assert dict(served(tmp_path, sentiments)) == Counter(post.sentiment for post in posts)
    interactions = f"select interactions from marts.daily_interaction where posted_date = '{DAY}'"
    assert served(tmp_path, interactions) == [(sum(post.likes + post.comments + post.shares for post in posts),)]
