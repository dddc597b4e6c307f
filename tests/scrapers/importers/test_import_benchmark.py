"""The generated rows of benchmarks/imports.py are read like real ones."""

from pathlib import Path

import pytest

from benchmarks.imports import write_rows
from scrapers.importers.run import import_files
from scrapers.pseudonym import KEY_VARIABLE


def test_every_row_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "test key")
    write_rows(tmp_path / "source", 400)
    outcome = import_files([tmp_path / "source"], tmp_path / "data", lambda line: None)
    assert [(tally.read, tally.quarantined) for tally in outcome.tallies] == [(100, 0)] * 4
    assert sum(tally.repeated for tally in outcome.tallies) == 40
    assert sum(tally.observed_again for tally in outcome.tallies) == 20
    assert len({platform for _, platform, _ in outcome.rows}) == 4
