"""The report of the sandbox's event: the figures that the published case prints, and the findings that it omits."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import html

from orchestration.reconciling.checks import reconcile
from orchestration.reconciling.figures_file import read_figures
from orchestration.reporting.ledger import Figure, open_snapshot, posts_behind, read_ledger, recount

pytestmark = pytest.mark.slow

TOPIC = "xiaomi_kol"


def the_folder(data: Path) -> Path:
    """The folder of the report that the refresh made."""
    (page,) = data.glob(f"reports/{TOPIC}/*/report.html")
    return page.parent


@pytest.fixture
def figures(event: Path) -> Mapping[str, Figure]:
    return read_ledger(the_folder(event) / "figures.parquet")


@pytest.fixture
def text(event: Path) -> str:
    page = (the_folder(event) / "report.html").read_text(encoding="utf-8")
    return str(html.document_fromstring(page).find(".//main").text_content())


def test_the_report_prints_every_figure_of_the_case(figures, shared):
    printed = json.loads((shared / "case" / "figures.json").read_text(encoding="utf-8"))["printed"]
    shown = {name: figure.display for name, figure in figures.items()}
    assert shown["volume"] == f"{printed['volume']:,}"
    assert shown["volume.weibo"] == f"{printed['volume_by_platform']['weibo']:,}"
    assert shown["volume_share.weibo"] == f"{printed['volume_share_by_platform']['weibo']}%"
    for platform in ("douyin", "xiaohongshu", "zhihu"):
        share = printed["volume_share_by_platform"][platform]
        assert shown[f"volume_share_rounded.{platform}"] == f"{share}%"
    for platform, rounded in printed["interactions_by_platform_rounded"].items():
        assert shown[f"interactions_rounded.{platform}"] == rounded
    assert shown["interaction_share.douyin"] == f"{printed['interaction_share_by_platform']['douyin']}%"
    assert figures["interaction_share.weibo"].value == pytest.approx(0.335, abs=0.0005)
    for platform in ("weibo", "xiaohongshu"):
        for day, volume in printed[f"{platform}_daily_volume"].items():
            assert shown[f"volume.{platform}.{day}"] == f"{volume:,}"
    assert shown["peak_date"] == "1月5日"
    assert shown["sentiment_volume.negative"] == f"{printed['sentiment_volume']['negative']:,}"
    assert shown["sentiment_share.negative"] == f"{printed['sentiment_share']['negative']}%"
    for sentiment in ("neutral", "positive"):
        assert shown[f"sentiment_share_rounded.{sentiment}"] == f"{printed['sentiment_share'][sentiment]}%"
    assert shown["sentiment_interaction_share.neutral"] == f"{printed['sentiment_interaction_share']['neutral']}%"
    assert shown["sentiment_interaction_share.negative"] == f"{printed['sentiment_interaction_share']['negative']}0%"


def test_the_report_states_what_the_case_omits(text, figures):
    assert "净情感度有两种算法：只看正负面为−88.5%，以全部帖子为分母为−57.0%" in text
    assert "威尔逊区间59.2%–62.1%" in text
    assert "微博在1月1日至1月2日已有542条，1月3日反而降到113条" in text
    assert figures["response_latency"].value > 24
    assert "超过24小时" in text
    assert "70.4%来自抖音。标签属于帖子，不是互动者的态度" in text
    assert "数据到爆发阶段为止" in text
    assert figures["synthetic_posts"].value == figures["volume"].value
    assert "全网" not in text.split("高互动帖文与评论")[0]


def test_the_sixth_of_january_is_outbreak(event):
    page = (the_folder(event) / "report.html").read_text(encoding="utf-8")
    rows = html.document_fromstring(page).xpath("//tr[td/a[@data-figure='day.2026-01-06']]")
    assert [row.xpath("./td[2]")[0].text_content() for row in rows] == ["爆发"]


def test_the_figures_of_the_report_reconcile(event):
    assert reconcile(read_figures(the_folder(event) / "figures.json")[0]) == []


def test_the_sql_of_every_figure_returns_its_value_on_the_served_marts(event, figures):
    with open_snapshot(event / "serving" / "marts.duckdb") as connection:
        for figure in figures.values():
            assert recount(connection, figure) == (figure.value, figure.moment), figure.id
            if figure.posts_sql:
                posts, mark = posts_behind(connection, figure.posts_sql)
                assert (posts.height, mark) == (figure.posts, figure.posts_hash), figure.id


def test_the_report_is_small(event):
    assert (the_folder(event) / "report.html").stat().st_size < 2_000_000
