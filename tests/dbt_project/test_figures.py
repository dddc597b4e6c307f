"""The figures of conftest.py's three days, and a fault for every check."""

import math
from datetime import date, datetime

import pytest

from core.storage.paths import DBT_PROJECT_DIR
from core.vocabulary import Z_95
from orchestration.statistics.intervals import wilson
from tests.warehouse import DataFolder


def day(number: int) -> date:
    return date(2026, 1, number)


def test_a_post_is_shown_as_last_observed(built: DataFolder) -> None:
    """w1 was observed twice, the second time without its comments."""
    assert built.rows(
        "select likes, comments, shares, interactions, interactions_is_floor, observed_at, observation_age_hours,"
        " crawl_id from marts.fct_posts where post_uid = 'weibo:w1'"
    ) == [(10, 2, 3, 15, False, datetime(2026, 1, 5, 4), 96.0, "b")]  # noqa: DTZ001  # UTC, without a zone
    assert built.rows(
        "select likes, comments, crawl_id from marts.fct_post_observations where post_uid = 'weibo:w1'"
        " order by observed_at"
    ) == [(5, 2, "a"), (10, None, "b")]


def test_posts_are_read_from_the_current_file_only(built: DataFolder) -> None:
    assert built.rows("select post_id, enriched_version from marts.fct_posts where posted_date = '2026-01-02'") == [
        ("w5", "000002-ab")
    ]
    assert built.rows("from marts.built_days order by posted_date") == [
        (day(1), "000001-aa", "000001-aa"),
        (day(2), "000002-ab", "000002-ab"),
        (day(3), "000001-aa", "000001-aa"),
        (day(4), "000001-aa", "000001-aa"),  # read, and without posts
    ]


def test_volume_by_day(built: DataFolder) -> None:
    rows = built.rows(
        "select platform, posted_date, volume, original_volume, distinct_volume, authors, volume_share, is_complete"
        " from marts.daily_volume order by posted_date, platform"
    )
    assert rows == [
        ("weibo", day(1), 2, 1, 1, 1, 0.5, True),  # neither the ad nor the bare repost
        ("xiaohongshu", day(1), 1, 1, 1, 1, 0.25, False),  # searched before midnight
        ("zhihu", day(1), 1, 1, 1, 0, 0.25, False),  # anonymous, and imported
        ("weibo", day(2), 1, 1, 1, 1, 1.0, False),
        ("xiaohongshu", day(2), None, None, None, None, None, False),  # blocked
        ("zhihu", day(2), 0, 0, 0, 0, 0.0, True),  # searched, without results
        ("weibo", day(3), 1, 1, 1, 1, 1.0, False),
        ("xiaohongshu", day(3), None, None, None, None, None, False),
        ("zhihu", day(3), None, None, None, None, None, False),
    ]


def test_interactions_by_day(built: DataFolder) -> None:
    rows = built.rows(
        "select platform, posted_date, likes, comments, shares, collects, interactions, interactions_all,"
        " interactions_is_floor, round(interaction_share, 4), mature_share"
        " from marts.daily_interaction where interactions is not null order by posted_date, platform"
    )
    assert rows == [
        ("weibo", day(1), 11, 2, 3, None, 16, 16, False, 0.4444, 0.9375),
        ("xiaohongshu", day(1), 4, 1, None, 5, 10, 10, True, 0.2778, 0.0),  # shares not shown
        ("zhihu", day(1), 7, 3, None, 2, 10, 12, False, 0.2778, 0.0),  # shares never shown
        ("weibo", day(2), 100, 0, 0, None, 100, 100, False, 1.0, 0.0),
        ("zhihu", day(2), 0, 0, None, 0, 0, 0, False, 0.0, None),
        ("weibo", day(3), 4, 0, 0, None, 4, 4, False, 1.0, 0.0),
    ]


def test_sentiment_by_day(built: DataFolder) -> None:
    rows = built.rows(
        "select platform, sentiment, volume, volume_share, interactions, interaction_share from marts.daily_sentiment"
        " where posted_date = '2026-01-01' and platform = 'weibo'"
        " or posted_date = '2026-01-02' and platform <> 'weibo' and sentiment = 'neutral' order by platform, sentiment"
    )
    assert rows == [
        ("weibo", "negative", 2, 1.0, 16, 1.0),
        ("weibo", "neutral", 0, 0.0, 0, 0.0),
        ("weibo", "positive", 0, 0.0, 0, 0.0),
        ("xiaohongshu", "neutral", None, None, None, None),
        ("zhihu", "neutral", 0, None, 0, None),
    ]


def test_the_event_as_a_whole(built: DataFolder) -> None:
    assert built.rows(
        "select volume, original_volume, distinct_volume, authors, interactions, interactions_all, nsr_polar,"
        " nsr_total, first_day, last_day, platform_days, complete_platform_days, is_complete from marts.event_totals"
    ) == [(6, 5, 5, 4, 140, 142, -0.5, -2 / 6, day(1), day(3), 9, 2, False)]
    assert built.rows(
        "select platform, volume, interactions, days, complete_days, is_complete from marts.event_platforms order by 1"
    ) == [("weibo", 4, 120, 3, 1, False), ("xiaohongshu", 1, 10, 3, 0, False), ("zhihu", 1, 10, 3, 1, False)]
    assert built.rows(
        "select sentiment, volume, volume_share, interactions, analyst_volume, model_volume, model_volume_share"
        " from marts.event_sentiment order by 1"
    ) == [
        ("negative", 3, 0.5, 116, 0, 3, 0.5),
        ("neutral", 2, 2 / 6, 20, 0, 3, 0.5),
        ("positive", 1, 1 / 6, 4, 1, 0, 0.0),
    ]
    assert built.rows(
        "select sentiment, volume, volume_share from marts.event_platform_sentiment where platform = 'weibo' order by 1"
    ) == [("negative", 3, 0.75), ("neutral", 0, 0.0), ("positive", 1, 0.25)]


def test_bounds_are_wilson_intervals_over_near_duplicate_groups(built: DataFolder) -> None:
    """A bound lies 1.96 of its own standard errors from the share; n is the 5 groups."""
    rows = built.rows("select volume_share, share_low, share_high from marts.event_sentiment")
    for share, low, high in rows:
        assert 0 <= low < share < high <= 1
        for bound in (low, high):
            assert abs(share - bound) == pytest.approx(Z_95 * math.sqrt(bound * (1 - bound) / 5), rel=1e-5)
        assert (low, high) == pytest.approx(wilson(share, 5))


def test_keywords_and_hashtags_of_the_event(built: DataFolder) -> None:
    """Five voices in six posts; 合成 is the brand, 的 a stop word, and each post's own word has too few voices."""
    columns = "volume, distinct_volume, volume_share, interactions, z, frequency_rank"
    whole = "platform = 'all' and sentiment = 'all'"
    assert built.rows(f"select word, {columns} from marts.event_keywords where {whole}") == [
        ("帖子", 6, 5, 1.0, 140, None, 1)
    ]
    assert built.rows(f"select hashtag, {columns} from marts.event_hashtags where {whole}") == [
        ("合成话题", 6, 5, 1.0, 140, None, 1)
    ]
    assert built.rows(
        "select platform, sentiment, volume, distinct_volume from marts.event_keywords where platform = 'weibo'"
    ) == [("weibo", "all", 4, 3)]
    assert built.rows(
        "select platform, sentiment, posted_date, word, volume, distinct_volume, z from marts.daily_keywords"
    ) == [("all", "all", day(1), "帖子", 4, 3, None)]
    assert built.rows("select * from marts.event_focuses") == []  # nobody says anything of two words


# A change to the warehouse, and the checks that must fail.
FAULTS = {
    "update marts.daily_volume set volume = volume + 1 where platform = 'weibo' and posted_date = '2026-01-03'":
        {"days_sum_to_event"},
    "update marts.daily_interaction set interactions = 5 where platform = 'weibo' and posted_date = '2026-01-03'":
        {"days_sum_to_event"},
    "delete from marts.event_platforms where platform = 'zhihu'": {"platforms_sum_to_event"},
    "update marts.event_platforms set interactions = interactions + 1": {"platforms_sum_to_event"},
    "update marts.event_sentiment set volume = volume - 1 where sentiment = 'neutral'": {"sentiments_sum_to_event"},
    "update marts.daily_sentiment set interactions = interactions + 1": {"sentiments_sum_to_event"},
    "delete from marts.event_platform_sentiment where sentiment = 'neutral'":
        {"sentiments_sum_to_event", "shares_sum_to_one"},
    "update marts.event_totals set volume = 7": {"event_total_equals_facts"},  # as if a post were counted twice
    "update marts.event_sentiment set model_volume_share = 0.4 where sentiment = 'neutral'": {"shares_sum_to_one"},
    "update marts.daily_volume set volume_share = 0.3 where platform = 'zhihu'": {"shares_sum_to_one"},
    "delete from marts.event_posts where post_uid = 'weibo:w1'": {"course_sums_to_event"},
    "update marts.event_hourly set volume = volume + 1 where volume = 1": {"course_sums_to_event"},
    "update marts.event_daily set interactions = interactions + 1": {"course_sums_to_event"},
    "update marts.event_phases set volume = volume - 1": {"course_sums_to_event"},
    "update marts.event_keywords set volume = volume + 1 where word = '帖子'": {"keywords_count_posts"},
    "update marts.fct_posts set interactions = interactions + collects where platform = 'zhihu'":
        {"interactions_sum_components"},
    "update marts.fct_posts set interactions = 0 where post_uid = 'weibo:w1'": {"interactions_sum_components"},
    "update marts.fct_posts set interactions_is_floor = false": {"interactions_sum_components"},
    "update marts.daily_volume set volume = 0 where volume is null": {"not_collected_is_not_zero"},
    "update marts.daily_volume set volume = null where volume = 0": {"not_collected_is_not_zero"},
    "update topics.topic_days set has_unread_posts = true where is_complete": {"unread_is_not_zero"},
    "update topics.topic_days set has_unread_posts = true, is_read = false where posted_date = '2026-01-03'":
        {"unread_is_not_zero"},
    "update marts.event_posts set sentiment_model = 'model-2' where post_uid = 'weibo:w1'":
        {"models_are_not_mixed_unmarked"},
    "update marts.event_sentiment set is_mixed_model = true": {"models_are_not_mixed_unmarked"},
    "update marts.event_totals set gone_posts = gone_posts + 1": {"gone_posts_are_counted"},
    "update marts.event_posts set gone_since = observed_at - interval 1 hour where post_uid = 'weibo:w1'":
        {"gone_posts_are_counted"},
    "update marts.fct_posts set posted_at = posted_at + interval 12 hour where post_uid = 'weibo:w1'":
        {"posts_on_their_day"},
    "delete from marts.fct_posts where post_uid = 'weibo:w5'":
        {"posts_not_enriched", "relationships_fct_post_topics_post_uid__post_uid__ref_fct_posts_"},
    "delete from marts.dim_authors where author_uid = 'weibo:one'": {"authors_are_known"},
    "insert into marts.fct_posts from marts.fct_posts where post_uid = 'weibo:w1'": {"unique_fct_posts_post_uid"},
    "insert into marts.fct_post_topics from marts.fct_post_topics limit 1":
        {"unique_together_fct_post_topics_post_uid__topic_id"},
    "insert into topics.topic_posts from topics.topic_posts limit 1":
        {"unique_together_topic_posts_topic_id__post_uid"},
    "update marts.event_platforms set top10_share = 1.01 where platform = 'weibo'":
        {"fractions_event_platforms_volume_share__share_low__share_high__interaction_share__top10_share__mature_share"},
    "update marts.fct_posts set sentiment = 'mixed' where post_uid = 'weibo:w1'":
        {"accepted_values_fct_posts_sentiment___var_sentiments_"},
    "delete from marts.dim_topics": {"relationships_daily_volume_topic_id__topic_id__ref_dim_topics_"},
}  # fmt: skip


@pytest.fixture(scope="module")
def faulty(built: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    copy = built.copy(tmp_path_factory.mktemp("faulty") / "data")
    copy.test_sql = built.test_sql
    return copy


@pytest.mark.parametrize(("fault", "checks"), FAULTS.items(), ids=range(len(FAULTS)))
def test_each_check_notices_its_fault(faulty: DataFolder, fault: str, checks: set[str]) -> None:
    assert checks <= set(faulty.test_sql)
    with faulty.warehouse(read_only=False) as warehouse:
        silent = {check for check in checks if not warehouse.execute(faulty.test_sql[check]).fetchall()}
        assert silent == checks  # before the fault
        warehouse.begin()
        warehouse.execute(fault)
        still_silent = {check for check in checks if not warehouse.execute(faulty.test_sql[check]).fetchall()}
        warehouse.rollback()
    assert not still_silent


def test_every_singular_test_has_a_fault() -> None:
    singular = {path.stem for path in DBT_PROJECT_DIR.joinpath("tests").glob("*.sql")}
    assert singular
    assert singular <= set.union(*FAULTS.values())
