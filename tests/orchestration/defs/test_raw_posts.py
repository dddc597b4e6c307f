"""A raw asset as Dagster runs it: crawls of a site that blocks them, is down, or answers."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import polars as pl
import pytest

from orchestration.definitions import defs

KEY = dg.AssetKey(["raw", "zhihu_posts"])
DAY = "2026-01-03"


# Entries that say they are answers and have neither time nor words.
UNREADABLE = {
    "data": [{"type": "search_result", "object": {"type": "answer", "id": str(number)}} for number in range(9)]
}


@pytest.fixture
def site() -> Iterator[Callable[[int, bytes], str]]:
    """``site(status, body)``: the address of a server that answers everything so, but its front page."""
    servers = []

    def start(status: int, body: bytes = b"") -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/" else status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()


def crawl(monkeypatch, tmp_path, url: str) -> dg.ExecuteInProcessResult:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    monkeypatch.setenv("TINGFENG_SANDBOX_URL", url)
    asset = defs.get_repository_def().assets_defs_by_key[KEY]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], partition_key=DAY, instance=instance, raise_on_error=False)


def health(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    evaluations = result.get_asset_check_evaluations()
    assert sum(evaluation.check_name == "rows" and evaluation.passed for evaluation in evaluations) == 3
    return next(evaluation for evaluation in evaluations if evaluation.check_name == "crawl_health")


def test_a_block_is_landed_as_a_block_and_warns(monkeypatch, tmp_path, site):
    result = crawl(monkeypatch, tmp_path, site(403))
    assert result.success
    assert not health(result).passed
    assert health(result).severity == dg.AssetCheckSeverity.WARN
    assert "4 of 4 slices blocked" in str(health(result).metadata["warnings"])
    slices = pl.read_parquet(tmp_path / "raw" / "slices", hive_partitioning=False)
    assert set(slices["state"]) == {"blocked"}


def test_a_crawl_with_unreadable_records_fails_the_check(monkeypatch, tmp_path, site):
    result = crawl(monkeypatch, tmp_path, site(200, json.dumps(UNREADABLE).encode()))
    assert (health(result).passed, health(result).severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "records could not be read" in str(health(result).metadata["errors"])
    assert not result.success  # the check blocks
    assert list((tmp_path / "quarantine").iterdir())


def test_a_successful_crawl_passes_and_records_its_stats(monkeypatch, tmp_path, sandbox):
    result = crawl(monkeypatch, tmp_path, sandbox)
    assert health(result).passed
    metadata_of = {
        materialization.asset_key.path[-1]: {name: entry.value for name, entry in materialization.metadata.items()}
        for materialization in result.asset_materializations_for_node("zhihu_crawl")
    }
    metadata = metadata_of["zhihu_posts"]
    assert metadata["finish_reason"] == "finished"
    assert metadata["landed"] == metadata["posts_kept"] >= 3
    assert metadata["pages"] >= 4
    assert metadata["seconds"] >= 0
    assert metadata_of["zhihu_comments"]["rows"] > metadata_of["zhihu_authors"]["rows"] > 0


def test_a_site_that_is_down_fails_at_once(monkeypatch, tmp_path):
    result = crawl(monkeypatch, tmp_path, "http://127.0.0.1:9")
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "The sandbox does not answer" in str(failure.step_failure_data)
    assert not list(tmp_path.rglob("*.parquet"))


def test_one_table_of_a_crawl_may_be_asked_for_alone(monkeypatch, tmp_path, sandbox):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    monkeypatch.setenv("TINGFENG_SANDBOX_URL", sandbox)
    asset = defs.get_repository_def().assets_defs_by_key[KEY]
    comments = dg.AssetKey(["raw", "zhihu_comments"])
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset], partition_key=DAY, instance=instance, selection=[comments])
    assert [event.asset_key for event in result.asset_materializations_for_node("zhihu_crawl")] == [comments]
    assert list((tmp_path / "raw" / "posts").rglob("*.parquet"))  # landed all the same
