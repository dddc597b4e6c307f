"""Kept records of crawls are parsed again by their platform's parser and landed as the crawl would have."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.contracts.raw import Author, Comment, Post, Reject
from core.storage.pseudonym_key import KEY_VARIABLE
from core.storage.quarantine import read_quarantine, write_quarantine
from scrapers.crawled_records import parsed
from scrapers.pipelines.pseudonymise import Pseudonymise
from scrapers.requeue import requeue
from tests.scrapers.parsers.parser_cases import CASES, Case, all_cases, items_of, load_case

KEY = b"a key that is long enough for tests"
TABLES: dict[str, str] = {
    "parse_search": "posts", "parse_detail": "posts", "parse_comments": "comments", "parse_replies": "comments",
    "parse_profile": "authors",
}  # fmt: skip
PARSED = [(case, function) for case in all_cases() for function in case.expected["pages"] if function in TABLES]


def landable(case: Case, function: str) -> list[Any]:
    """The items of a case as a crawl lands them, without names."""
    page = case.parse(function, case.body)
    items = [page] if isinstance(page, Post) else [] if isinstance(page, Reject) else items_of(page)
    landed = (Pseudonymise(KEY, {}).process_item(item) for item in items)
    return [dataclasses.replace(item, source="spider") for item in landed]


def kept(case: Case, function: str, item: Post | Comment | Author) -> Reject:
    """The record of an item, as the quarantine keeps it."""
    arguments = case.expected.get("arguments", {}) if function in ("parse_comments", "parse_replies") else {}
    names = ("post_id", "root_id") if function == "parse_replies" else ("post_id",)
    context = {name: value for name, value in arguments.items() if name in names}
    return Reject(
        platform=case.platform,
        source="https://example.com/search",
        position="card 1",
        reason="the time cannot be read",
        record=item.payload,
        reader=TABLES[function],
        context=json.dumps(context),
        observed_at=case.observed_at,
        crawl_id="20260105T120000.000000Z-0000",
    )


@pytest.mark.parametrize(("case", "function"), PARSED, ids=lambda value: getattr(value, "name", value))
def test_a_kept_record_is_read_as_the_item_that_would_have_been_landed(case: Case, function: str) -> None:
    for item in landable(case, function):
        assert parsed(dataclasses.asdict(kept(case, function, item))) == item


def test_records_land_once_and_leave_the_quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    case, function = next((case, name) for case, name in PARSED if landable(case, name) and name == "parse_search")
    items = [item for item in landable(case, function) if item.posted_at < item.observed_at]
    rejects = [kept(case, function, item) for item in items]
    unreadable = dataclasses.replace(rejects[0], record='{"mblog": "?"}')
    write_quarantine(tmp_path, "one", [*rejects, unreadable])

    outcome = requeue(tmp_path, read_quarantine(tmp_path), lambda line: None)
    count = len({item.post_id for item in items})
    assert outcome.crawled == {f"{case.platform} posts": count}
    assert read_quarantine(tmp_path)["record"].to_list() == [unreadable.record]
    paths = list(tmp_path.glob("raw/posts/*/*/*.parquet"))
    rows = pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])
    assert set(rows["post_id"]) == {item.post_id for item in items}
    assert rows["source"].unique().to_list() == ["spider"]

    write_quarantine(tmp_path, "two", rejects)
    assert requeue(tmp_path, read_quarantine(tmp_path), lambda line: None).crawled == {f"{case.platform} posts": 0}
    assert read_quarantine(tmp_path)["record"].to_list() == [unreadable.record]


def test_a_record_that_still_breaks_the_contract_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    case = load_case(
        next(path for path in CASES.glob("weibo/*") if "parse_search" in (path / "expected.json").read_text())
    )
    item = landable(case, "parse_search")[0]
    early = dataclasses.replace(kept(case, "parse_search", item), observed_at=item.posted_at - timedelta(hours=1))
    write_quarantine(tmp_path, "one", [early])
    assert requeue(tmp_path, read_quarantine(tmp_path), lambda line: None).crawled.total() == 0
    assert read_quarantine(tmp_path).height == 1
