"""The key of the pseudonyms: where it comes from, when it is refused, and several keys after a rotation."""

import stat
from pathlib import Path

import polars as pl
import pytest

from core.problems import Problem
from core.storage.pseudonym_key import KEY_VARIABLE, fingerprint, landed_keys, load_key, pseudonym
from scrapers.importers.payload import pseudonyms

KEY = "a key of the tests"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def land_something(data: Path) -> None:
    folder = data / "raw/posts/platform=weibo/day=2026-01-01"
    folder.mkdir(parents=True)
    (folder / "crawl.parquet").touch()


def test_the_environment_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert load_key(tmp_path) == KEY.encode()
    assert not (tmp_path / "pseudonym.key").exists()


def test_a_key_file_is_written_once_for_its_owner_alone_and_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("core.storage.files.os.fsync", synced.append)
    key = load_key(tmp_path / "new")
    path = tmp_path / "new/pseudonym.key"
    assert len(key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(synced) == 4  # the key, the fingerprint, and the folder of each
    assert load_key(tmp_path / "new") == key
    assert [one.name for one in (tmp_path / "new").iterdir() if one.is_file()] == ["pseudonym.key"]


@pytest.mark.parametrize("value", ["", "   ", "fifteen letters", "a key of the tests\nshort"])
def test_an_empty_or_short_key_is_refused(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, value)
    with pytest.raises(Problem, match=f"{KEY_VARIABLE}: the key of the pseudonyms .*it needs at least 16"):
        load_key(tmp_path)


def test_data_of_releases_without_fingerprints_was_landed_with_the_first_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_something(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, f"short\n{KEY}")  # earlier releases accepted short keys
    with pytest.raises(Problem, match="run 'tingfeng rotate-key', which completes it"):
        load_key(tmp_path)
    assert landed_keys(tmp_path, f"short\n{KEY}".encode()) == 1


def test_an_empty_key_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").touch()
    with pytest.raises(Problem, match=r"pseudonym\.key: the key of the pseudonyms is empty.*Restore the file"):
        load_key(tmp_path)


def test_another_key_than_that_of_the_landed_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_key(tmp_path)
    land_something(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with pytest.raises(Problem, match="every author would count twice") as problem:
        load_key(tmp_path)
    assert fingerprint(KEY.encode()) in str(problem.value)
    assert KEY not in str(problem.value)


def test_a_key_file_that_is_gone_is_not_replaced_once_data_has_landed(tmp_path: Path) -> None:
    load_key(tmp_path)
    land_something(tmp_path)
    (tmp_path / "pseudonym.key").unlink()
    with pytest.raises(Problem, match="is missing, and data was landed with it; restore it from a backup"):
        load_key(tmp_path)


def test_before_anything_has_landed_the_key_can_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_key(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert load_key(tmp_path) == KEY.encode()


def test_a_further_key_waits_for_the_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    load_key(tmp_path)
    land_something(tmp_path)
    both = f"{KEY}\nthe key after that"
    monkeypatch.setenv(KEY_VARIABLE, both)
    assert landed_keys(tmp_path, both.encode()) == 1
    with pytest.raises(Problem, match="run 'tingfeng rotate-key'"):
        load_key(tmp_path)


def test_several_keys_are_applied_in_turn_to_one_id_and_to_a_column() -> None:
    first, second = b"the first of two keys", b"the second of two keys"
    both = first + b"\n" + second
    expected = pseudonym(second, "weibo", pseudonym(first, "weibo", "1000000001"))
    assert pseudonym(both, "weibo", "1000000001") == expected
    assert pseudonyms(pl.Series(["1000000001", None, ""]), "weibo", both).to_list() == [expected, None, ""]
