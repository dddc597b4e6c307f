"""A platform without a spider: MediaCrawler's files of Bilibili, from the import to the report."""

import json

import pytest

from tests.e2e.runs import run, served
from tests.scrapers.importers.test_importers import BILIBILI_COMMENT, BILIBILI_POST, generation_b

pytestmark = pytest.mark.slow

LISTENING = """
history_start: 2026-01-01
platforms: [weibo, bilibili]
topics:
  - id: kol
    name: 小米接触争议KOL
    brand: 小米
    window: {start: 2026-01-01, end: 2026-01-06}
    queries: [小米 大熊]
    match: {all: [小米], any: [大熊]}
"""


def test_imported_videos_are_in_the_marts_and_in_the_report(tmp_path):
    export, data = tmp_path / "export" / "bili" / "jsonl", tmp_path / "data"
    export.mkdir(parents=True)
    data.mkdir()
    posts = [BILIBILI_POST, generation_b(BILIBILI_POST | {"video_id": "115800000000002", "video_comment": "3"})]
    for name, rows in (("contents", posts), ("comments", [BILIBILI_COMMENT])):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (export / f"search_{name}_2026-01-07.jsonl").write_text(text, encoding="utf-8")
    (data / "listening.yaml").write_text(LISTENING, encoding="utf-8")
    listening = {"TINGFENG_LISTENING": str(data / "listening.yaml")}
    for arguments in (["import", tmp_path / "export"], ["refresh"], ["report", "--topic", "kol"]):
        done = run(data, *arguments, **listening)
        assert done.returncode == 0, done.stderr[-3000:]
    assert served(
        data, "select platform, likes, comments, shares, collects, views, interactions from marts.fct_posts order by 3"
    ) == [("bilibili", 1200, 3, 21, 88, 35_000, 1224), ("bilibili", 1200, 77, 21, 88, 35_000, 1298)]
    assert served(
        data,
        "select volume, is_complete from marts.daily_volume where platform = 'bilibili' and posted_date = '2026-01-05'",
    ) == [(2, False)]
    assert served(
        data, "select volume is null from marts.daily_volume where platform = 'bilibili' and posted_date = '2026-01-04'"
    ) == [(True,)]
    report = next((data / "reports").rglob("report.html")).read_text(encoding="utf-8")
    assert "哔哩哔哩" in report
