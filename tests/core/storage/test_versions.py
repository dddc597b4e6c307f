"""Versions of enriched files: numbering, reuse and fingerprints."""

import polars as pl

from core.storage.versions import (
    current_fingerprint,
    current_fingerprints,
    current_version,
    fingerprint,
    versions,
    write_version,
)


def test_versions_are_numbered_and_the_last_is_current(tmp_path):
    assert current_fingerprint(tmp_path / "data/enriched/x") is None
    first = write_version(tmp_path / "data/enriched/x", "aaa", pl.DataFrame({"x": [1]}))
    second = write_version(tmp_path / "data/enriched/x", "bbb", pl.DataFrame({"x": [2]}))
    assert [first.name, second.name] == ["000001-aaa.parquet", "000002-bbb.parquet"]
    assert current_fingerprint(tmp_path / "data/enriched/x") == "bbb"


def test_the_current_fingerprints_of_all_days(tmp_path):
    table = tmp_path / "data/enriched/x"
    assert current_fingerprints(table) == {}
    for day, mark in (("2026-01-01", "aaa"), ("2026-01-02", "aaa"), ("2026-01-02", "b-b")):
        write_version(table / f"day={day}", mark, pl.DataFrame({"x": [1]}))
    (table / "day=2026-01-03").mkdir()
    (table / "day=2026-01-01" / ".000009-ccc.parquet.7.tmp").touch()
    assert current_fingerprints(table) == {"2026-01-01": "aaa", "2026-01-02": "b-b"}


def test_the_rows_of_the_current_version_have_the_columns_of_the_schema(tmp_path):
    schema = pl.Schema({"x": pl.Int64(), "y": pl.String()})
    assert current_version(tmp_path / "data/enriched/x", schema).equals(schema.to_frame())
    for x in (1, 2):
        write_version(tmp_path / "data/enriched/x", f"v{x}", pl.DataFrame({"x": [x], "z": [0]}))
    assert current_version(tmp_path / "data/enriched/x", schema).rows() == [(2, None)]


def test_the_same_fingerprint_is_not_written_again(tmp_path):
    path = write_version(tmp_path / "data/enriched/x", "aaa", pl.DataFrame({"x": [1]}))
    written = path.stat().st_mtime_ns
    assert write_version(tmp_path / "data/enriched/x", "aaa", pl.DataFrame({"x": [1]})) == path
    assert path.stat().st_mtime_ns == written


def test_a_return_to_an_earlier_fingerprint_is_a_new_version_and_nothing_is_removed(tmp_path):
    for mark in ("aaa", "bbb", "aaa"):
        write_version(tmp_path / "data/enriched/x", mark, pl.DataFrame({"x": [1]}))
    assert [path.name for path in versions(tmp_path / "data/enriched/x")] == [
        "000001-aaa.parquet",
        "000002-bbb.parquet",
        "000003-aaa.parquet",
    ]


def test_fingerprints_depend_on_order_and_content():
    assert fingerprint(["a", "b"]) != fingerprint(["b", "a"])
    assert fingerprint(["a"]) == fingerprint(iter(["a"]))
