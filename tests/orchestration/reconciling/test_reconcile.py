"""Consistency of a report's figures. The report here is made up, in the shape of a vendor's."""

import json
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.reconciling.checks import not_checked, reconcile
from orchestration.reconciling.figures import Figures, Range
from orchestration.reconciling.findings import Finding
from tests.commands import tingfeng

DAYS = ["2026-03-01", "2026-03-02", "2026-03-03"]

# 1,000 posts and 40,000 interactions on three platforms over three days; every figure holds.
REPORT: dict[str, Any] = {
    "window": ["2026-03-01", "2026-03-03"],
    "platforms": ["weibo", "douyin", "zhihu"],
    "volume": 1000,
    "volume_by_platform": {"weibo": 700, "douyin": 250, "zhihu": 50},
    "volume_share_by_platform": {"weibo": "70.0", "douyin": "25.0", "zhihu": "5.0"},
    "weibo_daily_volume": {"2026-03-01": 100, "2026-03-02": 400, "2026-03-03": 200},
    "douyin_daily_volume": {"2026-03-01": 50, "2026-03-02": 80, "2026-03-03": 120},
    "zhihu_daily_volume": {"2026-03-01": 10, "2026-03-02": 30, "2026-03-03": 10},
    "daily_volume": {"2026-03-01": 160, "2026-03-02": 510, "2026-03-03": 330},
    "peak_date": "2026-03-02",
    "interactions": 40000,
    "interactions_by_platform": {"weibo": 10123, "douyin": 29000, "zhihu": 877},
    "interactions_by_platform_rounded": {"weibo": "1万", "douyin": "2.9万"},
    "interaction_share_by_platform": {"weibo": "25.3", "douyin": "72.5", "zhihu": "2.2"},
    "sentiment_volume": {"negative": 600, "neutral": 350, "positive": 50},
    "sentiment_share": {"negative": "60.0", "neutral": "35.0", "positive": "5.0"},
    "sentiment_share_by_platform": {
        "weibo": {"negative": "70.0", "neutral": "25.0", "positive": "5.0"},
        "douyin": {"negative": "40.0", "neutral": "55.0", "positive": "5.0"},
        "zhihu": {"negative": "20.0", "neutral": "75.0", "positive": "5.0"},
    },
    "sentiment_interactions": {"negative": 10000, "neutral": 28000, "positive": 2000},
    "sentiment_interaction_share": {"negative": "25.0", "neutral": "70.0", "positive": "5.0"},
    "sentiment_interaction_share_by_platform": {
        "weibo": {"negative": "60.0", "neutral": "35.0", "positive": "5.0"},
        "douyin": {"negative": "13.2", "neutral": "81.8", "positive": "5.0"},
        "zhihu": {"negative": "13.2", "neutral": "81.8", "positive": "5.0"},
    },
    "nsr_polar": "-84.6%",
    "nsr_total": "-55.0%",
    "onset": "2026-03-01T20:00",
    "statement": "2026-03-02 evening",
    "response_latency_hours": 24,
}


def reconciled(report: dict[str, Any]) -> list[Finding]:
    """The findings of a report, after writing it as JSON."""
    return reconcile(figures_of(report))


def figures_of(report: dict[str, Any]) -> Figures:
    return Figures.model_validate(json.loads(json.dumps(report), parse_float=str, parse_int=str))


def changed(keys: str, value: Any, base: dict[str, Any] = REPORT) -> dict[str, Any]:
    """The report with another figure under keys such as volume_by_platform.weibo; None removes the key."""
    report = deepcopy(base)
    *path, last = keys.split(".")
    place = report
    for key in path:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return report


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in REPORT.items() if key not in keys}


def contradictions(report: dict[str, Any]) -> list[Finding]:
    return [finding for finding in reconciled(report) if finding.severity == "contradiction"]


def notes(report: dict[str, Any]) -> list[Finding]:
    assert not contradictions(report)
    return reconciled(report)


def test_a_report_that_adds_up_has_no_findings() -> None:
    assert reconciled(REPORT) == []
    assert not_checked(figures_of(REPORT)) == []


@pytest.mark.parametrize(
    ("keys", "value", "arithmetic"),
    [
        ("volume", 999, "700 + 250 + 50 = 1,000, and the total is 999: 1 too many."),
        ("volume_by_platform.zhihu", 49, "700 + 250 + 49 = 999, and the total is 1,000: 1 are missing."),
        ("volume_by_platform.zhihu", 40, "40 of 1,000 is 4%; 5.0% is printed."),
        ("volume_share_by_platform.weibo", 70.1, "700 of 1,000 is 70%; 70.1% is printed."),
        ("volume_share_by_platform.weibo", 71.0, "71.0% + 25.0% + 5.0% is 100.85 to 101.15%, over 100%."),
        ("sentiment_share.neutral", 34.5, "60.0% + 34.5% + 5.0% is 99.35 to 99.65%, and they are all there are."),
        ("weibo_daily_volume.2026-03-01", 101, "101 + 400 + 200 = 701, and the total is 700: the days are too many."),
        ("weibo_daily_volume.2026-03-01", 98, "98 + 400 + 200 = 698, and the total is 700: 2 fall on no day."),
        ("daily_volume.2026-03-01", 159, "100 + 50 + 10 = 160, and 159 is printed for all together."),
        ("peak_date", "2026-03-03", "510 on 2026-03-02 is more than 330."),
        ("peak_date", {"douyin": "2026-03-02"}, "120 on 2026-03-03 is more than 80."),
        ("interactions_by_platform_rounded.weibo", "1.1万", "10,123 is not 1.1万."),
        ("sentiment_interactions.positive", 1999, "10,000 + 28,000 + 1,999 = 39,999, and the total is 40,000"),
        ("sentiment_share_by_platform.weibo.neutral", 20.0, "70.0% + 20.0% + 5.0% is 94.85 to 95.15%"),
        (
            "sentiment_share_by_platform.weibo.negative",
            75.0,
            "25.0% x 40.0% + 5.0% x 20.0% makes 63.38 to 63.77% negative",
        ),
        (
            "nsr_polar",
            -55.0,
            "(P-N)/(P+N) is -84.62% (nsr_polar) and (P-N)/total is -55% (nsr_total); nsr_polar -55.0%",
        ),
        ("response_latency_hours", 30, "are 21.98 to 28 hours; 30 is printed."),
        ("statement", "2026-02-28", "it came before."),
    ],
)
def test_a_contradiction_states_its_arithmetic(keys: str, value: Any, arithmetic: str) -> None:
    texts = [finding.arithmetic for finding in contradictions(changed(keys, value))]
    assert any(arithmetic in text for text in texts), texts


def test_totals_implied_by_shares_are_compared() -> None:
    base = without("interactions", "sentiment_interactions", "interactions_by_platform_rounded")
    assert reconciled(base) == []
    [finding] = contradictions(changed("interactions_by_platform.zhihu", 950, base))
    assert finding.arithmetic.startswith("29,000 at 72.5% makes a total of 39,972.43 to 40,027.61; 950 at 2.2% makes")
    assert finding.rounding == "72.5% stands for 72.45 to 72.55; 2.2% stands for 2.15 to 2.25"


def test_a_peak_that_the_total_does_not_allow() -> None:
    report = changed("zhihu_daily_volume", {"2026-03-02": 16}, without("daily_volume", "douyin_daily_volume"))
    [note] = notes(report)
    assert note.arithmetic == (
        "If 2026-03-02 were the peak of this series too: 16 and at most 16 on each of the other 2 days make at most "
        "48; the total is 50. Another day had at least 17."
    )
    report["peak_date"] = {"all": "2026-03-02", "zhihu": "2026-03-02"}
    [finding] = contradictions(report)
    assert finding.compared == "zhihu_daily_volume.2026-03-02 as the peak"
    report["zhihu_daily_volume"] = {"2026-03-02": 17}
    assert reconciled(report) == []


def test_a_peak_of_all_platforms_is_checked_against_their_days() -> None:
    [finding] = contradictions(changed("peak_date", "2026-03-03", without("daily_volume")))
    assert finding.arithmetic.endswith("at most 330 are left for 2026-03-03, and 2026-03-02 has at least 510.")
    # With the days of one platform it is only a note: the others may have peaked then.
    alone = without("daily_volume", "douyin_daily_volume", "zhihu_daily_volume")
    [note] = notes(changed("peak_date", "2026-03-03", alone))
    assert note.arithmetic == "If 2026-03-03 were the peak of this series too: 400 on 2026-03-02 is more than 200."


def test_unprinted_days_with_more_posts_than_printed_days_are_noted() -> None:
    report = changed("weibo_daily_volume", {"2026-03-01": 100, "2026-03-02": 400}, without("daily_volume", "peak_date"))
    [note] = notes(report)
    assert "100 + 400 = 500, and the total is 700: 200 (28.6%) fall on the days not printed" in note.arithmetic
    assert note.arithmetic.endswith("200 a day, more than 100 on 2026-03-01.")
    assert reconciled(changed("weibo_daily_volume.2026-03-01", 200, report)) == []


def test_interactions_left_for_platforms_without_a_figure_are_noted() -> None:
    report = without("interactions_by_platform_rounded", "sentiment_interaction_share_by_platform")
    del report["sentiment_interaction_share"]
    report = changed(
        "interactions_by_platform.zhihu", None, changed("interaction_share_by_platform.zhihu", None, report)
    )
    [note] = notes(report)
    assert (
        "leaves 2.1 to 2.3% of interactions for zhihu, 840 to 920 on 50 posts: 16.8 to 18.4 a post" in note.arithmetic
    )
    assert note.arithmetic.endswith("against 116 on douyin.")
    del report["interaction_share_by_platform"]
    [note] = notes(report)
    assert "40,000 - (10,123 + 29,000) leaves 877 of interactions for zhihu, 877 on 50 posts" in note.arithmetic


def test_a_sentiment_with_interactions_mostly_from_one_platform_is_noted() -> None:
    [note] = notes(without("sentiment_interaction_share_by_platform"))
    assert note.compared == "sentiment_interaction_share.neutral and interaction_share_by_platform.douyin"
    assert "at least 42.4% that is both, which is 60.61% of the neutral ones" in note.arithmetic


def test_net_sentiment_that_is_not_printed_by_name_is_noted() -> None:
    [note] = notes(without("nsr_polar", "nsr_total"))
    assert "(P-N)/(P+N) is -84.62% (nsr_polar) and (P-N)/total is -55% (nsr_total)" in note.arithmetic
    [note] = notes(without("nsr_polar"))
    assert note.arithmetic.endswith("nsr_polar is not printed by name.")
    assert notes(without("nsr_polar", "nsr_total") | {"net_sentiment": "-55"})
    assert contradictions(without("nsr_polar", "nsr_total") | {"net_sentiment": "-70"})


@pytest.mark.parametrize(("statement", "number"), [("2026-03-02T19:59", 0), ("2026-03-02T20:30", 1), ("2026-03-02", 0)])
def test_a_statement_after_the_golden_hours_is_noted(statement: str, number: int) -> None:
    assert len(notes(without("response_latency_hours") | {"statement": statement})) == number


def test_a_latency_accounts_for_daylight_saving_time() -> None:
    times = {"timezone": "Europe/Berlin", "onset": "2026-03-28T20:00", "statement": "2026-03-29T20:00"}
    hours = figures_of({**times, "window": ["2026-03-28", "2026-03-29"]}).latency_hours()
    assert hours == Range(Fraction(23) - Fraction(1, 60), Fraction(23) + Fraction(1, 60))


@pytest.mark.parametrize(
    ("count", "share", "findings"),
    [
        (1245, "12.5", 0),
        (1255, "12.5", 0),
        (1244, "12.5", 1),
        (1256, "12.5", 1),
        (1249, "12", 0),
        (1249, "12.50", 1),
        (0, "0.0", 0),
        (6, "0.0", 1),
        (10000, "100.0%", 0),
    ],
)
def test_a_share_agrees_with_counts_that_round_to_it(count: int, share: str, findings: int) -> None:
    report = {"volume": 10000, "volume_by_platform": {"weibo": count}, "volume_share_by_platform": {"weibo": share}}
    assert len(reconciled(report)) == findings


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("31.7万", 316_500, 317_500),
        ("16万", 155_000, 165_000),
        ("1.20亿", 119_500_000, 120_500_000),
        ("3,522", 3522, 3522),
    ],
)
def test_a_count_is_the_range_of_what_rounds_to_it(printed: str, low: int, high: int) -> None:
    volume = figures_of({"volume": printed}).volume
    assert volume is not None
    assert volume.range == (low, high)


def test_content_that_is_not_checked_is_listed() -> None:
    report = REPORT | {
        "hashtags": ["x"],
        "bilibili_daily_volume": {"2026-02-28": 3},
        "peak_date": {"weibo": "2026-04-01"},
    }
    del report["onset"]
    assert not_checked(figures_of(report)) == [
        "hashtags: not a figure that is checked",
        "bilibili_daily_volume.2026-02-28: outside the window",
        "peak_date.weibo: 2026-04-01 is outside the window",
        "response latency: onset is not given",
    ]
    assert not_checked(figures_of({"weibo_daily_volume": {"2026-03-01": 1}})) == [
        "daily volumes against totals and peaks: the number of days is unknown without window"
    ]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], int]:
    """Run the command on a file with the given text; return its exit status."""

    def over(text: str) -> int:
        path = tmp_path / "figures.json"
        path.write_text(text, encoding="utf-8")
        return tingfeng("reconcile", path)

    return over


def test_the_command_prints_findings_and_exits_1_for_contradictions(
    run: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(json.dumps(REPORT)) == 0
    assert capsys.readouterr().out.endswith("figures.json: 0 contradictions, 0 notes.\n")
    assert run(json.dumps(without("nsr_polar"))) == 0
    assert run(json.dumps({"printed": changed("volume", 999), "completed": {"volume": 1}})) == 1
    out = capsys.readouterr().out
    assert "contradiction: volume_by_platform against volume\n  700 + 250 + 50 = 1,000, and the total is 999" in out
    assert "Only the section `printed` is checked, not: completed." in out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not valid JSON"),
        ("[]", "has no keys"),
        ("{}", "has no figure that is checked"),
        ('{"window": ["2026-03-01", "2026-03-02"], "hashtags": []}', "has no figure that is checked"),
        ('{"volume": 1, "volume": 2}', "volume occurs twice"),
        (
            '{"volume_by_platform": {"weibo": null}}',
            "volume_by_platform.weibo: None is not a valid figure; write it as printed",
        ),
        ('{"volume": true}', "volume: True is not a valid figure"),
        ('{"volume": NaN}', "volume: nan is not a valid figure"),
        ('{"volume": "10万+"}', "volume: '10万+' is not a valid figure"),
        ('{"volume": -1}', "volume: -1 is below 0"),
        ('{"volume": 1.5}', "volume: 1.5 has decimals"),
        ('{"volume_share_by_platform": {"weibo": 101}}', "volume_share_by_platform.weibo: 101 is not a valid share"),
        ('{"sentiment_share": {"mixed": 1}}', "sentiment_share.mixed: 'mixed' is not a valid sentiment"),
        ('{"weibo_daily_volume": {"1 March": 3}}', "weibo_daily_volume.1 March: '1 March' is not a valid date"),
        ('{"weibo_daily_volume": {"2026-02-30": 3}}', "weibo_daily_volume.2026-02-30: not a valid day"),
        ('{"weibo_daily_volume": [1, 2]}', "weibo_daily_volume: has no keys"),
        ('{"window": ["2026-03-02", "2026-03-01"], "volume": 1}', "window: ends on 2026-03-01"),
        ('{"window": ["2026-03-02"], "volume": 1}', "window.1: missing"),
        ('{"timezone": "Beijing", "volume": 1}', "timezone: 'Beijing' is not a valid time zone"),
        ('{"peak_date": "5 March"}', "peak_date.all: '5 March' is not a valid date"),
        ('{"onset": "soon", "volume": 1}', "onset: 'soon' is not a valid time"),
    ],
)
def test_an_invalid_file_is_a_problem_with_field_and_remedy(
    run: Callable[[str], int], capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    assert run(text) == 1
    error = capsys.readouterr().err
    assert "figures.json: " + problem in error
    assert not error.count("Traceback")


def test_a_missing_file_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert tingfeng("reconcile", "nowhere.json") == 1
    assert "nowhere.json: No such file or directory; name a JSON file" in capsys.readouterr().err


class TestTheCase:
    """The published report whose six known inconsistencies the checks must find, and nothing else."""

    @pytest.fixture
    def case(self, shared: Path) -> dict[str, Any]:
        return json.loads(
            (shared / "case" / "figures.json").read_text(encoding="utf-8"), parse_float=str, parse_int=str
        )

    @pytest.fixture
    def printed(self, case: dict[str, Any]) -> dict[str, Any]:
        return {"window": case["window"], **case["printed"]}

    EXPECTED = (
        (
            "weibo_daily_volume",
            "= 2,980, and the total is 3,522: 542 (15.4%)",
            "271 a day, more than 113 on 2026-01-03",
        ),
        ("xiaohongshu_daily_volume", "make at most 186; the total is 214 to 217"),
        ("interaction_share_by_platform against", "for xiaohongshu and zhihu", "2.55 to 4.75 a post"),
        ("sentiment_interaction_share.neutral", "50.72% of the neutral ones", "douyin's"),
        ("net sentiment", "-88.6 to -88.53% (nsr_polar)", "-56.97 to -56.95% (nsr_total)"),
    )

    def test_five_of_the_six_are_found_and_nothing_else(self, printed: dict[str, Any]) -> None:
        findings = reconciled(printed)
        assert len(findings) == len(self.EXPECTED)
        for finding, (compared, *parts) in zip(findings, self.EXPECTED, strict=True):
            assert compared in finding.compared
            assert all(part in finding.arithmetic for part in parts), finding.arithmetic
        assert "response latency: onset is not given" in not_checked(figures_of(printed))

    def test_the_sixth_is_found_with_the_onset(self, printed: dict[str, Any]) -> None:
        *_, sixth = notes(printed | {"onset": "2026-01-03"})
        assert sixth.arithmetic == "From 2026-01-03 to 2026-01-05 evening are 42 to 72 hours: outside the golden 24."

    def test_the_peak_of_xiaohongshu_in_the_text_is_a_contradiction(self, printed: dict[str, Any]) -> None:
        peaks = {"all": "2026-01-05", "xiaohongshu": "2026-01-05"}
        [finding] = contradictions(printed | {"peak_date": peaks})
        assert finding.compared == "xiaohongshu_daily_volume.2026-01-05 as the peak"

    def test_the_completed_figures_have_no_contradiction(self, case: dict[str, Any], printed: dict[str, Any]) -> None:
        made = case["completed"]
        days = [f"2026-01-0{day}" for day in range(1, 7)]
        series = {
            f"{name}_daily_volume": dict(zip(days, row, strict=True)) for name, row in made["daily_volume"].items()
        }
        full = printed | series | {key: value for key, value in made.items() if key != "daily_volume"}
        assert not contradictions(full | {"platforms": list(made["volume_by_platform"])})


ROW = st.lists(st.integers(0, 3_000), min_size=3, max_size=3)


def percent(part: int, whole: int, digits: int) -> str:
    """Rounded half to even, as Python prints it, from the exact quotient."""
    return f"{float(round(Fraction(100 * part, whole), digits)):.{digits}f}"


def shares(parts: dict[str, int], digits: int) -> dict[str, str]:
    whole = sum(parts.values())
    return {name: percent(part, whole, digits) for name, part in parts.items()} if whole else {}


@given(st.lists(st.tuples(ROW, ROW), min_size=2, max_size=4), st.integers(0, 2), st.data())
def test_figures_rounded_from_counts_never_contradict(
    rows: list[tuple[list[int], list[int]]], digits: int, data: st.DataObject
) -> None:
    """Random posts by platform, sentiment and day; a random part of their rounded figures is printed."""
    posts, interactions = zip(*rows, strict=True)
    names, tones = ["weibo", "douyin", "zhihu", "bilibili"], ["negative", "neutral", "positive"]
    report: dict[str, Any] = {"window": [DAYS[0], DAYS[-1]]}
    for cells, volume in ((posts, "volume"), (interactions, "interactions")):
        by_platform = {name: sum(row) for name, row in zip(names, cells, strict=False)}
        by_tone = {tone: sum(row[column] for row in cells) for column, tone in enumerate(tones)}
        prefix = "sentiment" if volume == "volume" else "sentiment_interaction"
        report |= {
            volume: sum(by_platform.values()),
            f"{volume}_by_platform": by_platform,
            f"{volume.removesuffix('s')}_share_by_platform": shares(by_platform, digits),
            f"{prefix}_share": shares(by_tone, digits),
            f"{prefix}_share_by_platform": {
                name: shares(dict(zip(tones, row, strict=True)), digits)
                for name, row in zip(names, cells, strict=False)
            },
            "sentiment_volume" if volume == "volume" else "sentiment_interactions": by_tone,
        }
    report["platforms"] = list(report["volume_by_platform"])
    report["interactions_by_platform_rounded"] = {
        name: f"{float(round(Fraction(count, 10_000), digits)):.{digits}f}万"
        for name, count in report["interactions_by_platform"].items()
    }
    # The three sentiments of a platform serve as its three days.
    for name, row in zip(names, posts, strict=False):
        report[f"{name}_daily_volume"] = dict(zip(DAYS, row, strict=True))
    report["daily_volume"] = {day: sum(row[column] for row in posts) for column, day in enumerate(DAYS)}
    report["peak_date"] = {"all": max(report["daily_volume"], key=lambda day: report["daily_volume"][day])}
    for name, row in zip(names, posts, strict=False):
        report["peak_date"][name] = DAYS[row.index(max(row))]
    negative, _, positive = report["sentiment_volume"].values()
    if negative + positive:
        report["nsr_polar"] = percent(positive - negative, positive + negative, digits)
        report["nsr_total"] = percent(positive - negative, report["volume"], digits)
    for key in data.draw(st.sets(st.sampled_from(sorted(set(report) - {"platforms"})))):
        del report[key]
    for table in [value for key, value in report.items() if isinstance(value, dict) and key != "peak_date"]:
        for key in data.draw(st.sets(st.sampled_from(sorted(table)))) if table else ():
            del table[key]
    assert contradictions(report) == []
