"""Contradictions between labels, and Cohen's kappa."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.statistics.agreement import agreement, cohens_kappa, contradictions


def labels(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    schema = {"subject": pl.String, "label": pl.String, "labeller": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_contradictions_are_different_labels_of_one_subject() -> None:
    given_labels = labels(
        ("b", "yes", "甲"), ("a", "no", "乙"), ("b", "no", "乙"), ("a", "no", "甲"), ("c", "no", "甲")
    )
    assert contradictions(given_labels).rows() == [("b", "yes", "甲"), ("b", "no", "乙")]


def test_a_labeller_who_changed_their_mind_contradicts_themselves_and_the_last_label_is_compared() -> None:
    given_labels = labels(("a", "yes", "甲"), ("a", "no", "甲"), ("a", "no", "乙"), ("b", "yes", None))
    assert contradictions(given_labels)["label"].to_list() == ["yes", "no", "no"]
    assert agreement(given_labels).rows() == [("乙", "甲", 1, 1, None)]


def test_only_pairs_that_labelled_the_same_are_compared() -> None:
    given_labels = labels(("a", "yes", "甲"), ("a", "no", "乙"), ("b", "no", "丙"))
    assert agreement(given_labels).select("labeller", "other", "both", "same").rows() == [("乙", "甲", 1, 0)]


def test_kappa_of_a_known_table() -> None:
    """50 grants of two readers: both yes 20, only the first 5, only the second 10, both no 15. p_o .7, p_e .5."""
    cells = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    first, second = zip(*[pair for pair, count in cells.items() for _ in range(count)], strict=True)
    assert cohens_kappa(pl.Series(first), pl.Series(second)) == pytest.approx(0.4)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="the extra train")
    first, second = zip(*pairs, strict=True)
    kappa = cohens_kappa(pl.Series(first), pl.Series(second))
    if kappa is None:
        assert set(first) == set(second)
        assert len(set(first)) == 1
    else:
        assert kappa == pytest.approx(metrics.cohen_kappa_score(first, second))
