"""The reasons of changed figures: each in its own case; together they add up to the changes."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary import SENTIMENTS
from orchestration.reporting.comparison_text import MEASURE_TEXTS, REASON_TEXTS, in_words
from orchestration.statistics.comparison import COUNTED, MEASURES, REASON_NAMES, STANDING, Comparison, compare

SINCE = datetime(2026, 1, 4, 4)  # noqa: DTZ001  # UTC, as marts have it
EARLIER, LATER = datetime(2026, 1, 3), datetime(2026, 1, 5)  # noqa: DTZ001


def post(post_uid: str, **values: Any) -> dict[str, Any]:
    return {
        "post_uid": post_uid,
        "platform": post_uid.split(":", maxsplit=1)[0],
        "posted_at": EARLIER,
        "observed_at": EARLIER,
        "text": "小米",
        "interactions": 10,
        "sentiment": "negative",
        "sentiment_source": "model",
        "sentiment_model": "one",
    } | values


def frame(posts: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(posts, schema=COUNTED)


def known(*standing: tuple[str, bool, bool | None]) -> pl.DataFrame:
    return pl.DataFrame(list(standing), schema=STANDING, orient="row")


def changes(
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    known_before: pl.DataFrame | None = None,
    known_after: pl.DataFrame | None = None,
) -> dict[str, dict[str, tuple[int, int]]]:
    """The delta and the number of posts by measure and reason, over all platforms."""
    nothing = known()
    _, reasons = compare(
        frame(before),
        frame(after),
        nothing if known_before is None else known_before,
        nothing if known_after is None else known_after,
        SINCE,
    )
    by_measure: dict[str, dict[str, tuple[int, int]]] = {}
    for _, measure, reason, delta, posts, _ in reasons.filter(pl.col("platform").is_null()).iter_rows():
        by_measure.setdefault(measure, {})[reason] = (delta, posts)
    return by_measure


@pytest.mark.parametrize(
    ("added", "standing", "reason"),
    [
        (post("weibo:2", posted_at=LATER), known(), "published"),
        (post("weibo:2"), known(), "found"),
        (post("weibo:2"), known(("weibo:2", False, None)), "found"),
        (post("weibo:2"), known(("weibo:2", True, False)), "newly_counted"),
        (post("weibo:2"), known(("weibo:2", True, None)), "newly_counted"),
    ],
)
def test_posts_that_only_the_later_state_counts(added, standing, reason):
    assert changes([post("weibo:1")], [post("weibo:1"), added], known_before=standing) == {
        "volume": {reason: (1, 1)},
        "interactions": {reason: (10, 1)},
        "negative": {reason: (1, 1)},
    }


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (known(("weibo:2", False, None)), "gone"),
        (known(("weibo:2", True, False)), "irrelevant"),
        (known(("weibo:2", True, True)), "not_counted"),  # an ad, or a day outside of the window
        (known(("weibo:2", True, None)), "not_counted"),  # the topic's words have changed
    ],
)
def test_posts_that_only_the_earlier_state_counts(standing, reason):
    assert changes([post("weibo:1"), post("weibo:2")], [post("weibo:1")], known_after=standing) == {
        "volume": {reason: (-1, 1)},
        "interactions": {reason: (-10, 1)},
        "negative": {reason: (-1, 1)},
    }


def test_grown_and_fallen_counts_are_separate_reasons():
    before = [post("weibo:1"), post("weibo:2"), post("weibo:3", interactions=None)]
    after = [post("weibo:1", interactions=15), post("weibo:2", interactions=7), post("weibo:3", interactions=2)]
    assert changes(before, after) == {"interactions": {"grown": (7, 2), "fallen": (-3, 1)}}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({}, {"sentiment_model": "two"}, "model"),
        ({}, {"sentiment_source": "analyst"}, "analyst"),
        ({}, {"sentiment_source": "analyst", "sentiment_model": "two"}, "analyst"),
        ({"sentiment_source": "analyst"}, {}, "analyst"),  # the label was withdrawn
        ({}, {"text": "小米，已编辑"}, "edited"),
        ({}, {}, "reread"),
    ],
)
def test_changed_sentiments(before, after, reason):
    moved = changes([post("weibo:1", **before)], [post("weibo:1", sentiment="positive", **after)])
    assert moved == {"negative": {reason: (-1, 1)}, "positive": {reason: (1, 1)}}


def test_another_model_with_the_same_label_changes_nothing():
    assert changes([post("weibo:1")], [post("weibo:1", sentiment_model="two")]) == {}


def test_each_platform_and_the_total_name_the_largest_contributions():
    after = [post(f"zhihu:{number}", posted_at=LATER, interactions=number) for number in range(5)]
    moves, reasons = compare(frame([post("weibo:1")]), frame([post("weibo:1"), *after]), known(), known(), SINCE)
    assert moves.filter(measure="volume").rows() == [
        (None, "volume", 1, 6),
        ("weibo", "volume", 1, 1),
        ("zhihu", "volume", 0, 5),
    ]
    grown = reasons.filter(measure="interactions", platform="zhihu")
    assert grown["examples"].to_list() == [["zhihu:4", "zhihu:3", "zhihu:2"]]
    assert grown["posts"].to_list() == [4]  # one of the five has none


@st.composite
def states(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    def some() -> list[dict[str, Any]]:
        uids = draw(
            st.sets(st.sampled_from([f"{place}:{number}" for place in ("weibo", "zhihu") for number in range(6)]))
        )
        return [
            post(
                uid,
                interactions=draw(st.none() | st.integers(0, 50)),
                sentiment=draw(st.sampled_from(SENTIMENTS)),
                sentiment_source=draw(st.sampled_from(("model", "analyst"))),
                sentiment_model=draw(st.sampled_from(("one", "two"))),
            )
            for uid in sorted(uids)
        ]

    return some(), some()


@given(states())
def test_the_reasons_add_up_to_every_change(both):
    before, after = both
    moves, reasons = compare(frame(before), frame(after), known(), known(), SINCE)
    sums = reasons.group_by("platform", "measure").agg(pl.col("delta").sum())
    joined = moves.join(sums, on=["platform", "measure"], how="left", nulls_equal=True)
    assert (joined["after"] - joined["before"]).to_list() == joined["delta"].fill_null(0).to_list()
    assert sums.height <= moves.height
    assert reasons.join(moves, on=["platform", "measure"], how="anti", nulls_equal=True).is_empty()


@pytest.mark.parametrize(("english", "line"), [(False, "声量  1 → 2"), (True, "Volume  1 → 2")])
def test_a_comparison_in_words(english, line):
    moves, reasons = compare(
        frame([post("weibo:1")]), frame([post("weibo:1"), post("zhihu:2", posted_at=LATER)]), known(), known(), SINCE
    )
    unseen = frame([post("weibo:1")])
    text = in_words(Comparison(moves, reasons, unseen), "Title", {"zhihu": "知乎"}, english=english)
    assert line in text
    assert "zhihu:2" in text
    assert "知乎" in text
    assert "weibo:1" in text  # not seen again
    still = in_words(Comparison(moves.clear(), reasons.clear(), unseen.clear()), "Title", {}, english=english)
    assert len(still.splitlines()) == 2


def test_every_reason_and_measure_has_a_text_in_both_languages():
    assert (tuple(REASON_TEXTS), tuple(MEASURE_TEXTS)) == (REASON_NAMES, MEASURES)
    for texts in (*REASON_TEXTS.values(), *MEASURE_TEXTS.values()):
        assert len(set(texts)) == 2
