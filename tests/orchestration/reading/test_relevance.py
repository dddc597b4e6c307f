"""Relevance of posts, and its quality on the made-up posts of data/xiaomi_relevance.csv.

The test is the half that the rules were not written on (benchmarks/relevance.py explains the split).
"""

from datetime import date

import polars as pl
import pytest

from benchmarks import relevance as benchmark
from core.contracts.enriched import POST_TOPICS, by_day
from core.problems import Problem
from orchestration.reading import relevance_training
from orchestration.reading.labels import RELEVANCE_LABELS, LabelProblem, load_relevance_labels
from orchestration.reading.relevance import BIAS, MODEL, fit, judge, load_models, log_odds, score
from orchestration.reading.relevance_training import train

NO_LABELS = RELEVANCE_LABELS.to_frame()
DAY = date(2026, 1, 2)
JUDGED = pl.Schema({name: kind for name, kind in by_day(POST_TOPICS).items() if not name.startswith("stance")})


def matched(**values: object) -> pl.DataFrame:
    """The result of match_topics for one post."""
    row = {
        "day": DAY, "platform": "weibo", "post_id": "1", "topic_id": "t", "text": "小米粥", "matched_by": "all: 小米",
        "prior": 0.0, "for_words": [], "for_weight": 0.0, "against_words": [], "against_weight": 0.0,
    }  # fmt: skip
    lists = {"for_words": pl.List(pl.String), "against_words": pl.List(pl.String)}
    return pl.DataFrame([row | values], schema_overrides=lists)


def verdict(matches: pl.DataFrame, labels: pl.DataFrame = NO_LABELS, **models: pl.DataFrame) -> tuple[bool, str]:
    judged = judge(matches, labels, models)
    assert judged.schema == JUDGED
    return judged.select("is_relevant", "relevance_reason").row(0)


FOR = {"for_words": ["手机", "雷军"], "for_weight": 3.0}
AGAINST = {"against_words": ["粥"], "against_weight": 1.5}
RICE = pl.DataFrame([("小米", 0.25), ("粥", -3.0), ("煮", -9.0), (BIAS, 0.5)], schema=MODEL, orient="row")


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (matched(), (True, "nothing for or against")),
        (matched(**FOR), (True, "for 手机, 雷军 (3)")),
        (matched(**AGAINST), (False, "against 粥 (1.5)")),
        (matched(**FOR, **AGAINST), (True, "for 手机, 雷军 (3); against 粥 (1.5)")),
        (matched(for_words=["手机"], for_weight=1.5, **AGAINST), (True, "for 手机 (1.5); against 粥 (1.5)")),
        (matched(prior=-0.5), (False, "prior (-0.5)")),
        (matched(prior=2.0, **AGAINST), (True, "against 粥 (1.5); prior (2)")),
    ],
)
def test_the_greater_weight_decides(match, expected):
    assert verdict(match) == expected


def test_a_model_adds_its_score_to_the_rules_and_names_its_features():
    odds, ngrams = log_odds(pl.Series(["小米粥", "无"]), RICE)
    assert odds.to_list() == pytest.approx([(0.25 - 3) / 2**0.5 + 0.5, 0.5])
    assert ngrams.to_list() == ["粥, 小米", ""]
    assert verdict(matched(), t=RICE) == (False, "model 粥, 小米 (-1.4)")
    assert verdict(matched(**FOR), t=RICE) == (True, "for 手机, 雷军 (3); model 粥, 小米 (-1.4)")
    assert verdict(matched(), other=RICE) == (True, "nothing for or against")


def test_a_label_of_the_post_overrides_rules_and_model():
    labels = pl.DataFrame(
        [("weibo", "1", None, "t", True), ("weibo", "1", None, "u", False)], schema=RELEVANCE_LABELS, orient="row"
    )
    assert verdict(matched(**AGAINST), labels, t=RICE) == (True, "label")
    assert verdict(matched(topic_id="u", **FOR), labels) == (False, "label")
    assert verdict(matched(platform="zhihu", **AGAINST), labels) == (False, "against 粥 (1.5)")


def test_no_matches_make_an_empty_frame():
    assert judge(matched().clear(), NO_LABELS, {"t": RICE}).schema == JUDGED


def test_a_model_learns_what_the_rules_miss():
    texts = pl.Series(["小米粥真香", "喝小米粥", "小米新机", "新机小米"] * 10)
    relevant = pl.Series([False, False, True, True] * 10)
    model = fit(texts, relevant, pl.Series([0.0] * 40))
    assert model.schema == MODEL
    assert (log_odds(pl.Series(["来碗小米粥", "小米的新机"]), model)[0] > 0).to_list() == [False, True]
    assert fit(texts, relevant, pl.Series([0.0] * 40)).equals(model)
    known = fit(texts, relevant, pl.Series([-9.0, -9.0, 9.0, 9.0] * 10))
    assert known["weight"].abs().max() < 0.1 * model["weight"].abs().max()


def test_the_shipped_rules_distinguish_the_company_from_its_namesakes():
    verdicts = benchmark.judged(benchmark.matched_posts())
    assert verdicts.height == 200
    assert verdicts["relevant"].sum() == 100
    assert 80 <= verdicts["is_held_out"].sum() <= 120
    assert benchmark.held_out(verdicts, is_held_out=True).f1 >= 0.9
    assert benchmark.held_out(verdicts, is_held_out=False).f1 >= 0.9
    assert not verdicts["relevance_reason"].has_nulls()


def test_the_benchmark_shows_the_words_that_decide(capsys):
    benchmark.main()
    printed = capsys.readouterr().out
    assert "held out" in printed
    assert "小米粥" in printed


def test_scores():
    true, predicted = pl.Series([True, True, True, False]), pl.Series([True, True, False, True])
    assert score(true, predicted) == (2 / 3, 2 / 3, 2 / 3)
    assert score(true, ~true) == (0, 0, 0)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder with the posts of the benchmark as labels, some of them by post_id alone."""
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    monkeypatch.setattr(relevance_training, "load_listening", listening_by_name)
    posts = pl.read_csv(benchmark.POSTS)
    by_id = posts.head(60).select(
        platform=pl.lit("weibo"), post_id=pl.int_range(pl.len()).cast(pl.String), text="text", relevant="relevant"
    )
    folder = tmp_path / "labels" / "relevance"
    folder.mkdir(parents=True)
    columns = ["platform", "post_id", "text", "topic_id", "relevant"]
    labels = pl.concat([by_id.with_columns(text=pl.lit(None, pl.String)), posts.slice(60)], how="diagonal")
    labels.with_columns(topic_id=pl.lit("xiaomi_kol")).select(columns).write_csv(folder / "a.csv")
    day = tmp_path / "enriched" / "posts" / "day=2026-01-01"
    day.mkdir(parents=True)
    by_id.head(50).write_parquet(day / "000001-aa.parquet")
    return tmp_path


def listening_by_name():
    listening = benchmark.load_listening(benchmark.ROOT / "listening.yaml")
    [topic] = [topic for topic in listening.topics if topic.id == benchmark.TOPIC]
    by_name = topic.model_copy(update={"match": benchmark.Match(all=["小米"])})
    return listening.model_copy(update={"topics": [by_name]})


def test_training_reads_labels_and_writes_a_model(data):
    printed = train("xiaomi_kol")
    assert printed.startswith("200 labels; 10 of posts not in ")
    assert "rules and model" in printed
    [model] = load_models(data / "models" / "relevance").values()
    assert model.schema == MODEL
    assert BIAS in model["ngram"]


def test_training_names_missing_labels(data):
    with pytest.raises(Problem, match=r"no topic 'other' in listening\.yaml; the topics are xiaomi_kol"):
        train("other")
    labels = data / "labels" / "relevance" / "a.csv"
    labels.write_text("platform,post_id,text,topic_id,relevant\n,,小米粥,xiaomi_kol,no\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"0 relevant, 1 not\. Training takes 20 of each; label more in "):
        train("xiaomi_kol")


def test_the_last_label_of_a_post_wins_and_texts_without_a_post_are_kept(tmp_path):
    (tmp_path / "a.csv").write_text(
        "platform,post_id,text,topic_id,relevant\nweibo,1,,t,yes\nweibo,1,,t,No\n,,话,t,yes\n,,话,t,yes\n",
        encoding="utf-8",
    )
    assert load_relevance_labels(tmp_path).rows() == [
        ("weibo", "1", None, "t", False),
        (None, None, "话", "t", True),
        (None, None, "话", "t", True),
    ]
    assert load_relevance_labels(tmp_path / "none").schema == RELEVANCE_LABELS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (",,,t,yes", "platform '' is not one of weibo, "),
        ("weibo,,话,t,yes", "no post_id; copy it from the post"),
        ("weibo,5.25E+15,,t,yes", "was rounded by a spreadsheet"),
        (",,话,,yes", "no topic_id; copy it from listening.yaml"),
        (",,话,t,maybe", "relevant 'maybe' is neither yes nor no; correct it"),
    ],
)
def test_a_wrong_label_names_file_line_and_remedy(tmp_path, line, message):
    (tmp_path / "a.csv").write_text(f"platform,post_id,text,topic_id,relevant\n{line}\n", encoding="utf-8")
    with pytest.raises(LabelProblem, match=r"a\.csv: line 2: ") as problem:
        load_relevance_labels(tmp_path)
    assert message in str(problem.value)


def test_a_broken_relevance_model_is_a_problem_with_its_remedy(tmp_path):
    (tmp_path / "t.csv").write_text("ngram,weight\n小米,heavy\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"t\.csv: not a readable relevance model .*train relevance --topic t"):
        load_models(tmp_path)
