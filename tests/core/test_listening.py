from datetime import date

import pytest

from core.listening import Listening, ListeningProblem, load_listening
from core.platforms import PLATFORMS

LISTENING = """\
history_start: 2026-01-01
platforms: [weibo, zhihu]
topics:
  - id: kol
    name: 小米与KOL
    brand: 小米
    window: {start: 2026-01-01, end: 2026-01-06}
    queries: [小米 大熊, 小米 KOL]
    match: {all: [小米], any: [大熊, KOL]}
"""


@pytest.fixture
def load(tmp_path):
    def from_text(text: str) -> Listening:
        path = tmp_path / "listening.yaml"
        path.write_text(text, encoding="utf-8")
        return load_listening(path)

    return from_text


def test_the_file_that_is_shipped_is_valid(pytestconfig):
    assert load_listening(pytestconfig.rootpath / "listening.yaml").topics


def test_a_topic_as_written(load):
    [topic] = load(LISTENING).topics
    assert (topic.window.start, topic.window.end) == (date(2026, 1, 1), date(2026, 1, 6))
    assert (topic.match.all, topic.match.any, topic.match.none) == (["小米"], ["大熊", "KOL"], [])
    assert topic.platforms == list(PLATFORMS)


def test_a_topic_listens_on_its_platforms_of_those_listened_to(load):
    listening = load(LISTENING)
    assert listening.topic_platforms(listening.topics[0]) == ["weibo", "zhihu"]


def test_queries_are_those_of_topics_whose_window_holds_the_day(load):
    more = LISTENING + (
        "  - {id: open, name: 二, brand: 小米, platforms: [weibo], window: {start: 2026-01-05},"
        " queries: [小米 KOL, 米粉], match: {any: [米粉]}}\n"
    )
    listening = load(more)
    assert listening.queries("weibo", date(2025, 12, 31)) == []
    assert listening.queries("weibo", date(2026, 1, 4)) == ["小米 大熊", "小米 KOL"]
    assert listening.queries("weibo", date(2026, 1, 6)) == ["小米 大熊", "小米 KOL", "米粉"]
    assert listening.queries("weibo", date(2036, 1, 1)) == ["小米 KOL", "米粉"]
    assert listening.queries("zhihu", date(2026, 1, 6)) == ["小米 大熊", "小米 KOL"]
    assert listening.queries("douyin", date(2026, 1, 6)) == []


@pytest.mark.parametrize("end", ["", ", end:", ", end: null", ", end: ~"])
def test_a_window_may_be_open(load, end):
    assert load(LISTENING.replace(", end: 2026-01-06", end)).topics[0].window.end is None


def test_words_that_yaml_reads_as_something_else_are_words(load):
    match = load(LISTENING.replace("[大熊, KOL]", "[2026, no, 1.0, 2026-01-01]")).topics[0].match
    assert match.any == ["2026", "no", "1.0", "2026-01-01"]


RELEVANCE = "    relevance: {prior: -0.5, for: {2: [雷军, SU7], 0.5: [手机]}, against: {1: [粥]}, most_hashtags: 8}\n"
ALIASES = "aliases: {大熊: [小米大熊, 大熊小米]}\n"


def test_relevance_and_aliases_as_written(load):
    listening = load(ALIASES + LISTENING + RELEVANCE)
    relevance = listening.topics[0].relevance
    assert relevance.for_ == {2: ["雷军", "SU7"], 0.5: ["手机"]}
    assert (relevance.against, relevance.prior, relevance.most_hashtags) == ({1: ["粥"]}, -0.5, 8)
    assert listening.aliases == {"大熊": ["小米大熊", "大熊小米"]}


def test_without_relevance_nothing_speaks_for_or_against(load):
    relevance = load(LISTENING).topics[0].relevance
    assert (relevance.for_, relevance.against, relevance.prior, relevance.most_hashtags) == ({}, {}, 0, None)


@pytest.mark.parametrize(
    ("correct", "wrong", "message"),
    [
        (
            "against: {1: [粥]}",
            "against: {1: [雷军]}",
            "topics.0.relevance: '雷军' stands twice; give it one side and one",
        ),
        ("against: {1: [粥]}", "against: [粥]", "topics.0.relevance.against: "),
        ("0.5: [手机]", "0: [手机]", "topics.0.relevance.for.0"),
        ("0.5: [手机]", "x: [手机]", "topics.0.relevance.for.x"),
        ("0.5: [手机]", "0.5: 手机", "topics.0.relevance.for.0.5: no list; write it as [one, two]"),
        ("prior:", "priro:", "topics.0.relevance.priro: unknown key"),
        ("[小米大熊, 大熊小米]", "[大熊]", "aliases: '大熊' has two names; keep it under one"),
        ("[小米大熊, 大熊小米]", "[小米大熊, 小米大熊]", "aliases: '小米大熊' has two names"),
        ("[小米大熊, 大熊小米]", "[]", "aliases.大熊: empty; name at least one"),
    ],
)
def test_a_problem_of_relevance_or_aliases_names_the_key(load, correct, wrong, message):
    text = ALIASES + LISTENING + RELEVANCE
    assert correct in text
    with pytest.raises(ListeningProblem) as problem:
        load(text.replace(correct, wrong, 1))
    assert message in str(problem.value)


PROBLEMS = {
    "unknown key": ("queries:", "quereis:", "topics.0.quereis: unknown key; take it out or correct its spelling"),
    "unknown key at the top": ("history_start:", "since: 1\nhistory_start:", "since: unknown key; take it out"),
    "missing key": ("    brand: 小米\n", "", "topics.0.brand: missing; add it"),
    "no such day": (
        "{start: 2026-01-01",
        "{start: 2026-02-31",
        "topics.0.window.start: no such day; write it as YYYY-MM-DD",
    ),
    "short date": (
        "{start: 2026-01-01",
        "{start: 2026-1-5",
        "topics.0.window.start: '2026-1-5' is no date; write it as",
    ),
    "a time": (
        "{start: 2026-01-01",
        "{start: 2026-01-01 10:00:00",
        "topics.0.window.start: '2026-01-01 10:00:00' is no date",
    ),
    "midnight": (
        "end: 2026-01-06",
        "end: 2026-01-06 00:00:00",
        "topics.0.window.end: '2026-01-06 00:00:00' is no date",
    ),
    "a number": (
        "history_start: 2026-01-01",
        "history_start: 20260101",
        "history_start: '20260101' is no date; write it as",
    ),
    "a list for a date": (
        "{start: 2026-01-01",
        "{start: [1]",
        "topics.0.window.start: no date; write it as YYYY-MM-DD",
    ),
    "window back to front": (
        "end: 2026-01-06",
        "end: 2025-12-31",
        "topics.0.window: end 2025-12-31 is before start 2026",
    ),
    "before the history": (
        "start: 2026-01-01,",
        "start: 2025-12-31,",
        "topics.0.window.start: 2025-12-31 is before history_",
    ),
    "bad id": ("id: kol", "id: 小米-KOL", "topics.0.id: use lower-case letters, digits and _, a letter first"),
    "empty name": ("name: 小米与KOL", "name: ''", "topics.0.name: empty; write something"),
    "no name": ("name: 小米与KOL", "name:", "topics.0.name: no text; write a word"),
    "unknown platform": ("[weibo, zhihu]", "[weibo, tieba]", "platforms.1: Input should be 'weibo', 'douyin', "),
    "platform twice": ("[weibo, zhihu]", "[weibo, weibo]", "platforms: weibo stands twice; name it once"),
    "no platform": ("[weibo, zhihu]", "[]", "platforms: empty; name at least one"),
    "nowhere": (
        "    brand:",
        "    platforms: [douyin]\n    brand:",
        "topics.0.platforms: none of them is under platforms;",
    ),
    "no words": ("{all: [小米], any: [大熊, KOL]}", "{none: [粥]}", "topics.0.match: any and all are both empty"),
    "a word for a list": ("any: [大熊, KOL]", "any: 大熊", "topics.0.match.any: no list; write it as [one, two]"),
    "blank word": ("any: [大熊, KOL]", "any: [大熊, ' ']", "topics.0.match.any.1: empty; write a word or take it out"),
    "invisible word": (
        "any: [大熊, KOL]",
        'any: ["\\u200d"]',
        "topics.0.match.any.0: empty; write a word or take it out",
    ),
    "a word for a topic": (
        LISTENING[LISTENING.index("  - id") :],
        "  - kol\n",
        "topics.0: holds no keys; write them as key:",
    ),
    "key twice": ("    brand: 小米\n", "    brand: 小米\n    brand: 大米\n", "brand stands twice; take one out"),
    "syntax": ("[大熊, KOL]", "[大熊, KOL", "cannot be read as YAML; mend it there: while parsing a flow sequence"),
    "tab": ("    brand", "\tbrand", "line 6, column 1"),
    "empty file": (LISTENING, "", "holds no keys; it needs history_start, platforms and topics."),
    "a list": (LISTENING, "- kol\n", "holds no keys; it needs history_start, platforms and topics."),
}


@pytest.mark.parametrize(("correct", "wrong", "message"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_problem_names_file_key_and_remedy(load, tmp_path, correct, wrong, message):
    assert correct in LISTENING
    with pytest.raises(ListeningProblem) as problem:
        load(LISTENING.replace(correct, wrong, 1))
    assert str(problem.value).startswith(f"{tmp_path / 'listening.yaml'}: ")
    assert message in str(problem.value)


def test_two_topics_with_one_id(load):
    twice = LISTENING + LISTENING[LISTENING.index("  - id") :]
    with pytest.raises(ListeningProblem, match=r"topics\.1\.id: 'kol' is taken by another topic; give each its own id"):
        load(twice)


def test_all_problems_are_told_at_once(load):
    with pytest.raises(ListeningProblem) as problem:
        load(LISTENING.replace("id: kol", "id: K").replace("brand: 小米", "brnad: 小米"))
    assert len(str(problem.value).splitlines()) == 3  # the id, the unknown key, the missing one


def test_a_file_that_is_not_there_or_not_utf8(tmp_path):
    path = tmp_path / "listening.yaml"
    with pytest.raises(ListeningProblem, match="no such file; write one, or set TINGFENG_LISTENING"):
        load_listening(path)
    path.write_bytes(LISTENING.encode("gbk"))
    with pytest.raises(ListeningProblem, match=r"not in UTF-8; save it as UTF-8\."):
        load_listening(path)


def test_the_path_comes_from_the_environment(monkeypatch, tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(LISTENING, encoding="utf-8-sig")
    monkeypatch.setenv("TINGFENG_LISTENING", str(path))
    assert load_listening().topics[0].id == "kol"


ACCOUNTS = """\
accounts:
  - {platform: weibo, id: "1771925961", name: 小米公司}
comments: {top_posts: 3, pages: 2}
"""


def test_accounts_are_asked_for_on_every_day(load):
    listening = load(LISTENING + ACCOUNTS)
    assert [account.name for account in listening.accounts_of("weibo")] == ["小米公司"]
    assert listening.accounts_of("zhihu") == []
    assert listening.is_asked("weibo", date(2030, 1, 1))
    assert not listening.is_asked("zhihu", date(2030, 1, 1))  # no account, and no topic's window holds it
    assert not load(LISTENING).is_asked("weibo", date(2030, 1, 1))


def test_comments_are_those_of_some_posts_unless_the_file_says_otherwise(load):
    assert load(LISTENING).comments.top_posts == 5
    comments = load(LISTENING + ACCOUNTS).comments
    assert (comments.top_posts, comments.pages, comments.reply_pages) == (3, 2, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("weibo", "douyin"), "accounts.0.platform: douyin is not under platforms"),
        (("1771925961", "https://weibo.com/u/1"), "accounts.0.id"),
        (("小米公司", ""), "accounts.0.name"),
        (("top_posts: 3", "top_posts: -1"), "comments.top_posts"),
        (("pages: 2", "pages: 0"), "comments.pages"),
        (("\ncomments", '\n  - {platform: weibo, id: "1771925961", name: 小米}\ncomments'), "stands twice"),
    ],
)
def test_accounts_and_comments_that_cannot_be_are_told(load, change, told):
    with pytest.raises(ListeningProblem, match=told):
        load(LISTENING + ACCOUNTS.replace(*change))
