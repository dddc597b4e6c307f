"""listening.yaml: what it means, and that every error names the file, the key and the remedy."""

from datetime import date

import pytest

from core.listening import Listening, load_listening
from core.platforms import PLATFORMS
from core.problems import Problem

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


def test_the_shipped_file_is_valid(pytestconfig):
    assert load_listening(pytestconfig.rootpath / "listening.yaml").topics


def test_a_topic_is_read_as_written(load):
    [topic] = load(LISTENING).topics
    assert (topic.window.start, topic.window.end) == (date(2026, 1, 1), date(2026, 1, 6))
    assert (topic.match.all, topic.match.any, topic.match.none) == (["小米"], ["大熊", "KOL"], [])
    assert topic.platforms == list(PLATFORMS)


def test_a_topic_listens_on_its_own_platforms_that_are_also_listed_for_the_whole_file(load):
    listening = load(LISTENING)
    assert listening.topic_platforms(listening.topics[0]) == ["weibo", "zhihu"]


def test_queries_come_from_topics_whose_window_includes_the_day(load):
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


def test_words_that_look_like_numbers_booleans_or_dates_stay_words(load):
    match = load(LISTENING.replace("[大熊, KOL]", "[2026, no, 1.0, 2026-01-01]")).topics[0].match
    assert match.any == ["2026", "no", "1.0", "2026-01-01"]


RELEVANCE = "    relevance: {prior: -0.5, for: {2: [雷军, SU7], 0.5: [手机]}, against: {1: [粥]}, most_hashtags: 8}\n"
ALIASES = "aliases: {大熊: [小米大熊, 大熊小米]}\n"


def test_relevance_and_aliases_are_read_as_written(load):
    listening = load(ALIASES + LISTENING + RELEVANCE)
    relevance = listening.topics[0].relevance
    assert relevance.for_ == {2: ["雷军", "SU7"], 0.5: ["手机"]}
    assert (relevance.against, relevance.prior, relevance.most_hashtags) == ({1: ["粥"]}, -0.5, 8)
    assert listening.aliases == {"大熊": ["小米大熊", "大熊小米"]}


def test_relevance_is_empty_by_default(load):
    relevance = load(LISTENING).topics[0].relevance
    assert (relevance.for_, relevance.against, relevance.prior, relevance.most_hashtags) == ({}, {}, 0, None)


@pytest.mark.parametrize(
    ("correct", "wrong", "message"),
    [
        (
            "against: {1: [粥]}",
            "against: {1: [雷军]}",
            "topics.0.relevance: '雷军' appears twice; list it once, under one weight",
        ),
        ("against: {1: [粥]}", "against: [粥]", "topics.0.relevance.against: "),
        ("0.5: [手机]", "0: [手机]", "topics.0.relevance.for.0"),
        ("0.5: [手机]", "x: [手机]", "topics.0.relevance.for.x"),
        ("0.5: [手机]", "0.5: 手机", "topics.0.relevance.for.0.5: not a list; write it as [one, two]"),
        ("prior:", "priro:", "topics.0.relevance.priro: unknown key"),
        ("[小米大熊, 大熊小米]", "[大熊]", "aliases: '大熊' has two names; list it under one name"),
        ("[小米大熊, 大熊小米]", "[小米大熊, 小米大熊]", "aliases: '小米大熊' has two names"),
        ("[小米大熊, 大熊小米]", "[]", "aliases.大熊: empty; list at least one entry"),
    ],
)
def test_an_error_in_relevance_or_aliases_names_the_key(load, correct, wrong, message):
    text = ALIASES + LISTENING + RELEVANCE
    assert correct in text
    with pytest.raises(Problem) as problem:
        load(text.replace(correct, wrong, 1))
    assert message in str(problem.value)


PROBLEMS = {
    "unknown key": ("queries:", "quereis:", "topics.0.quereis: unknown key; remove it or correct its spelling"),
    "unknown key at the top": ("history_start:", "since: 1\nhistory_start:", "since: unknown key; remove it"),
    "missing key": ("    brand: 小米\n", "", "topics.0.brand: missing; add it"),
    "no such day": (
        "{start: 2026-01-01",
        "{start: 2026-02-31",
        "topics.0.window.start: not an existing day; write it as YYYY-MM-DD",
    ),
    "short date": (
        "{start: 2026-01-01",
        "{start: 2026-1-5",
        "topics.0.window.start: '2026-1-5' is not a valid date; write it as",
    ),
    "a time": (
        "{start: 2026-01-01",
        "{start: 2026-01-01 10:00:00",
        "topics.0.window.start: '2026-01-01 10:00:00' is not a valid date",
    ),
    "midnight": (
        "end: 2026-01-06",
        "end: 2026-01-06 00:00:00",
        "topics.0.window.end: '2026-01-06 00:00:00' is not a valid date",
    ),
    "a number": (
        "history_start: 2026-01-01",
        "history_start: 20260101",
        "history_start: '20260101' is not a valid date; write it as",
    ),
    "a list for a date": (
        "{start: 2026-01-01",
        "{start: [1]",
        "topics.0.window.start: not a date; write it as YYYY-MM-DD",
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
    "bad id": ("id: kol", "id: 小米-KOL", "topics.0.id: use lower-case letters, digits and _, starting with a letter"),
    "empty name": ("name: 小米与KOL", "name: ''", "topics.0.name: empty; enter a value"),
    "no name": ("name: 小米与KOL", "name:", "topics.0.name: not text; write a word"),
    "unknown platform": ("[weibo, zhihu]", "[weibo, tieba]", "platforms.1: Input should be 'weibo', 'douyin', "),
    "platform twice": ("[weibo, zhihu]", "[weibo, weibo]", "platforms: weibo appears twice; remove one"),
    "no platform": ("[weibo, zhihu]", "[]", "platforms: empty; list at least one entry"),
    "nowhere": (
        "    brand:",
        "    platforms: [douyin]\n    brand:",
        "topics.0.platforms: none of these is listed under platforms;",
    ),
    "no words": ("{all: [小米], any: [大熊, KOL]}", "{none: [粥]}", "topics.0.match: any and all are both empty"),
    "a word for a list": ("any: [大熊, KOL]", "any: 大熊", "topics.0.match.any: not a list; write it as [one, two]"),
    "blank word": (
        "any: [大熊, KOL]",
        "any: [大熊, ' ']",
        "topics.0.match.any.1: empty; write a word or remove the entry",
    ),
    "invisible word": (
        "any: [大熊, KOL]",
        'any: ["\\u200d"]',
        "topics.0.match.any.0: empty; write a word or remove the entry",
    ),
    "a word for a topic": (
        LISTENING[LISTENING.index("  - id") :],
        "  - kol\n",
        "topics.0: has no keys; write them as key:",
    ),
    "key twice": ("    brand: 小米\n", "    brand: 小米\n    brand: 大米\n", "brand appears twice; remove one"),
    "syntax": ("[大熊, KOL]", "[大熊, KOL", "not valid YAML; correct it here: while parsing a flow sequence"),
    "tab": ("    brand", "\tbrand", "line 6, column 1"),
    "empty file": (LISTENING, "", "has no keys; it needs history_start, platforms and topics."),
    "a list": (LISTENING, "- kol\n", "has no keys; it needs history_start, platforms and topics."),
}


@pytest.mark.parametrize(("correct", "wrong", "message"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_an_error_names_file_key_and_remedy(load, tmp_path, correct, wrong, message):
    assert correct in LISTENING
    with pytest.raises(Problem) as problem:
        load(LISTENING.replace(correct, wrong, 1))
    assert str(problem.value).startswith(f"{tmp_path / 'listening.yaml'}: ")
    assert message in str(problem.value)


def test_a_topic_called_like_the_folder_of_archived_reports(load):
    with pytest.raises(Problem, match=r"topics\.0\.id: .*'archive' is the folder of removed topics' reports; choose"):
        load(LISTENING.replace("id: kol", "id: archive", 1))


def test_two_topics_with_one_id(load):
    twice = LISTENING + LISTENING[LISTENING.index("  - id") :]
    with pytest.raises(Problem, match=r"topics\.1\.id: 'kol' is the id of another topic; give each its own id"):
        load(twice)


def test_all_errors_are_reported_at_once(load):
    with pytest.raises(Problem) as problem:
        load(LISTENING.replace("id: kol", "id: K").replace("brand: 小米", "brnad: 小米"))
    assert len(str(problem.value).splitlines()) == 3  # the id, the unknown key, the missing one


def test_a_missing_file_and_one_that_is_not_utf8_are_problems(tmp_path):
    path = tmp_path / "listening.yaml"
    with pytest.raises(Problem, match="no such file; create it, or set TINGFENG_LISTENING"):
        load_listening(path)
    path.write_bytes(LISTENING.encode("gbk"))
    with pytest.raises(Problem, match=r"not encoded in UTF-8; save it as UTF-8\."):
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


def test_accounts_are_crawled_for_every_day(load):
    listening = load(LISTENING + ACCOUNTS)
    assert [account.name for account in listening.accounts_of("weibo")] == ["小米公司"]
    assert listening.accounts_of("zhihu") == []
    assert listening.is_crawled("weibo", date(2030, 1, 1))
    assert not listening.is_crawled("zhihu", date(2030, 1, 1))  # no account, and no topic's window includes the day
    assert not load(LISTENING).is_crawled("weibo", date(2030, 1, 1))


def test_comments_of_five_posts_are_collected_by_default(load):
    assert load(LISTENING).comments.top_posts == 5
    comments = load(LISTENING + ACCOUNTS).comments
    assert (comments.top_posts, comments.pages, comments.reply_pages) == (3, 2, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("weibo", "douyin"), "accounts.0.platform: douyin is not listed under platforms"),
        (("1771925961", "https://weibo.com/u/1"), "accounts.0.id"),
        (("小米公司", ""), "accounts.0.name"),
        (("top_posts: 3", "top_posts: -1"), "comments.top_posts"),
        (("pages: 2", "pages: 0"), "comments.pages"),
        (("\ncomments", '\n  - {platform: weibo, id: "1771925961", name: 小米}\ncomments'), "appears twice"),
    ],
)
def test_invalid_accounts_and_comments_are_errors(load, change, message):
    with pytest.raises(Problem, match=message):
        load(LISTENING + ACCOUNTS.replace(*change))


def test_imported_originals_are_kept_for_whole_days_or_removed(load):
    assert load(LISTENING).inbox.keep_days == 0
    assert load(f"{LISTENING}inbox: {{keep_days: 14}}\n").inbox.keep_days == 14
    with pytest.raises(Problem, match=r"listening.yaml.*inbox.keep_days"):
        load(f"{LISTENING}inbox: {{keep_days: -1}}\n")
