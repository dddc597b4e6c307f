"""The report of an event: its figures, its references, and its text where data are few or missing."""

import json
import re
import shutil
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


@pytest.fixture(scope="module")
def report(report_snapshot):
    return build_report(report_snapshot, "demo", is_sandbox=True)


@pytest.fixture
def text_of(report_snapshot):
    """``text_of(topic_id)``: the text of the Chinese page of a topic."""
    return lambda topic_id: words(build_report(report_snapshot, topic_id).pages["zh"])


@pytest.fixture
def changed(report_snapshot, tmp_path):
    """``changed(*statements)``: a copy of the snapshot in which the SQL statements have changed values of the marts."""

    def change(*statements: str) -> Path:
        copy = shutil.copy(report_snapshot, tmp_path / "changed.duckdb")
        with duckdb.connect(copy) as connection:
            for statement in statements:
                connection.execute(statement)
        return Path(copy)

    return change


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.document_fromstring(page).find(".//main").text_content())


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


def test_pages_load_nothing_and_are_small(report):
    for page in report.pages.values():
        assert not re.search(r"""(?:src|srcset)=["']?(?!data:)|@import|url\(""", page)
        assert "<script" not in page
        assert len(page.encode()) < 2_000_000


def test_the_same_marts_give_the_same_bytes(report, report_snapshot, tmp_path):
    marts = Path(shutil.copy(report_snapshot, tmp_path / "other name.duckdb"))
    again = build_report(marts, "demo", is_sandbox=True)
    assert again.pages == report.pages
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, one in ((first, report), (second, again)):
        write_report(one, folder)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_a_figure_that_is_not_in_the_ledger_fails_the_build(report, report_snapshot, monkeypatch):
    with pytest.raises(KeyError, match=r"volume\.mars"):
        plain_text("[volume.mars]", report.ledger.figures, "zh")
    monkeypatch.setattr(event_report.sentences, "summary", lambda facts: [Sentence("[volume.mars]条", "[volume.mars]")])
    with pytest.raises(KeyError, match=r"volume\.mars"):
        build_report(report_snapshot, "demo")


def test_a_number_in_a_sentence_fails_the_build(report_snapshot, monkeypatch):
    monkeypatch.setattr(event_report.sentences, "summary", lambda facts: [Sentence("共17条", "17 posts")])
    with pytest.raises(VerificationProblem, match="共17条"):
        build_report(report_snapshot, "demo")


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
def test_verification_reports_each_fault_of_a_page(report, addition, problem):
    page = report.pages["zh"]
    verify(page, report.ledger.figures, "zh")
    problems = unverified(page.replace("</main>", f"{addition}</main>"), report.ledger.figures, "zh")
    assert len(problems) == 1
    assert problem in problems[0]


def test_quoted_text_can_contain_numbers_markup_and_brackets(report_snapshot):
    page = build_report(report_snapshot, "quoted_markup").pages["zh"]
    assert "全网24小时 <script>alert(1)</script> [volume.weibo]" in words(page)
    assert "<script" not in page


def test_quoted_text_cannot_turn_the_page_around(changed):
    marts = changed("update fct_posts set text = '\u202e' || text || ' شاومي \u2066'")
    page = build_report(marts, "demo").pages["zh"]
    assert not set(page) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert '<blockquote dir="auto" data-quoted>' in page
    assert "[data-quoted] { unicode-bidi: isolate; }" in page


def test_our_own_figures_reconcile(report, tmp_path):
    write_report(report, tmp_path)
    figures, _ = read_figures(tmp_path / "figures.json")
    assert figures.volume is not None
    assert reconcile(figures) == []


def test_reconcile_reports_a_wrong_figure(report, tmp_path):
    write_report(report, tmp_path)
    wrong = json.loads((tmp_path / "figures.json").read_text())
    wrong["volume"] = "18"
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    assert reconcile(read_figures(tmp_path / "wrong.json")[0])


def test_net_sentiment_is_printed_with_its_definition(report):
    text = words(report.pages["zh"])
    assert "只看正负面为−71.4%，以全部帖子为分母为−58.8%" in text
    assert "(P−N)/(P+N)" in words(report.pages["en"])


def test_a_share_of_interactions_names_its_platforms(report):
    text = words(report.pages["zh"])
    assert (
        "带中性标签的帖子占声量的17.65%、占互动量的97.88%，这些互动有100.0%来自抖音。标签属于帖子，不是互动者的态度"
        in text
    )


def test_a_statement_after_more_than_a_day_is_late(text_of):
    assert "历时52.0小时，超过24小时" in text_of("late_statement")


def test_a_statement_within_a_day_is_in_time(text_of):
    assert "历时9.0小时，在24小时之内" in text_of("prompt_statement")


def test_synthetic_data_are_labelled_as_synthetic(report, report_snapshot):
    assert "合成数据" in report.pages["zh"]
    live = build_report(report_snapshot, "demo")
    assert "合成数据" not in live.pages["zh"]


def test_a_topic_without_posts(text_of):
    assert "没有发现相关帖子" in text_of("no_posts")


def test_a_topic_without_any_collected_day(text_of):
    text = text_of("nothing_collected")
    assert "声量未知，不是零" in text
    assert "blocked" in text


def test_one_post(text_of):
    text = text_of("one_post")
    assert "共有1条相关帖子" in text
    assert "中位数" not in text.split("热度")[0].split("平台分布")[1].split("平台声量")[0]


def test_one_platform(text_of):
    text = text_of("one_platform")
    assert "所采集的唯一平台微博共有5条" in text
    assert "抖音" not in text


def test_a_blocked_platform_makes_the_report_provisional(text_of):
    text = text_of("platform_blocked")
    assert "6个平台日（平台×日）中，3个采集完整" in text
    assert "暂定" in text
    assert "所采集的唯一平台微博" in text


def test_a_blocked_day_is_a_gap_in_a_chart(report_snapshot):
    page = build_report(report_snapshot, "day_blocked").pages["zh"]
    charts = html.document_fromstring(page).xpath("//*[local-name()='svg']")
    assert any("未采集" in "".join(chart.itertext()) for chart in charts)


def test_posts_without_sentiment(changed):
    marts = changed(
        "update event_sentiment set volume = 0, volume_share = null, interactions = 0, interaction_share = null",
        "update event_platform_sentiment set volume = 0, volume_share = 0, interactions = null",
        "update event_totals set nsr_polar = null, nsr_total = 0",
    )
    text = words(build_report(marts, "one_platform").pages["zh"])
    assert "没有可用的情感标注" in text
    assert "净情感度为" not in text


def test_posts_whose_counts_are_not_shown(text_of):
    assert "互动量未知" in text_of("no_counts")


def test_an_open_window_is_provisional(report_snapshot):
    text = build_report(report_snapshot, "open_window").pages["zh"]
    assert "监测期尚未结束" in text
    assert "声量（暂定）" in text
    # Every sentence with a number of posts is marked; times and rules do not change.
    sentences = html.document_fromstring(text).xpath("//section[@id='sentiment']/p[.//a]")
    assert len(sentences) > 3
    assert all(sentence.text_content().endswith("（暂定）。") for sentence in sentences)


def test_counts_observed_before_72_hours_are_provisional(changed):
    page = build_report(changed("update event_totals set mature_share = .4"), "demo").pages
    text = html.document_fromstring(page["zh"]).text_content()
    assert "只有40.0%的互动是在发布72小时之后观测的" in text
    assert "互动量（暂定）" in page["zh"]
    assert re.search(r"douyin|抖音占互动量的[^。]*（暂定）。", text)
    assert "17条帖子中，负面12条，占70.59%" in text
    assert not re.search(r"负面12条[^。]*（暂定）", text)
    assert "Interactions (provisional)" in page["en"]


def test_days_that_are_not_read_by_the_current_rules_are_stated(changed):
    pages = build_report(changed("update event_totals set unread_days = 2"), "demo").pages
    assert "监测期内有2天的帖子还没有按话题现行的规则读取" in words(pages["zh"])
    assert "On 2 days of the window, posts have not been read by the topic's current rules yet." in words(pages["en"])


def test_shares_of_two_models_are_stated_to_be_mixed(changed):
    mixed = "update event_totals set is_mixed_model = true, sentiment_models = 'model-1, model-2'"
    pages = build_report(changed(mixed, "update event_sentiment set corrected_share = null"), "demo").pages
    for section in ("sentiment", "coverage"):
        (found,) = html.document_fromstring(pages["zh"]).xpath(f"//section[@id='{section}']")
        assert "由不止一个模型判断（model-1, model-2）" in found.text_content()
    assert "校正后负面占" not in words(pages["zh"])
    assert "More than one model judged the sentiment of these posts (model-1, model-2)." in words(pages["en"])


def test_gone_posts_are_counted_and_their_counts_final(changed):
    marts = changed(
        "update event_totals set gone_posts = 3, mature_share = .4",
        "update event_posts set gone_since = observed_at where topic_id = 'demo' and platform = 'douyin'",
    )
    report = build_report(marts, "demo")
    assert report.ledger.figures["gone_posts"].posts == 3
    assert "声量中有3条帖子，后来的完整采集已经找不到" in words(report.pages["zh"])
    whole_page = html.document_fromstring(report.pages["zh"]).text_content()
    assert "发布72小时之后观测的，或出自已经消失的帖子，其余还会增长" in whole_page
    assert "no longer found 3 of the posts" in words(report.pages["en"])


def test_nothing_is_said_of_models_gone_and_unread_posts_if_there_are_none(text_of):
    for said in ("不止一个模型", "已经找不到", "还没有按话题现行的规则"):
        assert said not in text_of("demo")


def test_days_that_are_not_rebuilt_yet_are_named(changed, report_snapshot):
    days = "create table stale_days as select unnest({})::date as posted_date, 'x' as reason"
    several = ["2025-12-31", "2026-01-01", "2026-01-02", "2026-01-09"]
    report = build_report(changed(days.format(several)), "demo")
    assert "监测期内有2天（2026年1月1日至2026年1月2日）的数据尚未更新" in words(report.pages["zh"])
    assert "Not rebuilt yet: 2 days of the window (1 Jan 2026 to 2 Jan 2026)." in words(report.pages["en"])
    report = build_report(changed(days.format(several[1:2])), "demo")
    assert "Not rebuilt yet: 1 day of the window (1 Jan 2026)." in words(report.pages["en"])
    for snapshot in (changed(days.format(several[:1])), report_snapshot):
        assert "尚未更新" not in words(build_report(snapshot, "demo").pages["zh"])


def test_a_long_window_prints_its_last_month_and_charts_the_rest(report_snapshot):
    page = build_report(report_snapshot, "sixty_days").pages["zh"]
    assert "3月1日" in page
    assert 'data-figure="day.2026-01-10"' not in page


def test_as_of_is_the_last_observation_or_the_requested_moment(report, report_snapshot):
    assert report.as_of.isoformat() == "2026-01-06T06:00:00"  # the last observation
    moment = datetime.fromisoformat("2026-01-06T04:00")
    requested = build_report(report_snapshot, "demo", moment)
    assert requested.as_of == moment
    assert "2026年1月6日 12:00" in requested.pages["zh"]


def test_the_problem_of_an_unknown_topic_lists_the_published_ones(report_snapshot):
    with pytest.raises(Problem, match=r"topic 'moon' is not published.*demo"):
        build_report(report_snapshot, "moon")


def test_marts_of_an_earlier_version_that_lack_a_column_are_refused(changed):
    marts = changed("alter table event_totals drop column crawled_volume")
    with pytest.raises(Problem, match=r"(?s)changed.duckdb.*tingfeng refresh.*crawled_volume"):
        build_report(marts, "demo", is_sandbox=True)


def test_marts_of_an_earlier_version_still_make_a_report(changed):
    later = ("event_voices", "event_heat", "event_spread", "event_hot_lists", "event_top_comments")
    marts = changed(*[f"drop table {table}" for table in later])
    assert "没有可以列出的账号" in words(build_report(marts, "demo").pages["zh"])


def test_a_topic_that_failed_says_when_its_figures_were_published(changed):
    marts = changed(
        "insert into topic_failures values "
        "('demo', 'topic_phases', 'ValueError at phases.py:9', timestamp '2026-01-06', timestamp '2026-01-05 04:00')"
    )
    pages = build_report(marts, "demo").pages
    banner, banner_en = (html.document_fromstring(pages[name]).find_class("banner")[0] for name in ("zh", "en"))
    assert banner.text_content().startswith("本话题后来的统计失败了，以下仍是2026年1月5日 12:00")
    assert "12:00" in banner_en.text_content()
