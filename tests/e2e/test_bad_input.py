"""Wrong input is reported in one clear message: non-zero exit status, no traceback, nothing written."""

import gzip

import pytest

from tests.e2e.runs import ROOT, run

DAY = ("--start", "2026-01-03", "--end", "2026-01-03")
# No process listens on port 9 (discard).
NO_SANDBOX = "http://127.0.0.1:9"


def assert_reported(done, *words: str) -> None:
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def is_untouched(data) -> bool:
    return not [path for path in data.rglob("*") if path.is_file() and path.suffix in {".parquet", ".duckdb"}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("history_start:", "history_strat:"), ["history_strat", "unknown key"]),
        (("start: 2026-01-01", "start: 2026-13-01"), ["topics.0.window.start", "YYYY-MM-DD"]),
        (("topics:", ("topics:\n  - {id: xiaomi_kol, name: x, brand: x, queries: [x], match: {any: [x]}, "
          "window: {start: 2026-01-01}}")), ["topics.1.id", "give each its own id"]),
        (("topics:", "topics: ["), ["not valid YAML"]),
    ],
)  # fmt: skip
def test_a_broken_listening_file(tmp_path, change, words):
    path = tmp_path / "broken.yaml"
    path.write_text((ROOT / "listening.yaml").read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    done = run(tmp_path, "refresh", *DAY, TINGFENG_LISTENING=str(path), TINGFENG_SANDBOX_URL=NO_SANDBOX)
    assert_reported(done, "broken.yaml", *words)
    assert is_untouched(tmp_path)


def test_live_without_credentials(tmp_path):
    assert_reported(run(tmp_path, "refresh", *DAY, TINGFENG_SOURCE="live"), "TINGFENG_TERMS_ACCEPTED")
    live = {"TINGFENG_SOURCE": "live", "TINGFENG_TERMS_ACCEPTED": "weibo"}
    assert_reported(run(tmp_path, "refresh", *DAY, **live), "TINGFENG_WEIBO_COOKIE")
    assert is_untouched(tmp_path)


def test_an_unknown_source(tmp_path):
    assert_reported(
        run(tmp_path, "refresh", *DAY, TINGFENG_SOURCE="production"),
        "TINGFENG_SOURCE",
        "'production'",
    )


def test_a_sandbox_that_is_not_running(tmp_path):
    done = run(tmp_path, "refresh", *DAY, TINGFENG_SANDBOX_URL=NO_SANDBOX)
    assert_reported(done, NO_SANDBOX, "make sandbox")
    assert is_untouched(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--start", "yesterday"), ["YYYY-MM-DD"]),
        (("--start", "2026-01-06", "--end", "2026-01-01"), ["swap"]),
        (("--start", "2025-12-01"), ["history_start"]),
        (("--start", "2026-01-01", "--end", "2999-01-01"), ["future"]),
    ],
)
def test_invalid_days(tmp_path, arguments, words):
    assert_reported(run(tmp_path, "refresh", *arguments), *words)


def test_files_that_cannot_be_imported(tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "strange.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (sources / "empty.json").write_text("", encoding="utf-8")
    (sources / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"note_id": "1"}\n' * 100)[:-20])
    data = tmp_path / "data"
    for name in ("strange.csv", "empty.json", "cut.jsonl.gz", "no-such-folder"):
        assert_reported(run(data, "import", sources / name), name)
        assert not data.exists() or is_untouched(data), name
