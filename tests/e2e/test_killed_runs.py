"""Runs that are killed in dbt or while publishing: the next run repairs what they left."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.calendar import CHINA
from sandbox.corpus import SandboxPost
from tests.e2e.runs import ROOT, environment, run, served

pytestmark = pytest.mark.slow

DAY = "2026-01-03"


def kill_at(line: str, data: Path, *, with_steps: bool, **changes: str) -> None:
    """Start the refresh of the day, and kill it when it prints ``line``, which a step logs when it has begun.

    with_steps: all of it, as a power cut does; else its main process, whose steps go on as orphans.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "refresh", "--start", DAY],
        cwd=ROOT,
        env=environment(data, **changes),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as victim:
        assert victim.stderr is not None
        for printed in victim.stderr:
            if line in printed:
                if with_steps:
                    # The steps have their own process group (orchestration/preload.py), and the session of the run.
                    subprocess.run(["pkill", "-KILL", "-s", str(victim.pid)], check=True)
                victim.kill()
                return
    pytest.fail(f"the run ended without the line {line!r}")


def test_the_next_run_repairs_killed_runs(tmp_path: Path, sandbox: str, sandbox_corpus: list[SandboxPost]) -> None:
    """One platform only, to save time. The final figures are the true ones of the sandbox."""
    listening = (ROOT / "listening.yaml").read_text(encoding="utf-8")
    platforms = "platforms: [weibo, douyin, xiaohongshu, zhihu]"
    assert platforms in listening
    (tmp_path / "listening.yaml").write_text(listening.replace(platforms, "platforms: [weibo]"), encoding="utf-8")
    assert run(tmp_path, "sandbox", "labels", "--out", tmp_path / "labels" / "sandbox.csv").returncode == 0
    changes = {"TINGFENG_SANDBOX_URL": sandbox, "TINGFENG_LISTENING": str(tmp_path / "listening.yaml")}
    # Each finds the wreck of the one before. Crawls and landing are killed in tests/scrapers/spiders/test_resume.py.
    kill_at("Running dbt command", tmp_path, with_steps=True, **changes)
    kill_at("publishing ", tmp_path, with_steps=False, **changes)
    again = run(tmp_path, "refresh", "--start", DAY, **changes)
    assert again.returncode == 0, again.stderr[-3000:]
    posts = [
        post
        for post in sandbox_corpus
        if post.in_event and post.platform == "weibo" and post.posted_at.astimezone(CHINA).date().isoformat() == DAY
    ]
    assert served(tmp_path, f"select volume, is_complete from marts.daily_volume where posted_date = '{DAY}'") == [
        (len(posts), True)
    ]
    sentiments = f"select sentiment, volume from marts.daily_sentiment where posted_date = '{DAY}' and volume > 0"
    assert dict(served(tmp_path, sentiments)) == Counter(post.sentiment for post in posts)
    interactions = f"select interactions from marts.daily_interaction where posted_date = '{DAY}'"
    assert served(tmp_path, interactions) == [(sum(post.likes + post.comments + post.shares for post in posts),)]
