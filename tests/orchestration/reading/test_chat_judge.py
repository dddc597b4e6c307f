"""The chat judge against a local stand-in of an OpenAI-compatible endpoint."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.environment import EnvironmentProblem
from orchestration.reading.sentiment import chat_judge as module
from orchestration.reading.sentiment.chat_judge import JUDGEMENTS, ChatJudge, JudgeProblem, chat_judge

KEY = "sk-secret-0123456789"
NEGATIVE = {"label": "negative", "confidence": 0.9, "reason": "失望"}
POSITIVE = {"label": "positive", "confidence": 0.6, "reason": "喜欢"}


def completion(content: object, finish_reason: str = "stop") -> Response:
    said = content if isinstance(content, str) or content is None else json.dumps(content, ensure_ascii=False)
    return JSONResponse({"choices": [{"message": {"content": said}, "finish_reason": finish_reason}]})


class Endpoint:
    """Answers as it is told, the last answer again and again, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Response] = [completion(NEGATIVE)]
        self.asked: list[dict] = []
        self.keys: list[str | None] = []
        self.application = Starlette(routes=[Route("/v1/chat/completions", self.answer, methods=["POST"])])

    async def answer(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.asked.append(body | {"said": json.loads(body["messages"][-1]["content"])})
        self.keys.append(request.headers.get("authorization"))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def judge(endpoint: Endpoint, serve: Callable[[Starlette], str], tmp_path: Path) -> Callable[..., ChatJudge]:
    """``judge(**limits)``: another run, with the same cache."""
    url = serve(endpoint.application) + "/v1"
    return lambda **limits: ChatJudge(url, "small", key=KEY, folder=tmp_path / "judge", **limits)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """How long the judge waited, which here takes no time."""
    waited: list[float] = []
    monkeypatch.setattr(module, "sleep", waited.append)
    return waited


def judged(judge: ChatJudge, *texts: str | None, target: str | None = "小米") -> pl.DataFrame:
    frame = judge.predict(pl.Series(texts, dtype=pl.String), target=target)
    assert frame.schema == JUDGEMENTS
    return frame


def test_good_answers_become_labels_and_probabilities(judge, endpoint):
    endpoint.answers = [completion(NEGATIVE), completion(POSITIVE)]
    frame = judged(judge(), "太失望了", "喜欢")
    assert frame["label"].to_list() == ["negative", "positive"]
    assert frame.row(0)[1:4] == pytest.approx((0.9, 0.05, 0.05))
    assert frame.row(1)[1:4] == pytest.approx((0.2, 0.2, 0.6))
    assert frame["abstain"].to_list() == [False, False]
    assert frame["abstain_reason"].to_list() == [None, None]
    assert frame["model_id"].n_unique() == 1


def test_what_is_sent(judge, endpoint):
    judged(judge(), "@某人_1 太失望了 https://t.cn/A6xyz")
    [asked] = endpoint.asked
    assert asked["said"] == {"text": "@ 太失望了", "target": "小米"}  # no names, no links
    assert (asked["model"], asked["temperature"]) == ("small", 0)
    assert endpoint.keys == [f"Bearer {KEY}"]


def test_without_a_target_the_post_as_a_whole_is_judged(judge, endpoint):
    judged(judge(), "太失望了", target=None)
    assert endpoint.asked[0]["said"]["target"] is None


def test_nothing_is_asked_twice_not_even_by_another_run(judge, endpoint):
    first = judged(judge(), "太失望了", "太失望了")
    assert judged(judge(), "太失望了", "太失望了").equals(first)
    assert len(endpoint.asked) == 1
    judged(judge(), "太失望了", target="华为")
    assert len(endpoint.asked) == 2


def test_another_model_or_prompt_is_asked_again(judge, endpoint, monkeypatch, tmp_path):
    one = judge()
    judged(one, "太失望了")
    judged(ChatJudge(one._url.removesuffix("/chat/completions"), "large", folder=tmp_path / "judge"), "太失望了")
    assert endpoint.keys[-1] is None  # no key, no header
    monkeypatch.setattr(module, "_PROMPT_VERSION", "another")
    judged(judge(), "太失望了")
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize("text", [None, "", "\u200b\n", "https://t.cn/A6xyz"])
def test_where_there_is_nothing_to_read_nobody_is_asked(judge, endpoint, text):
    row = judged(judge(), text).row(0, named=True)
    assert (row["label"], row["p_negative"], row["abstain_reason"]) == ("neutral", None, "empty")
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (completion("负面"), "no answer as it was asked for"),
        (completion('```json\n{"label": "negative"}\n```'), "no answer as it was asked for"),
        (completion(None), "no answer as it was asked for"),
        (completion(NEGATIVE | {"label": "angry"}), "label"),
        (completion(NEGATIVE | {"confidence": 0.2}), "confidence"),
        (completion(NEGATIVE | {"confidence": "0.9"}), "confidence"),
        (completion(NEGATIVE | {"more": 1}), "more"),
        (completion({"label": "negative"}), "confidence"),
        (completion({"label": None, "confidence": 1.0, "reason": ""}), "null without a reason"),
        (completion(NEGATIVE, "length"), "the answer was cut: length"),
        (JSONResponse({"choices": []}), "no completion: choices"),
        (Response("<html>"), "no completion"),
    ],
)
def test_malformed_answers_abstain_and_are_asked_for_again(judge, endpoint, answer, reason):
    endpoint.answers = [answer, completion(POSITIVE)]
    row = judged(judge(), "太失望了").row(0, named=True)
    assert row["abstain"]
    assert reason in row["abstain_reason"]
    assert judged(judge(), "太失望了")["label"].item() == "positive"


def test_what_the_model_cannot_tell_abstains_and_is_kept(judge, endpoint):
    endpoint.answers = [completion({"label": None, "confidence": 0.9, "reason": "说的是粥"})]
    for _ in range(2):
        row = judged(judge(), "小米粥真香").row(0, named=True)
        assert (row["label"], row["abstain"], row["abstain_reason"]) == ("neutral", True, "说的是粥")
    assert len(endpoint.asked) == 1


def test_a_busy_endpoint_is_asked_again_as_late_as_it_says(judge, endpoint, waits):
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    endpoint.answers = [
        Response("slow down", 429, headers={"Retry-After": "7"}),
        Response("slow down", 429, headers={"Retry-After": at}),
        Response("oops", 503),
        completion(NEGATIVE),
    ]
    assert judged(judge(), "太失望了")["label"].item() == "negative"
    assert waits[0] == 7
    assert 20 < waits[1] <= 30
    assert waits[2] == module.FIRST_WAIT * 4


def test_one_that_stays_broken_is_an_error_and_what_it_answered_is_kept(judge, endpoint, waits):
    endpoint.answers = [completion(NEGATIVE), Response("oops", 500)]
    with pytest.raises(JudgeProblem, match="still 500 at attempt 4: oops"):
        judged(judge(), "太失望了", "喜欢")
    assert waits == [2, 4, 8]
    assert judged(judge(), "太失望了")["label"].item() == "negative"


def test_one_that_wants_to_be_left_alone_for_long_is_not_waited_for(judge, endpoint, waits):
    endpoint.answers = [Response("", 429, headers={"Retry-After": "3600"})]
    with pytest.raises(JudgeProblem, match="in 3600 s"):
        judged(judge(), "太失望了")
    assert waits == []


@pytest.mark.parametrize("status", [401, 403, 404, 307])
def test_other_refusals_are_errors_that_hold_no_key(judge, endpoint, status):
    endpoint.answers = [Response(f"wrong key: {KEY}", status, headers={"Location": "/elsewhere"})]
    with pytest.raises(JudgeProblem, match=f"{status}: wrong key: ….*TINGFENG_JUDGE_KEY"):
        judged(judge(), "太失望了")
    assert len(endpoint.asked) == 1


def test_a_text_that_the_endpoint_does_not_take_abstains(judge, endpoint):
    endpoint.answers = [Response("content risk", 400), Response("content risk", 400), completion(NEGATIVE)]
    frame = judged(judge(), "甲", "乙", "太失望了")
    assert frame["abstain_reason"].to_list() == ["refused with 400: content risk"] * 2 + [None]


def test_where_it_takes_none_it_is_not_the_texts(judge, endpoint):
    endpoint.answers = [Response("no such model", 400)]
    with pytest.raises(JudgeProblem, match=r"3 texts in a row were refused with 400: no such model.*JUDGE_MODEL"):
        judged(judge(), *"甲乙丙丁戊")
    assert len(endpoint.asked) == 3


def test_the_budget_of_a_run(judge, endpoint):
    run = judge(run_requests=2)
    frame = judged(run, "甲", "乙", "丙", "甲")
    assert frame["abstain"].to_list() == [False, False, True, False]
    assert "TINGFENG_JUDGE_RUN_REQUESTS" in frame["abstain_reason"][2]
    assert judged(run, "丁")["abstain"].item()
    assert len(endpoint.asked) == 2
    assert not judged(judge(run_requests=2), "丙")["abstain"].item()


def test_the_budget_of_a_day_holds_across_runs_and_counts_attempts(judge, endpoint, waits):
    endpoint.answers = [Response("", 503), completion(NEGATIVE)]
    judged(judge(daily_requests=3), "甲")
    frame = judged(judge(daily_requests=3), "乙", "丙")
    assert frame["abstain_reason"].to_list() == [
        None,
        "the day's budget of 3 requests is spent (TINGFENG_JUDGE_DAILY_REQUESTS)",
    ]
    assert len(endpoint.asked) == 3
    assert judged(judge(daily_requests=0), "丁")["abstain"].item()


def test_nobody_there_is_an_error(tmp_path):
    with pytest.raises(JudgeProblem, match=r"ConnectError.*TINGFENG_JUDGE_URL"):
        judged(ChatJudge("http://127.0.0.1:9/v1", "small", folder=tmp_path), "太失望了")


def test_a_damaged_cache_is_named(tmp_path):
    (tmp_path / "answers.sqlite").write_text("no database at all", encoding="utf-8")
    with pytest.raises(JudgeProblem, match=r"answers.sqlite: .*move it away"):
        judged(ChatJudge("http://127.0.0.1:9/v1", "small", folder=tmp_path), "太失望了")


def test_neither_key_nor_text_is_logged_nor_lies_in_the_cache(judge, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        judged(judge(), "太失望了，绝不再买")
    assert KEY not in caplog.text
    kept = b"".join(file.read_bytes() for file in (tmp_path / "judge").iterdir())
    assert KEY.encode() not in kept
    assert "绝不再买".encode() not in kept


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name, value in {"URL": "http://127.0.0.1:9/v1", "KEY": KEY, "MODEL": "small"}.items():
        monkeypatch.setenv(f"TINGFENG_JUDGE_{name}", value)
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    return monkeypatch


def test_the_environment_names_the_judge(environment):
    assert chat_judge().model_id.startswith("judge-small-")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("URL", "", "TINGFENG_JUDGE_URL is not set, so no text leaves this machine"),
        ("URL", "127.0.0.1:9", "does not begin with http"),
        ("URL", "https://user:pass@judge.example/v1", "more than an address"),
        ("MODEL", "", "TINGFENG_JUDGE_MODEL is not set"),
        ("KEY", "sk secret", "TINGFENG_JUDGE_KEY holds blanks"),
        ("RUN_REQUESTS", "many", "TINGFENG_JUDGE_RUN_REQUESTS is 'many'"),
        ("DAILY_REQUESTS", "-1", "TINGFENG_JUDGE_DAILY_REQUESTS is '-1'"),
    ],
)
def test_settings_that_do_not_fit_are_errors_without_secrets(environment, variable, value, says):
    environment.setenv(f"TINGFENG_JUDGE_{variable}", value)
    with pytest.raises(EnvironmentProblem, match=says) as raised:
        chat_judge()
    assert "secret" not in str(raised.value)
    assert "pass@" not in str(raised.value)
