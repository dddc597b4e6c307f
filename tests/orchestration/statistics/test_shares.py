"""The audit sample, and shares of sentiments corrected by its labels, with their intervals."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from core.vocabulary import SENTIMENTS
from orchestration.statistics.shares import (
    AUDIT_SAMPLE,
    Calibration,
    calibrated_to,
    corrected_shares,
    draw_audit,
    emq,
    ppi,
    stratum,
    topic_shares,
)

PRIOR = np.array([0.3, 0.5, 0.2])
CALIBRATION = Calibration(PRIOR, error=0.07)


def classified_posts(rng: np.random.Generator, size: int, balance: list[float], sharpness: float = 1.5) -> pl.DataFrame:
    """Posts with their true sentiment and the probabilities of a classifier calibrated to PRIOR.

    The classifier sees Gaussian evidence around the truth.
    """
    truth = rng.choice(3, size, p=balance)
    evidence = rng.normal(size=(size, 3)) + sharpness * np.eye(3)[truth]
    p = PRIOR * np.exp(sharpness * evidence)
    p /= p.sum(axis=1, keepdims=True)
    return pl.DataFrame(
        {
            "platform": pl.repeat("weibo", size, eager=True),
            "post_id": [str(number) for number in rng.permutation(size)],
            "truth": [SENTIMENTS[number] for number in truth],
            "model_sentiment": [SENTIMENTS[number] for number in p.argmax(axis=1)],
            **{f"p_{name}": p[:, number] for number, name in enumerate(SENTIMENTS)},
            "duplicate_group_id": np.arange(size),
            "analyst_sentiment": pl.Series([None] * size, dtype=pl.String),
            "audit_weight": pl.Series([None] * size, dtype=pl.Float64),
        }
    )


def audited(posts: pl.DataFrame, size: int) -> pl.DataFrame:
    """The posts with the audit's labels."""
    drawn = posts.drop("audit_weight").join(
        draw_audit(posts, size), on=["platform", "post_id"], how="left", maintain_order="left"
    )
    return drawn.with_columns(analyst_sentiment=pl.when(pl.col("audit_weight").is_not_null()).then("truth"))


class TestDraw:
    def test_a_larger_draw_contains_the_smaller_one(self) -> None:
        posts = classified_posts(np.random.default_rng(1), 2_000, [0.5, 0.3, 0.2])
        small, large = (draw_audit(posts.sample(fraction=1, shuffle=True, seed=3), size) for size in (100, 300))
        assert (small.height, large.height) == (100, 300)
        assert dict(small.schema) == dict(AUDIT_SAMPLE)
        assert set(small["post_id"]) <= set(large["post_id"])
        assert large["audit_weight"].sum() == pytest.approx(2_000)

    def test_uncertain_posts_are_drawn_more_often(self) -> None:
        posts = classified_posts(np.random.default_rng(1), 5_000, [0.5, 0.3, 0.2])
        drawn = posts.drop("audit_weight").join(draw_audit(posts, 500), on=["platform", "post_id"])
        by_band = drawn.group_by(stratum().str.slice(-1)).agg(pl.col("audit_weight").mean())
        weights = dict(by_band.iter_rows())
        assert weights["0"] < weights["1"] < weights["2"]

    def test_few_posts_are_all_drawn(self) -> None:
        posts = classified_posts(np.random.default_rng(1), 50, [0.5, 0.3, 0.2])
        assert draw_audit(posts, 300).height == 50
        assert draw_audit(posts.clear(), 300).is_empty()


class TestCorrectedShares:
    def test_intervals_contain_the_truth_as_often_as_they_claim(self) -> None:
        rng = np.random.default_rng(7)
        covered, errors, errors_of_counting = [], [], []
        for _ in range(150):
            posts = classified_posts(rng, 1_500, [0.7, 0.2, 0.1], sharpness=0.8)
            share = corrected_shares(audited(posts, 300), CALIBRATION)[0]
            assert share.method == "ppi"
            covered.append(share.low <= 0.7 <= share.high)
            errors.append(share.share - (posts["truth"] == "negative").mean())
            errors_of_counting.append(
                (posts["model_sentiment"] == "negative").mean() - (posts["truth"] == "negative").mean()
            )
        assert 0.9 <= np.mean(covered) <= 0.99
        assert abs(np.mean(errors)) < 0.01
        assert np.mean(np.abs(errors)) < np.mean(np.abs(errors_of_counting)) / 4

    def test_posts_without_probabilities_are_included(self) -> None:
        """A third of the posts are pictures, all negative, which the classifier takes for neutral."""
        rng = np.random.default_rng(10)
        read = classified_posts(rng, 2_000, [0.1, 0.6, 0.3])
        unread = classified_posts(rng, 1_000, [1, 0, 0]).with_columns(
            *(pl.lit(None, pl.Float64).alias(f"p_{name}") for name in SENTIMENTS),
            model_sentiment=pl.lit("neutral"),
            post_id=pl.int_range(2_000, 3_000).cast(pl.String),
        )
        posts = audited(pl.concat([read, unread]), 300)
        share = corrected_shares(posts, CALIBRATION)[0]
        assert share.share == pytest.approx((posts["truth"] == "negative").mean(), abs=0.04)

    def test_posts_that_are_all_labelled_are_counted(self) -> None:
        posts = classified_posts(np.random.default_rng(2), 200, [0.6, 0.3, 0.1]).with_columns(analyst_sentiment="truth")
        shares = corrected_shares(posts, CALIBRATION)
        assert [share.method for share in shares] == ["analyst"] * 3
        assert shares[0].share == pytest.approx((posts["truth"] == "negative").mean())
        # Only sampling error remains: a Wilson interval.
        assert shares[0].high - shares[0].low == pytest.approx(2 * 1.96 * (0.6 * 0.4 / 200) ** 0.5, rel=0.05)

    def test_copies_of_one_text_count_as_one_opinion(self) -> None:
        posts = classified_posts(np.random.default_rng(2), 200, [0.6, 0.3, 0.1]).with_columns(analyst_sentiment="truth")
        copies = posts.with_columns(duplicate_group_id=pl.col("duplicate_group_id") % 20)
        apart, together = (corrected_shares(frame, CALIBRATION)[0] for frame in (posts, copies))
        assert together.share == apart.share
        assert together.high - together.low > 2.5 * (apart.high - apart.low)

    def test_without_labels_the_interval_is_wide(self) -> None:
        posts = classified_posts(np.random.default_rng(3), 3_000, [0.8, 0.15, 0.05])
        share = corrected_shares(posts, CALIBRATION)[0]
        assert share.method == "emq"
        assert share.share == pytest.approx((posts["truth"] == "negative").mean(), abs=0.03)
        assert share.high - share.low > 0.2
        assert abs((posts["model_sentiment"] == "negative").mean() - 0.8) > abs(share.share - 0.8)

    def test_labels_outside_the_audit_count_but_are_not_extrapolated(self) -> None:
        posts = audited(classified_posts(np.random.default_rng(4), 2_000, [0.5, 0.3, 0.2]), 300)
        # Analysts labelled all posts that the classifier called negative, which is not a random sample.
        chosen = (pl.col("model_sentiment") == "negative") & pl.col("audit_weight").is_null()
        more = posts.with_columns(analyst_sentiment=pl.when(chosen).then("truth").otherwise("analyst_sentiment"))
        share = corrected_shares(more, CALIBRATION)[0]
        assert share.share == pytest.approx((posts["truth"] == "negative").mean(), abs=0.04)
        before = corrected_shares(posts, CALIBRATION)[0]
        assert share.high - share.low < before.high - before.low

    def test_shares_add_up_and_stay_within_their_bounds(self) -> None:
        for balance in ([1.0, 0, 0], [0, 1.0, 0], [0.01, 0.01, 0.98]):
            shares = corrected_shares(
                audited(classified_posts(np.random.default_rng(5), 1_000, balance), 200), CALIBRATION
            )
            assert sum(share.share for share in shares) == pytest.approx(1)
            assert all(0 <= share.low <= share.share <= share.high <= 1 for share in shares)
            assert all(share.high > share.low for share in shares)

    def test_without_posts_there_are_no_shares(self) -> None:
        assert corrected_shares(classified_posts(np.random.default_rng(5), 10, [1, 0, 0]).clear(), CALIBRATION) == []

    def test_days_are_calibrated_to_the_audit_of_the_topic(self) -> None:
        """A classifier that labels half of the negative posts neutral, on two different days."""
        rng = np.random.default_rng(9)
        posts = pl.concat(
            [classified_posts(rng, 3_000, [0.2, 0.6, 0.2]), classified_posts(rng, 1_000, [0.8, 0.1, 0.1])]
        ).with_columns(p_negative=pl.col("p_negative") / 3, post_id=pl.int_range(4_000).cast(pl.String))
        whole = pl.sum_horizontal("p_negative", "p_neutral", "p_positive")
        posts = audited(posts.with_columns(pl.col(f"p_{name}") / whole for name in SENTIMENTS), 400)
        topic = calibrated_to(posts, corrected_shares(posts, CALIBRATION))
        for day, true in ((posts.head(3_000), 0.2), (posts.tail(1_000), 0.8)):
            unaided = day.with_columns(analyst_sentiment=pl.lit(None, pl.String), audit_weight=pl.lit(None, pl.Float64))
            assert corrected_shares(unaided, topic)[0].share == pytest.approx(true, abs=0.04)
            assert abs(corrected_shares(unaided, CALIBRATION)[0].share - true) > 0.06


class TestSharesOfTopics:
    def posts(self) -> pl.DataFrame:
        """Two days of Weibo, of which another model judged the second, and one of Zhihu."""
        days = [("weibo", 1, "model-1"), ("weibo", 2, "model-2"), ("zhihu", 2, "model-2")]
        return pl.concat(
            classified_posts(np.random.default_rng(number), 200, [0.5, 0.3, 0.2]).with_columns(
                topic_id=pl.lit("demo"),
                platform=pl.lit(platform),
                posted_date=pl.lit(date(2026, 1, number)),
                sentiment="model_sentiment",
                sentiment_source=pl.lit("model"),
                sentiment_model=pl.lit(model),
            )
            for platform, number, model in days
        ).drop("analyst_sentiment")

    def places(self, posts: pl.DataFrame) -> set[tuple[str | None, date | None]]:
        return set(topic_shares(posts).select("platform", "posted_date").iter_rows())

    def test_two_models_have_no_corrected_share_together(self) -> None:
        first, second = date(2026, 1, 1), date(2026, 1, 2)
        days: set[tuple[str | None, date | None]] = {("weibo", first), ("weibo", second), ("zhihu", second)}
        assert self.places(self.posts()) == days | {("zhihu", None)}
        one_model = self.posts().with_columns(sentiment_model=pl.lit("model-2"))
        assert self.places(one_model) == days | {("zhihu", None), ("weibo", None), (None, None)}

    def test_labels_of_analysts_count_whatever_the_models(self) -> None:
        labelled = self.posts().with_columns(sentiment_source=pl.lit("analyst"))
        assert (None, None) in self.places(labelled)


def test_an_uninformative_classifier_gets_no_weight() -> None:
    rng = np.random.default_rng(6)
    truth = np.eye(3, dtype=bool)[rng.choice(3, 400, p=[0.6, 0.3, 0.1])]
    p = rng.dirichlet([1, 1, 1], 5_000)
    posts = classified_posts(rng, 5_000, [1, 0, 0]).with_columns(
        pl.Series(f"p_{name}", p[:, number]) for number, name in enumerate(SENTIMENTS)
    )
    posts = posts.with_columns(model_sentiment=pl.lit("neutral"), audit_weight=pl.lit(12.5))
    labels = pl.Series([SENTIMENTS[number] for number in truth.argmax(axis=1)])
    shares, errors = ppi(posts, posts.head(400).with_columns(analyst_sentiment=labels))
    assert shares == pytest.approx(truth.mean(axis=0), abs=0.02)
    assert errors[0] == pytest.approx((0.6 * 0.4 / 400) ** 0.5, rel=0.15)


def test_emq_finds_the_shares_of_calibrated_probabilities() -> None:
    posts = classified_posts(np.random.default_rng(8), 20_000, [0.1, 0.2, 0.7])
    p = posts.select(f"p_{name}" for name in SENTIMENTS).to_numpy()
    assert emq(p, PRIOR) == pytest.approx([0.1, 0.2, 0.7], abs=0.02)
    assert p.mean(axis=0) != pytest.approx([0.1, 0.2, 0.7], abs=0.05)


def test_emq_is_damped_by_the_weight_of_its_prior() -> None:
    """Texts a little less neutral than the prior, for which emq without a prior finds hardly any neutral ones."""
    p = np.tile([0.3, 0.4, 0.3], (1_000, 1))
    unanchored, anchored, start = (emq(p, PRIOR, weight)[1] for weight in (0.0, 0.08, 1e6))
    assert start == pytest.approx(PRIOR[1], abs=1e-3)
    assert unanchored < anchored < start
