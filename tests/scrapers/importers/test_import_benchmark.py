"""The generated rows of benchmarks/imports.py are read like real ones."""

from pathlib import Path

import pytest

from benchmarks.imports import write_rows
from core.storage.pseudonym_key import KEY_VARIABLE
from scrapers.importers.run import import_files


def test_every_row_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a key of the tests")
    write_rows(tmp_path / "source", 400)
    outcome = import_files([tmp_path / "source"], tmp_path / "data", lambda line: None)
    assert [(tally.read, tally.quarantined) for tally in outcome.tallies] == [(100, 0)] * 4
    assert sum(tally.repeated for tally in outcome.tallies) == 40
    assert sum(tally.observed_again for tally in outcome.tallies) == 20
    assert len({platform for _, platform, _ in outcome.rows}) == 4
