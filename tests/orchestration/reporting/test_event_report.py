"""The report of an event: what it prints, and what it says where there is little or nothing to print."""

import json
import re
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from lxml import html

from core.problems import Problem
from orchestration.reconciling.checks import reconcile
from orchestration.reconciling.figures_file import read_figures
from orchestration.reporting import event_report
from orchestration.reporting.event_report import build_report, write_report
from orchestration.reporting.facts import Sentence
from orchestration.reporting.page import plain_text
from orchestration.reporting.verification import VerificationProblem, unverified, verify
from tests.orchestration.reporting.tiny_marts import TOPIC, Tiny, make_marts

EVENT = [
    *[Tiny("weibo", hour, "negative", 2) for hour in (1, 2, 3, 26, 27, 28, 29, 50, 51, 52, 53, 53.5)],
    *[Tiny("weibo", hour, "positive", 1) for hour in (4, 30)],
    *[Tiny("douyin", hour, "neutral", 400) for hour in (5, 31, 54)],
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    marts = make_marts(tmp_path_factory.mktemp("report") / "marts.duckdb", EVENT, statement_at=53)
    return build_report(marts, TOPIC, is_sandbox=True)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.document_fromstring(page).find(".//main").text_content())


def of(tmp_path: Path, posts=(), language="zh", **how) -> str:
    """What a reader gets of a topic, in words."""
    return words(build_report(make_marts(tmp_path / "marts.duckdb", posts, **how), TOPIC).pages[language])


def test_every_number_is_a_figure_of_the_ledger_or_quoted(report):
    for language, page in report.pages.items():
        tree = html.document_fromstring(page)
        for element in tree.xpath("//*[@data-figure]"):
            assert element.text_content() == report.ledger.figures[element.get("data-figure")].shown(language)
        for element in tree.xpath("//script | //style | //*[@data-figure] | //*[@data-quoted]"):
            tail = element.tail or ""
            element.drop_tree() if element.getparent() is not None else None
            assert not re.search(r"\d", tail), tail
        assert not re.findall(r"[^>\s]*\d[^<\s]*", " ".join(tree.itertext()))


def test_references_resolve_to_ledger_rows_and_posts(report):
    tree = html.document_fromstring(report.pages["zh"])
    references = {item.get("id"): item for item in tree.xpath("//ol[@class='references']/li")}
    links = tree.xpath("//main//a[@data-figure]")
    assert len(links) > 100
    for link in links:
        item = references[link.get("href")[1:]]
        assert item.xpath("./b")[0].text == link.get("data-figure")
        figure = report.ledger.figures[link.get("data-figure")]
        assert figure.sql in item.text_content()
        if figure.posts:
            assert item.xpath(".//a[starts-with(@href, 'https://')]")
    assert list(references) == [f"r{number}" for number in range(1, len(references) + 1)]


def test_nothing_is_loaded_and_it_is_small(report):
    for page in report.pages.values():
        assert not re.search(r"""(?:src|srcset)=["']?(?!data:)|@import|url\(""", page)
        assert "<script" not in page
        assert len(page.encode()) < 2_000_000


def test_the_same_marts_give_the_same_bytes(report, tmp_path, monkeypatch):
    marts = make_marts(tmp_path / "other name.duckdb", EVENT, statement_at=53)
    again = build_report(marts, TOPIC, is_sandbox=True)
    assert again.pages == report.pages
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, one in ((first, report), (second, again)):
        write_report(one, folder)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_figure_that_is_not_in_the_ledger_fails_the_build(report, tmp_path, monkeypatch):
    with pytest.raises(KeyError, match=r"volume\.mars"):
        plain_text("[volume.mars]", report.ledger.figures, "zh")
    monkeypatch.setattr(event_report.sentences, "summary", lambda facts: [Sentence("[volume.mars]条", "[volume.mars]")])
    with pytest.raises(KeyError, match=r"volume\.mars"):
        build_report(make_marts(tmp_path / "marts.duckdb", EVENT), TOPIC)


def test_a_number_in_the_words_fails_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(event_report.sentences, "summary", lambda facts: [Sentence("共17条", "17 posts")])
    with pytest.raises(VerificationProblem, match="共17条"):
        build_report(make_marts(tmp_path / "marts.duckdb", EVENT), TOPIC)


@pytest.mark.parametrize(
    ("addition", "problem"),
    [
        ("<p>共３条</p>", "contains a number"),
        ('<p><a data-figure="volume">18</a></p>', "the ledger has '17'"),
        ('<p><a data-figure="volume.mars">17</a></p>', "not in the ledger"),
        ('<p title="17 posts">posts</p>', "contains a number"),
        ("<p>全网声量</p>", "claims 全网"),
        ('<img src="https://example.org/a.png">', "loads"),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "loads"),
        ('<a href="#nowhere">there</a>', "dead link to #nowhere"),
        ("<svg><text>17</text></svg>", "contains a number"),
    ],
)
def test_verification_finds(report, addition, problem):
    page = report.pages["zh"]
    verify(page, report.ledger.figures, "zh")
    found = unverified(page.replace("</main>", f"{addition}</main>"), report.ledger.figures, "zh")
    assert len(found) == 1
    assert problem in found[0]


def test_quoted_data_may_hold_anything(tmp_path):
    posts = [Tiny("weibo", 1, text='全网24小时 <script>alert(1)</script> [volume.weibo] ⟦"&')]
    page = build_report(make_marts(tmp_path / "marts.duckdb", posts, topic_name="3·15 [x]"), TOPIC).pages["zh"]
    assert "全网24小时 <script>alert(1)</script> [volume.weibo]" in words(page)
    assert "<script" not in page


def test_our_own_figures_reconcile(report, tmp_path):
    write_report(report, tmp_path)
    figures, _ = read_figures(tmp_path / "figures.json")
    assert figures.volume is not None
    assert reconcile(figures) == []


def test_reconcile_would_find_a_wrong_figure(report, tmp_path):
    write_report(report, tmp_path)
    wrong = json.loads((tmp_path / "figures.json").read_text())
    wrong["volume"] = "18"
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    assert reconcile(read_figures(tmp_path / "wrong.json")[0])


def test_net_sentiment_is_printed_by_name(report):
    text = words(report.pages["zh"])
    assert "只看正负面为−71.4%，以全部帖子为分母为−58.8%" in text
    assert "(P−N)/(P+N)" in words(report.pages["en"])


def test_a_share_of_interactions_names_whose_it_is(report):
    text = words(report.pages["zh"])
    assert (
        "带中性标签的帖子占声量的17.65%、占互动量的97.88%，这些互动有100.0%来自抖音。标签属于帖子，不是互动者的态度"
        in text
    )


def test_a_late_statement_is_late(report):
    assert "历时52.0小时，超过24小时" in words(report.pages["zh"])


def test_a_statement_within_a_day(tmp_path):
    assert "历时9.0小时，在24小时之内" in of(tmp_path, EVENT, statement_at=10)


def test_synthetic_data_are_called_so(report, tmp_path):
    assert "合成数据" in report.pages["zh"]
    live = build_report(make_marts(tmp_path / "marts.duckdb", EVENT), TOPIC)
    assert "合成数据" not in live.pages["zh"]


def test_a_topic_without_posts(tmp_path):
    assert "没有发现相关帖子" in of(tmp_path)


def test_a_topic_of_which_nothing_was_collected(tmp_path):
    blocked = [(platform, day) for platform in ("weibo", "douyin") for day in range(3)]
    text = of(tmp_path, blocked=blocked)
    assert "声量未知，不是零" in text
    assert "blocked" in text


def test_one_post(tmp_path):
    text = of(tmp_path, [Tiny("weibo", 1, "negative", 5)])
    assert "共有1条相关帖子" in text
    assert "中位数" not in text.split("热度")[0].split("平台分布")[1].split("平台声量")[0]


def test_one_platform(tmp_path):
    text = of(tmp_path, [Tiny("weibo", hour) for hour in range(5)], platforms=["weibo"])
    assert "所采集的唯一平台微博共有5条" in text
    assert "抖音" not in text


def test_a_platform_that_was_blocked(tmp_path):
    text = of(tmp_path, [Tiny("weibo", hour) for hour in range(5)], blocked=[("douyin", day) for day in range(3)])
    assert "6个平台日（平台×日）中，3个采集完整" in text
    assert "暂定" in text
    assert "所采集的唯一平台微博" in text


def test_a_day_that_was_blocked_is_a_gap(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", EVENT, blocked=[("douyin", 2)])
    with duckdb.connect(str(marts)) as connection:
        connection.execute(
            "update event_daily set volume = null where posted_date = '2026-01-03' and platform = 'douyin'"
        )
        connection.execute(
            "update event_hourly set volume = null where posted_date = '2026-01-03' and platform = 'douyin'"
        )
    page = build_report(marts, TOPIC).pages["zh"]
    charts = html.document_fromstring(page).xpath("//*[local-name()='svg']")
    assert any("未采集" in "".join(chart.itertext()) for chart in charts)


def test_posts_without_sentiment(tmp_path):
    text = of(tmp_path, [Tiny("weibo", hour, None) for hour in range(5)])
    assert "没有可用的情感标注" in text
    assert "净情感度为" not in text


def test_posts_whose_counts_are_not_shown(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", [Tiny("weibo", 1, "negative", None)])
    with duckdb.connect(str(marts)) as connection:
        for table in ("event_totals", "event_platforms", "event_daily", "event_hourly", "event_sentiment"):
            connection.execute(f"update {table} set interactions = null")
    assert "互动量未知" in words(build_report(marts, TOPIC).pages["zh"])


def test_an_open_window_is_provisional(tmp_path):
    text = build_report(make_marts(tmp_path / "marts.duckdb", EVENT, window_is_open=True), TOPIC).pages["zh"]
    assert "监测期尚未结束" in text
    assert "声量（暂定）" in text
    # Every sentence that holds a number of posts says so; times and rules do not move.
    said = html.document_fromstring(text).xpath("//section[@id='sentiment']/p[.//a]")
    assert len(said) > 3
    assert all(one.text_content().endswith("（暂定）。") for one in said)


def test_young_counts_are_provisional(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", EVENT)
    with duckdb.connect(str(marts)) as connection:
        connection.execute("update event_totals set mature_share = .4")
    page = build_report(marts, TOPIC).pages
    text = html.document_fromstring(page["zh"]).text_content()
    assert "只有40.0%的互动是在发布72小时之后观测的" in text
    assert "互动量（暂定）" in page["zh"]
    assert re.search(r"douyin|抖音占互动量的[^。]*（暂定）。", text)
    assert "17条帖子中，负面12条，占70.59%" in text
    assert not re.search(r"负面12条[^。]*（暂定）", text)
    assert "Interactions (provisional)" in page["en"]


def test_a_long_window_prints_its_last_month_and_charts_the_rest(tmp_path):
    posts = [Tiny("weibo", 24 * day + 1) for day in range(60)]
    page = build_report(make_marts(tmp_path / "marts.duckdb", posts, days=60), TOPIC).pages["zh"]
    assert "3月1日" in page
    assert 'data-figure="day.2026-01-10"' not in page


def test_as_of_is_what_was_asked_for(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", EVENT)
    assert build_report(marts, TOPIC).as_of.isoformat() == "2026-01-06T06:00:00"  # the last observation
    moment = datetime.fromisoformat("2026-01-06T04:00")
    asked = build_report(marts, TOPIC, moment)
    assert asked.as_of == moment
    assert "2026年1月6日 12:00" in asked.pages["zh"]


def test_an_unknown_topic_is_named_with_those_there_are(tmp_path):
    with pytest.raises(Problem, match=r"topic 'moon' is not published.*demo"):
        build_report(make_marts(tmp_path / "marts.duckdb"), "moon")


def test_marts_of_an_earlier_version_that_lack_a_column_are_refused(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", EVENT)
    with duckdb.connect(str(marts)) as connection:
        connection.execute("alter table event_totals drop column crawled_volume")
    with pytest.raises(Problem, match=r"(?s)marts.duckdb.*tingfeng refresh.*crawled_volume"):
        build_report(marts, TOPIC, is_sandbox=True)


def test_marts_of_an_earlier_version_still_make_a_report(tmp_path):
    marts = make_marts(tmp_path / "marts.duckdb", EVENT)
    with duckdb.connect(str(marts)) as connection:
        for table in ("event_voices", "event_heat", "event_spread", "event_hot_lists", "event_top_comments"):
            connection.execute(f"drop table {table}")
    assert "没有可以列出的账号" in words(build_report(marts, TOPIC).pages["zh"])
