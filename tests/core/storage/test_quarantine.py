"""Reading the quarantine, and what tables show of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.contracts.enriched import QUARANTINED_RECORDS
from core.contracts.raw import Reject
from core.storage.quarantine import published_records, read_quarantine, write_quarantine

AT = datetime(2026, 1, 5, 4, tzinfo=UTC)


def reject(**values: Any) -> Reject:
    defaults = {"platform": "weibo", "source": "/home/someone/vendor.csv", "position": "line 3", "field": "发布时间"}
    defaults |= {"reason": "发布时间 is not a valid time", "remedy": "correct it", "record": '{"正文": "字"}'}
    return Reject(**(defaults | {"observed_at": AT, "crawl_id": "one"} | values))


def test_a_record_that_two_imports_reject_is_read_once(tmp_path: Path) -> None:
    write_quarantine(tmp_path, "one", [reject(), reject(position="line 4")])
    write_quarantine(tmp_path, "two", [reject(crawl_id="two")])
    records = read_quarantine(tmp_path)
    assert records.select("crawl_id", "position").rows() == [("one", "line 4"), ("two", "line 3")]


def test_tables_show_neither_records_nor_folders(tmp_path: Path) -> None:
    address = "https://s.weibo.com/weibo?q=小米"
    write_quarantine(tmp_path, "one", [reject(), reject(source=address, position="card 7", field=None, remedy=None)])
    records = published_records(tmp_path)
    assert records.schema == QUARANTINED_RECORDS
    assert records["source"].to_list() == ["vendor.csv", address]
    assert records["observed_at"].to_list() == [AT, AT]


def test_without_quarantine_the_table_is_empty(tmp_path: Path) -> None:
    assert published_records(tmp_path).schema == QUARANTINED_RECORDS
