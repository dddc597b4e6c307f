"""Files that nobody meant to write: each costs what cannot be read of it, and nothing else."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from core.storage.pseudonym_key import KEY_VARIABLE
from scrapers.importers import csv_rows, json_records, run
from scrapers.importers.tallies import Import
from tests.commands import import_command

HEADER = "id,bid,user_id,用户昵称,微博正文,头条文章url,发布位置,艾特用户,话题,转发数,评论数,点赞数,发布时间"


def row(number: int, text: str = "小米") -> str:
    return f"{4815160923655549 + number},,1234567890,某人,{text},,,,,1,2,3,2022-09-18 21:21\n"


def csv_file(*rows: str) -> bytes:
    return (HEADER + "\n" + "".join(rows)).encode()


def note(number: int) -> dict[str, object]:
    return {
        "note_id": f"695bbe00000000001d{number:06x}", "type": "normal", "title": "", "desc": "小米",
        "time": 1767600000000, "user_id": "5f0000000000000000000001", "liked_count": "12", "collected_count": "3",
        "comment_count": "4", "share_count": "1", "tag_list": "", "last_modify_ts": 1767700000000, "note_url": "",
    }  # fmt: skip


def lines(*records: object) -> bytes:
    return "".join(record if isinstance(record, str) else json.dumps(record) + "\n" for record in records).encode()


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    monkeypatch.setenv(KEY_VARIABLE, "key of the tests, long enough to be accepted")
    monkeypatch.setenv("TINGFENG_DATA", str(data))
    return data


@pytest.fixture
def importing(data_dir: Path) -> Callable[[Path], Import]:
    return lambda path: run.import_files([path], data_dir, lambda line: None)


def reasons(outcome: Import) -> list[tuple[str, str]]:
    """Position and reason of each quarantined record."""
    if outcome.quarantine is None:
        return []
    records = map(json.loads, outcome.quarantine.read_text(encoding="utf-8").splitlines())
    return [(record["position"], record["reason"]) for record in records]


UNCLOSED = '4815160923655549,"unclosed\n'
DEEP = json.dumps(note(1))[:-1] + ',"user":' + "[" * 10_000 + "]" * 10_000 + "}\n"


@pytest.mark.parametrize(
    ("name", "content", "kept", "rejected"),
    [
        ("quote.csv", csv_file(row(0), UNCLOSED, *map(row, range(1, 500))), 500, [("line 3", "not valid CSV")]),
        ("quotes.csv", csv_file(UNCLOSED, row(0), UNCLOSED, row(1)), 2,
         [("line 2", "not valid CSV"), ("line 4", "not valid CSV")]),
        ("inner.csv", csv_file(row(0, '"a "b" c"'), row(1, '"two\nlines"')), 1, [("line 2", "not valid CSV")]),
        ("marks.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + csv_file(row(0)), 1, []),
        ("joined.jsonl", lines(note(0), "\ufeff" + json.dumps(note(1)) + "\n"), 2, []),
        ("nul.jsonl", lines(note(0), note(1)) + b"\x00" * 3, 2, [("line 3", "not valid JSON")]),
        ("nul.csv", csv_file(*map(row, range(20))) + b"\x00" * 3, 20, [("line 22", "1 cells under a header")]),
        ("deep.jsonl", lines(note(0), DEEP, note(2)), 2, [("line 2", "not valid JSON: nested too deep")]),
        ("deep.json", b"[" + DEEP.encode() + b"," + lines(note(2)) + b"]", 1,
         [("record 1", "not valid JSON: nested too deep")]),
        ("mixed.json", json.dumps([None, 1, "x", [note(0)], {}, note(2)]).encode(), 2,
         [("record 1", "not a JSON object"), ("record 2", "not a JSON object"), ("record 3", "not a JSON object"),
          ("record 5", "note_id is not a valid id")]),
        ("cr.csv", csv_file(row(0), row(1)).replace(b"\n", b"\r"), 2, []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_read_is_quarantined_and_the_rest_is_kept(
    name: str,
    content: bytes,
    kept: int,
    rejected: list[tuple[str, str]],
    tmp_path: Path,
    importing: Callable[[Path], Import],
) -> None:
    (tmp_path / name).write_bytes(content)
    outcome = importing(tmp_path / name)
    (tally,) = outcome.tallies
    assert (tally.kept, tally.quarantined) == (kept, len(rejected))
    assert tally.read == kept + len(rejected)
    for (position, reason), (expected_position, expected_reason) in zip(reasons(outcome), rejected, strict=True):
        assert position == expected_position
        assert reason.startswith(expected_reason)


def test_lines_beyond_the_limit_cost_themselves(
    tmp_path: Path, importing: Callable[[Path], Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_records, "RECORD_LIMIT", 2_000)
    monkeypatch.setattr("scrapers.importers.reading.BATCH_BYTES", 1_000)
    (tmp_path / "a.jsonl").write_bytes(lines(note(0), note(1) | {"desc": "x" * 9_000}, note(2)))
    outcome = importing(tmp_path / "a.jsonl")
    assert [(tally.read, tally.kept) for tally in outcome.tallies] == [(3, 2)]
    monkeypatch.setattr(csv_rows, "_LINE_LIMIT", 1_000)
    (tmp_path / "a.csv").write_bytes(csv_file(row(0), row(1, "x" * 5_000), row(2)))
    outcome = importing(tmp_path / "a.csv")
    assert outcome.tallies[0].kept == 2


def test_a_file_that_cannot_be_read_to_its_end_is_named_and_the_others_are_imported(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    damaged = folder / "a.parquet"
    pl.DataFrame([note(0), note(1)]).write_parquet(damaged)
    content = bytearray(damaged.read_bytes())
    content[10:60] = bytes(50)  # the schema at the end of the file is whole
    damaged.write_bytes(content)
    (folder / "b.csv").write_bytes(csv_file(row(0)))
    assert import_command([str(folder)]) == 1
    printed = capsys.readouterr()
    assert f"{damaged}: cannot be read to its end: " in printed.err
    assert "get a complete copy" in printed.err
    assert "landed: 1 rows" in printed.out


def test_what_is_no_file_in_a_folder_is_listed(
    tmp_path: Path, data_dir: Path, importing: Callable[[Path], Import]
) -> None:
    folder, elsewhere = tmp_path / "export", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "a.xlsx").mkdir(parents=True)
    (folder / "a.xlsx" / "b.csv").write_bytes(csv_file(row(0)))
    (folder / "loop").symlink_to(folder)
    (folder / "linked").symlink_to(elsewhere)
    (folder / "gone.csv").symlink_to(tmp_path / "gone.csv")
    os.mkfifo(folder / "pipe.csv")
    outcome = importing(folder)
    assert outcome.landed == 1
    assert {path.name for path in outcome.ignored} == {"loop", "linked", "gone.csv", "pipe.csv"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "export"
    (folder / "closed").mkdir(parents=True, mode=0o000)
    (folder / "a.csv").write_bytes(csv_file(row(0)))
    assert import_command([str(folder)]) == 1
    assert (
        f"{folder / 'closed'}: cannot be listed: Permission denied; correct its permissions" in capsys.readouterr().err
    )


def test_names_of_files_may_hold_anything(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    names = ["a\nb.csv", "[x].csv", "a\"b'.csv", "😀.csv", "*.csv", "-q.csv", "a\x1b[2J.csv", "a\u202evsc.csv"]
    for number, name in enumerate(names):
        (folder / name).write_bytes(csv_file(row(number), row(100 + number).replace("2022-09-18 21:21", "soon")))
    not_utf8 = folder / os.fsdecode(b"\xff.csv")
    not_utf8.write_bytes(csv_file(row(90), row(91).replace("2022-09-18 21:21", "soon")))
    assert import_command([str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "landed: 9 rows" in printed
    assert "a\\nb.csv" in printed
    assert "a\\x1b[2J.csv" in printed
    assert "a\\u202evsc.csv" in printed
    assert "\\udcff.csv" in printed
    assert len(list((data_dir / "quarantine").glob("*.jsonl"))) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (csv_file(row(0)).replace(b",", b"\t"), "its cells are separated by tabs; save it with commas"),
        (csv_file(row(0)).replace(b",", b";"), "its cells are separated by semicolons; save it with commas"),
        ((HEADER + "\n" + row(0)).encode("utf-16"), "save it as CSV in UTF-8"),
    ],
)
def test_other_kinds_of_text_are_named_with_the_remedy(
    content: bytes, message: str, tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert import_command([str(tmp_path / "a.csv")]) == 1
    assert message in capsys.readouterr().err
