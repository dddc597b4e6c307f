"""Phases of a topic: change points against every other partition, bursts, the onset, gaps and the ends of windows."""

import itertools
import math
import time
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.statistics.phases import HOURS_SCHEMA, PHASES_SCHEMA, topic_phases
from orchestration.statistics.streams import (
    BURST_P,
    DAY_HOURS,
    bursts,
    change_points,
    daily_profile,
    dispersion,
    gamma_poisson_tail,
)

FIRST = datetime(2025, 12, 31, 16)  # noqa: DTZ001  # UTC, midnight of 1 January in China
# The hours of an ordinary day in Asia/Shanghai, as shares of the day.
USUAL = np.array([2, 1, 1, 1, 1, 1, 1, 2, 4, 5, 5, 5, 5, 5, 4, 4, 4, 5, 5, 6, 7, 7, 6, 4])
USUAL = USUAL / USUAL.sum()


def hours(days: dict[str, list[float]], seed: int = 1, topic_id: str = "t") -> pl.DataFrame:
    """Poisson counts around the given posts a day, by platform; every day is complete."""
    rng = np.random.default_rng(seed)
    rows = [
        (
            topic_id,
            platform,
            FIRST + timedelta(days=day, hours=hour),
            date(2026, 1, 1) + timedelta(days=day),
            count,
            True,
        )
        for platform, levels in days.items()
        for day, level in enumerate(levels)
        for hour, count in enumerate(rng.poisson(level * USUAL))
    ]
    return pl.DataFrame(rows, schema=HOURS_SCHEMA, orient="row")


def found(rows: pl.DataFrame) -> list[tuple[str, float, float]]:
    """The phases with their first and last day, counted from the window's start."""
    day = timedelta(days=1)
    return [
        (row["phase"], round((row["started_at"] - FIRST) / day, 2), round((row["ended_at"] - FIRST) / day, 2))
        for row in topic_phases(rows).rows(named=True)
    ]


def onset(rows: pl.DataFrame) -> datetime | None:
    return topic_phases(rows)["onset_at"][0]


def cheapest(counts: list[int], exposure: list[float], penalty: float, shortest: int) -> float:
    """The cost of the best partition, by optimal partitioning without pruning."""

    def cost(start: int, end: int) -> float:
        total = sum(counts[start:end])
        return -total * math.log(total / sum(exposure[start:end])) if total else 0.0

    best = {0: -penalty}
    for end in range(shortest, len(counts) + 1):
        best[end] = min(
            (best[start] + cost(start, end) + penalty for start in best if end - start >= shortest), default=math.inf
        )
    return best[len(counts)]


def cost_of(cuts: list[int], counts: list[int], exposure: list[float], penalty: float) -> float:
    bounds = [0, *cuts, len(counts)]
    total = penalty * len(cuts)
    for start, end in itertools.pairwise(bounds):
        posts = sum(counts[start:end])
        total -= posts * math.log(posts / sum(exposure[start:end])) if posts else 0.0
    return total


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0.1, 3)), min_size=1, max_size=40),
    st.floats(0, 20),
    st.integers(1, 6),
)
def test_pelt_finds_the_cheapest_partition(series: list[tuple[int, float]], penalty: float, shortest: int) -> None:
    counts, exposure = [count for count, _ in series], [exposed for _, exposed in series]
    cuts = change_points(np.array(counts, float), np.array(exposure), penalty, shortest)
    if len(counts) < shortest:
        assert cuts == []
        return
    bounds = [0, *cuts, len(counts)]
    assert all(end - start >= shortest for start, end in itertools.pairwise(bounds))
    assert cost_of(cuts, counts, exposure, penalty) == pytest.approx(
        cheapest(counts, exposure, penalty, shortest), abs=1e-6
    )


def test_changes_of_level_are_found() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(np.repeat([5, 20, 8], 50)).astype(float)
    cuts = change_points(counts, np.ones(150), 2 * math.log(150))
    assert len(cuts) == 2
    assert abs(cuts[0] - 50) <= 2
    assert abs(cuts[1] - 100) <= 2


def test_the_daily_rhythm_is_not_a_change_of_level() -> None:
    assert found(hours({"weibo": [600] * 10})) == [("latent", 0, 10)]


def test_an_event_passes_through_all_phases() -> None:
    levels = [100, 100, 100, 300, 1000, 2000, 900, 700, 500, 150, 120, 110, 100]
    rows = hours({"weibo": levels})
    phases = found(rows)
    assert [phase for phase, _, _ in phases] == ["latent", "fermenting", "outbreak", "declining", "fading"]
    starts = [start for _, start, _ in phases]
    assert starts == pytest.approx([0, 3, 4, 6, 9], abs=0.3)
    assert all(end == start for (_, _, end), (_, start, _) in itertools.pairwise(phases))
    assert topic_phases(rows)["is_censored"].to_list() == [False] * 5
    assert topic_phases(rows).schema == PHASES_SCHEMA


def test_a_window_that_ends_at_half_of_the_peak_is_censored() -> None:
    rows = hours({"weibo": [100, 100, 100, 400, 1000, 620]})
    assert found(rows)[-1][0] == "outbreak"
    assert topic_phases(rows)["is_censored"].to_list()[-1] is True
    assert "not known" in topic_phases(rows)["rule"].to_list()[-1]
    declined = hours({"weibo": [100, 100, 100, 400, 1000, 300]})
    assert found(declined)[-1][0] == "declining"
    assert topic_phases(declined)["is_censored"].to_list()[-1] is True


def test_a_fall_before_the_rise_is_not_an_onset() -> None:
    """The sandbox's event by platform and day: 542 posts on Weibo's first two days, then 113."""
    rows = hours(
        {
            "weibo": [268, 274, 113, 671, 1369, 827],
            "douyin": [20, 25, 40, 110, 203, 140],
            "xiaohongshu": [62, 58, 14, 24, 31, 26],
            "zhihu": [2, 2, 3, 6, 12, 9],
        }
    )
    began = onset(rows)
    assert began is not None
    assert timedelta(days=2) <= began - FIRST <= timedelta(days=3)
    assert found(rows)[-1][0] == "outbreak"
    assert found(rows)[-1][2] == 6


def test_the_onset_is_that_of_the_platform_that_rose_first() -> None:
    quiet, early = [200.0] * 6, [40.0] * 3 + [40.0, 400.0, 400.0]
    rows = hours({"weibo": [*quiet[:5], 3000.0], "douyin": early})
    table = topic_phases(rows)
    assert abs(table["onset_at"][0] - FIRST - timedelta(days=4)) <= timedelta(hours=3)


def test_an_earlier_wave_that_passed_is_not_part_of_the_rise() -> None:
    rows = hours({"weibo": [100, 100, 100, 800, 300, 100, 100, 100, 100, 2000, 1500]})
    began = onset(rows)
    assert began is not None
    assert abs(began - FIRST - timedelta(days=9)) <= timedelta(hours=3)


def test_missing_days_are_gaps_not_zeros() -> None:
    levels = [100, 100, 100, 400, 1000, 900, 900]
    whole = hours({"weibo": levels})
    gap = pl.col("posted_date") == date(2026, 1, 6)
    missing = whole.with_columns(
        volume=pl.when(gap).then(None).otherwise("volume"), is_complete=pl.col("is_complete") & ~gap
    )
    assert [phase for phase, _, _ in found(missing)] == [phase for phase, _, _ in found(whole)]
    zeros = whole.with_columns(volume=pl.when(gap).then(0).otherwise("volume"))
    before = {row["phase"]: row["level"] for row in topic_phases(missing).rows(named=True)}
    after = {row["phase"]: row["level"] for row in topic_phases(zeros).rows(named=True)}
    assert before["outbreak"] > after["outbreak"] * 1.2


def test_a_missing_platform_does_not_end_an_outbreak() -> None:
    rows = hours({"weibo": [100, 100, 100, 400, 1000, 900], "zhihu": [10, 10, 10, 40, 100, 90]})
    blocked = (pl.col("posted_date") == date(2026, 1, 6)) & (pl.col("platform") == "weibo")
    missing = rows.with_columns(
        volume=pl.when(blocked).then(None).otherwise("volume"), is_complete=pl.col("is_complete") & ~blocked
    )
    assert found(missing)[-1][0] == "outbreak"
    assert found(missing)[-1][2] == 6


def test_an_incomplete_day_counts_up_to_its_last_post() -> None:
    rows = hours({"weibo": [100, 100, 100, 400, 1000, 900]})
    noon = FIRST + timedelta(days=5, hours=12)
    today = pl.col("posted_date") == date(2026, 1, 6)
    so_far = rows.with_columns(
        volume=pl.when(today & ((pl.col("posted_hour") >= noon) | (pl.col("volume") == 0)))
        .then(None)
        .otherwise("volume"),
        is_complete=~today,
    )
    phase, _, end = found(so_far)[-1]
    assert (phase, end) == ("outbreak", 5.5)


@pytest.mark.parametrize("factor", [1, 10, 1000])
def test_phases_do_not_depend_on_the_size_of_an_event(factor: int) -> None:
    levels = [10, 10, 10, 40, 120, 200, 60, 50, 15, 12]
    exact = [(level * factor * USUAL * 10).round() for level in levels]
    rows = pl.concat([hours({"weibo": levels})]).with_columns(volume=pl.Series(np.concatenate(exact).astype(int)))
    assert [phase for phase, _, _ in found(rows)][:3] == ["latent", "fermenting", "outbreak"]
    assert found(rows)[2][1:] == (4, 6)


def test_a_rare_stream_needs_more_than_one_post_for_a_burst() -> None:
    quiet = np.zeros(10 * DAY_HOURS)
    quiet[::24] = 1
    exposure = np.full(len(quiet), 1 / DAY_HOURS)
    everywhere = range(len(quiet))
    assert not bursts(quiet, exposure, everywhere).any()
    loud = quiet.copy()
    loud[200:206] = 3
    assert bursts(loud, exposure, everywhere)[200:206].any()
    assert not bursts(loud, exposure, everywhere)[:200].any()


def test_bursts_of_noise_are_as_rare_as_their_threshold() -> None:
    rng = np.random.default_rng(5)
    for level in (12, 2_400):
        counts = rng.poisson(level / DAY_HOURS, 200 * DAY_HOURS).astype(float)
        assert bursts(counts, np.full(len(counts), 1 / DAY_HOURS), range(len(counts))).mean() < 5 * BURST_P


def test_the_tail_of_a_gamma_poisson_count() -> None:
    """With a large shape and rate it is a Poisson count: P(X >= 3 | 1) = 1 - 2.5 / e. With shape 1 it is geometric."""
    assert gamma_poisson_tail(3, 1e7, 1e7, 1) == pytest.approx(1 - 2.5 / math.e, abs=1e-4)
    assert gamma_poisson_tail(4, 1, 1, 1) == pytest.approx(0.5**4)
    assert gamma_poisson_tail(0, 1, 1, 1) == 1


def test_copies_increase_the_dispersion_of_a_stream() -> None:
    rng = np.random.default_rng(7)
    exposure = np.full(500, 1 / DAY_HOURS)
    plain = rng.poisson(20, 500).astype(float)
    assert dispersion(plain, exposure) == pytest.approx(1, abs=0.35)
    assert dispersion(4 * rng.poisson(5, 500).astype(float), exposure) > 2.5


@pytest.mark.parametrize("length", [0, 1, 23, 24, 25, 26])
def test_a_day_or_less_has_a_dispersion(length):
    assert dispersion(np.arange(length, dtype=float), np.full(length, 1 / DAY_HOURS)) >= 1


def test_one_evening_does_not_shape_the_daily_profile() -> None:
    days = np.tile(USUAL * 1000, (6, 1))
    days[4, 20:] *= 10
    assert daily_profile(days) == pytest.approx(USUAL, abs=0.004)
    assert daily_profile(days[:2]) == pytest.approx(np.full(24, 1 / 24))


def test_windows_with_few_or_no_posts() -> None:
    nothing = hours({"weibo": [0, 0]})
    assert topic_phases(nothing).is_empty()
    assert topic_phases(nothing).schema == PHASES_SCHEMA
    assert topic_phases(HOURS_SCHEMA.to_frame()).is_empty()
    unknown = nothing.with_columns(volume=pl.lit(None, pl.Int64), is_complete=pl.lit(False))
    assert topic_phases(unknown).is_empty()
    one = nothing.with_columns(volume=pl.when(pl.int_range(pl.len()) == 30).then(1).otherwise(0).cast(pl.Int64))
    assert found(one) == [("latent", 0, 2)]
    alone = unknown.with_columns(volume=pl.when(pl.int_range(pl.len()) == 30).then(1).cast(pl.Int64))
    assert [phase for phase, _, _ in found(alone)] == ["latent"]
    assert onset(one) is None


def test_a_window_that_begins_in_the_outbreak_has_no_onset() -> None:
    rows = hours({"weibo": [2000, 1500, 600, 300, 100, 80]})
    assert found(rows)[0][:2] == ("outbreak", 0)
    assert found(rows)[-1][0] == "fading"
    assert onset(rows) is None
    assert "begins in the outbreak" in topic_phases(rows)["onset_rule"][0]


def test_the_result_does_not_depend_on_the_order_of_rows() -> None:
    rows = hours({"weibo": [100, 100, 100, 400, 1000, 620], "zhihu": [3, 3, 3, 9, 40, 20]})
    assert topic_phases(rows).equals(topic_phases(rows.sample(fraction=1, shuffle=True, seed=2)))


def test_topics_do_not_mix() -> None:
    one, two = hours({"weibo": [100, 100, 100, 400, 1000, 620]}), hours({"weibo": [50] * 6}, topic_id="u")
    both = topic_phases(pl.concat([two, one]))
    assert both.filter(topic_id="t").equals(topic_phases(one))
    assert both.filter(topic_id="u").equals(topic_phases(two))


def test_a_year_on_four_platforms_takes_seconds() -> None:
    levels = [300.0] * 365
    levels[200:210] = [900, 4000, 3000, 2000, 1500, 1000, 900, 700, 500, 400]
    rows = hours(dict.fromkeys(("weibo", "douyin", "xiaohongshu", "zhihu"), levels))
    started = time.perf_counter()
    assert [phase for phase, _, _ in found(rows)][:3] == ["latent", "fermenting", "outbreak"]
    assert time.perf_counter() - started < 20
