"""The course of conftest.py's three days: hours, days, the phase without a rise, and top posts."""

from datetime import date, datetime

from tests.warehouse import DataFolder


def test_hours_of_days_that_were_not_collected_are_null(built: DataFolder) -> None:
    """A complete day has zeros; an incomplete day only has its hours with posts (noon in China is 4:00 UTC)."""
    rows = built.rows(
        "select platform, posted_date, count(*), count(volume), sum(volume), sum(interactions),"
        " min(posted_hour) filter (where volume > 0) from marts.event_hourly group by all order by 2, 1"
    )
    first, second, third = (date(2026, 1, day) for day in (1, 2, 3))
    noon = [datetime(2026, 1, day, 4) for day in (1, 2, 3)]  # noqa: DTZ001  # UTC, without a zone
    assert rows == [
        ("weibo", first, 24, 24, 2, 16, noon[0]),
        ("xiaohongshu", first, 24, 1, 1, 10, noon[0]),
        ("zhihu", first, 24, 1, 1, 10, noon[0]),
        ("weibo", second, 24, 1, 1, 100, noon[1]),
        ("xiaohongshu", second, 24, 0, None, None, None),
        ("zhihu", second, 24, 24, 0, 0, None),
        ("weibo", third, 24, 1, 1, 4, noon[2]),
        ("xiaohongshu", third, 24, 0, None, None, None),
        ("zhihu", third, 24, 0, None, None, None),
    ]
    (first_hour, last_hour) = built.rows("select min(posted_hour), max(posted_hour) from marts.event_hourly")[0]
    assert (first_hour, last_hour) == (datetime(2025, 12, 31, 16), datetime(2026, 1, 3, 15))  # noqa: DTZ001


def test_interactions_by_publication_and_by_observation(built: DataFolder) -> None:
    """w1 has 8 on 1 January and 7 more on the 5th, which is outside the window."""
    rows = built.rows(
        "select platform, posted_date, interactions, observed_interactions from marts.event_daily"
        " where interactions > 0 or observed_interactions is not null order by posted_date, platform"
    )
    first, second, third = (date(2026, 1, day) for day in (1, 2, 3))
    assert rows == [
        ("weibo", first, 16, 8),
        ("xiaohongshu", first, 10, None),
        ("zhihu", first, 10, None),
        ("weibo", second, 100, 1),
        ("xiaohongshu", second, None, 10),
        ("zhihu", second, 0, 10),
        ("weibo", third, 4, 100),
    ]


def test_a_topic_without_a_rise_is_latent_and_has_no_onset(built: DataFolder) -> None:
    assert built.rows("select phase, volume, interactions, peak_hour_volume, is_censored from marts.event_phases") == [
        ("latent", 6, 140, 4, True)
    ]
    assert built.rows("select distinct phase, phase_is_censored from marts.event_daily") == [("latent", True)]
    assert built.rows(
        "select onset_at, statement_at, response_latency_hours, peak_date, peak_hour_volume, platforms_asked,"
        " platforms_collected, platforms_complete, is_provisional from marts.event_summary"
    ) == [(None, None, None, date(2026, 1, 1), 4, 3, 3, 0, True)]


def test_top_posts_over_all_platforms_and_on_each(built: DataFolder) -> None:
    rows = built.rows(
        "select platform, rank, post_uid, interactions, round(share_of_interactions, 4) from marts.event_top_posts"
        " where rank <= 2 order by platform nulls first, rank"
    )
    assert rows == [
        (None, 1, "weibo:w5", 100, 0.7143),
        (None, 2, "weibo:w1", 15, 0.1071),
        ("weibo", 1, "weibo:w5", 100, 0.8333),
        ("weibo", 2, "weibo:w1", 15, 0.125),
        ("xiaohongshu", 1, "xiaohongshu:x1", 10, 1.0),
        ("zhihu", 1, "zhihu:z1", 10, 1.0),
    ]
