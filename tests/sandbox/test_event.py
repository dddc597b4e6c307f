"""The synthetic event: exact totals, times in ids, reachable by searches, identical in every process."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from core.calendar import CHINA, china_day
from core.listening import Topic, load_listening
from core.platforms import CRAWLED_PLATFORMS
from sandbox.app import by_platform
from sandbox.corpus import SandboxPost
from sandbox.event import corpus
from sandbox.making import EVENT, STATEMENT, apportioned
from sandbox.search import matching
from sandbox.wording import AFTER_STATEMENT, BRAND, NAMES, PHRASES
from scrapers.parsers.values import weibo_id_time, xiaohongshu_id_time
from tests.douyin_ids import douyin_id_time

ROOT = Path(__file__).resolve().parents[2]
DAYS = [day.isoformat() for day in EVENT["days"]]
# The number of results that a search shows, newest first (Weibo's searches are limited by time instead).
DEPTH = {"douyin": 400, "xiaohongshu": 220, "zhihu": 400}
WEIBO_HOUR = 900
WEIBO_PAGES = 50 * 20


@pytest.fixture(scope="module")
def event(sandbox_corpus: list[SandboxPost]) -> list[SandboxPost]:
    return [post for post in sandbox_corpus if post.in_event]


@pytest.fixture(scope="module")
def others(sandbox_corpus: list[SandboxPost]) -> list[SandboxPost]:
    return [post for post in sandbox_corpus if not post.in_event]


@pytest.fixture(scope="module")
def topic() -> Topic:
    [topic] = load_listening(ROOT / "listening.yaml").topics
    return topic


def own_text(post: SandboxPost) -> str:
    return f"{post.title or ''}\n{post.text.split('//@')[0]}"


def matches(words: str, topic: Topic) -> bool:
    rule = topic.match
    return (
        all(word in words for word in rule.all)
        and any(word in words for word in rule.any)
        and not any(word in words for word in rule.none)
    )


def interactions(post: SandboxPost) -> int:
    return post.likes + post.comments + post.shares + (post.collects if post.platform == "xiaohongshu" else 0)


def volume_by_day(posts: Iterable[SandboxPost]) -> dict[str, list[int]]:
    counted = Counter((post.platform, china_day(post.posted_at)) for post in posts)
    return {platform: [counted[platform, day] for day in DAYS] for platform in CRAWLED_PLATFORMS}


# Totals


def test_volume_by_platform_and_day(event: list[SandboxPost]) -> None:
    assert len(event) == 4309
    assert volume_by_day(event) == EVENT["volume"]


def test_sentiment_and_interactions_by_platform(event: list[SandboxPost]) -> None:
    volume = Counter((post.platform, post.sentiment) for post in event)
    summed: Counter[tuple[str, str | None]] = Counter()
    for post in event:
        summed[post.platform, post.sentiment] += interactions(post)
    for platform in CRAWLED_PLATFORMS:
        for sentiment, expected in EVENT["sentiment_volume"][platform].items():
            assert volume[platform, sentiment] == expected
            assert summed[platform, sentiment] == EVENT["sentiment_interactions"][platform][sentiment]
    assert summed.total() == 478_050


def test_totals_equal_those_of_the_case(event: list[SandboxPost], shared: Path) -> None:
    figures = json.loads((shared / "case" / "figures.json").read_text(encoding="utf-8"))
    completed = figures["completed"]
    assert volume_by_day(event) == completed["daily_volume"]
    assert Counter(post.platform for post in event) == completed["volume_by_platform"]
    assert Counter(post.sentiment for post in event) == completed["sentiment_volume"]
    summed: Counter[str | None] = Counter()
    for post in event:
        summed[post.platform] += interactions(post)
        summed[post.sentiment] += interactions(post)
    assert summed == completed["interactions_by_platform"] | completed["sentiment_interactions"]
    assert EVENT["hashtags"]["event"] == figures["printed"]["hashtags"]
    assert list(NAMES[:3]) == figures["printed"]["top_keywords"]


def test_interactions_are_heavy_tailed(event: list[SandboxPost]) -> None:
    for platform in ("weibo", "douyin"):
        counts = sorted((interactions(post) for post in event if post.platform == platform), reverse=True)
        tenth = counts[: len(counts) // 10]
        assert sum(tenth) > 0.5 * sum(counts), f"{platform}: the top tenth has too few"
        assert counts[0] > 50 * counts[len(counts) // 2]


def test_counts_that_a_platform_does_not_show_are_zero(event: list[SandboxPost]) -> None:
    assert not any(post.shares for post in event if post.platform == "zhihu")
    assert not any(post.collects for post in event if post.platform == "weibo")
    weibo = [count for post in event if post.platform == "weibo" for count in (post.likes, post.comments, post.shares)]
    assert max(weibo) < 10_000, "from 10,000, sites round, and the sum could not be reproduced"


def test_apportioned_parts_add_up_to_the_total() -> None:
    assert apportioned(10, [1, 1, 1]) == [4, 3, 3]
    assert apportioned(0, [1, 2]) == [0, 0]
    assert sum(apportioned(99_999, [0.1, 7.3, 2.22, 1e-9])) == 99_999


# Reproducibility


def test_corpus_is_the_same_in_every_interpreter() -> None:
    code = (
        "import hashlib; from sandbox.event import corpus; "
        "print(hashlib.sha256('\\n'.join(map(repr, corpus())).encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "America/New_York"))
    ]
    assert runs[0] == runs[1]


def test_another_seed_has_other_texts_and_the_same_totals() -> None:
    other = [post for post in corpus(7) if post.in_event]
    assert volume_by_day(other) == EVENT["volume"]
    assert {post.text for post in other} != {post.text for post in corpus() if post.in_event}


# Time


def test_hours_of_publication_follow_the_event(event: list[SandboxPost]) -> None:
    weibo = Counter(
        (china_day(post.posted_at), post.posted_at.astimezone(CHINA).hour) for post in event if post.platform == "weibo"
    )
    fifth = {hour: weibo["2026-01-05", hour] for hour in range(24)}
    assert set(sorted(fifth, key=fifth.__getitem__)[-3:]) == {21, 22, 23}
    sixth = [sum(weibo["2026-01-06", hour] for hour in hours) / len(hours) for hours in
             (range(8, 12), range(12, 16), range(16, 20), range(20, 24))]  # fmt: skip
    assert sixth == sorted(sixth, reverse=True)
    assert len(set(sixth)) == 4


def test_ids_contain_the_time(sandbox_corpus: list[SandboxPost]) -> None:
    scheduled = 0
    for post in sandbox_corpus:
        match post.platform:
            case "weibo":
                assert len(post.post_id) == 16
                assert weibo_id_time(post.post_id) == post.posted_at
            case "douyin":
                issued = douyin_id_time(post.post_id)
                assert len(post.post_id) == 19
                assert timedelta() <= post.posted_at - issued <= timedelta(days=12.8)
            case "xiaohongshu":
                issued = xiaohongshu_id_time(post.post_id)
                assert issued is not None
                assert timedelta() <= post.posted_at - issued <= timedelta(hours=8)
                assert china_day(issued) == china_day(post.posted_at)
                scheduled += post.posted_at - issued > timedelta(minutes=1)
            case "zhihu":
                assert post.post_id.isdigit()
                assert post.post_type in ("answer", "article")
    assert scheduled > 0
    assert len({(post.platform, post.post_id) for post in sandbox_corpus}) == len(sandbox_corpus)


def test_no_text_mentions_the_apology_before_the_statement(sandbox_corpus: list[SandboxPost]) -> None:
    early = [post for post in sandbox_corpus if post.posted_at < STATEMENT]
    assert not [post.text for post in early if AFTER_STATEMENT.search(post.text + (post.title or ""))]
    late = [post for post in sandbox_corpus if post.in_event and post.posted_at >= STATEMENT]
    assert sum(AFTER_STATEMENT.search(post.text) is not None for post in late) > 0.4 * len(late)


def test_reposts_are_later_than_the_quoted_post(sandbox_corpus: list[SandboxPost]) -> None:
    reposts = [post for post in sandbox_corpus if post.repost_of is not None]
    known = {(post.platform, post.post_id) for post in sandbox_corpus}
    assert len(reposts) > 300
    for post in reposts:
        assert post.repost_of is not None
        assert post.repost_of.posted_at < post.posted_at
        assert (post.repost_of.platform, post.repost_of.post_id) in known
        if "//@" in post.text:
            assert post.text.split("//@", 1)[1] == f"{post.repost_of.author.name}:{post.repost_of.text}"
    assert any(post.in_event and post.repost_of and not post.repost_of.in_event for post in reposts)
    assert any(post.in_event and post.repost_of and post.repost_of.in_event for post in reposts)


# Mentions and other posts


def test_every_post_of_the_event_is_a_mention(event: list[SandboxPost], topic: Topic) -> None:
    assert not [post.text for post in event if not matches(own_text(post), topic)]
    assert not [post.text for post in event if not matches(post.text.split("//@")[0], topic)], "titles do not count"


def test_no_other_post_in_the_window_is_a_mention_except_ads(others: list[SandboxPost], topic: Topic) -> None:
    inside = [post for post in others if china_day(post.posted_at) in DAYS]
    assert not [post.text for post in inside if matches(own_text(post), topic) and not post.is_ad]
    assert not [post for post in others if post.sentiment or post.focus]


@pytest.mark.parametrize("platform", CRAWLED_PLATFORMS)
def test_searches_return_posts_that_have_to_be_filtered_out(
    platform: str, others: list[SandboxPost], topic: Topic
) -> None:
    posts = [post for post in others if post.platform == platform]
    inside = [post for post in posts if china_day(post.posted_at) in DAYS]
    found_ids = {id(post) for query in topic.queries for post in matching(posts, query)}
    ads = [post for post in inside if post.is_ad]
    assert 4 <= len(ads) <= 6
    assert all(matches(own_text(post), topic) for post in ads), "otherwise filtering them would prove nothing"
    assert [post for post in posts if china_day(post.posted_at) == "2025-12-31" and matches(own_text(post), topic)]
    assert [post for post in posts if china_day(post.posted_at) == "2026-01-07" and matches(own_text(post), topic)]
    assert [post for post in inside if id(post) in found_ids and any(word in post.text for word in topic.match.none)]
    assert [post for post in inside if id(post) not in found_ids]
    assert len(posts) <= {"weibo": 165, "douyin": 45, "xiaohongshu": 28, "zhihu": 17}[platform]


def test_weibo_has_bare_reposts_and_huge_originals(others: list[SandboxPost], topic: Topic) -> None:
    bare = [post for post in others if post.repost_of and own_text(post).strip() == "转发微博"]
    assert [post for post in bare if any(matching([post], query) for query in topic.queries)]
    assert [post for post in bare if post.text == "转发微博"]
    assert all(post.repost_of and matches(own_text(post.repost_of), topic) for post in bare)
    huge = [post for post in others if post.platform == "weibo" and post.likes >= 1_000_000]
    assert len(huge) == 7
    assert all(post.author.is_verified for post in huge)
    assert [post for post in huge if matching([post], "小米 米粉")], "one of them is a search result"


def test_every_hour_of_weibo_fits_into_one_search(sandbox_corpus: list[SandboxPost], topic: Topic) -> None:
    weibo = by_platform(sandbox_corpus)["weibo"]
    for query in topic.queries:
        hits = matching(weibo, query)
        assert max(Counter(int(post.posted_at.timestamp()) // 3600 for post in hits).values()) <= WEIBO_HOUR
    fifth = [post for post in weibo if china_day(post.posted_at) == "2026-01-05"]
    assert len(matching(fifth, "小米 大熊")) > WEIBO_PAGES, "splitting needs a day that does not fit into one search"


@pytest.mark.parametrize("platform", DEPTH)
def test_searches_reach_every_post_of_the_event(platform: str, sandbox_corpus: list[SandboxPost], topic: Topic) -> None:
    posts = by_platform(sandbox_corpus)[platform]  # type: ignore[index]
    hits = {query: matching(posts, query) for query in topic.queries}
    reached = {post.post_id for results in hits.values() for post in results[: DEPTH[platform]]}
    assert {post.post_id for post in posts if post.in_event} <= reached
    assert all(len(results) < DEPTH[platform] for results in hits.values()), "or the earliest days would be partial"


# Texts


def test_the_names_are_the_most_frequent_words(event: list[SandboxPost]) -> None:
    """No word is in more posts than each pair of its characters, so counting pairs is enough."""
    counted: Counter[str] = Counter()
    for post in event:
        words = own_text(post)
        pairs = {words[at : at + 2] for at in range(len(words) - 1)}
        counted.update(pair for pair in pairs if all("一" <= char <= "鿿" for char in pair))
    names = {name: sum(name in own_text(post) for post in event) for name in NAMES}
    assert names["大熊"] > names["米粉"] > names["徐洁云"] > names["KOL"] > 400
    runner_up = max(count for pair, count in counted.items() if pair not in (BRAND, "大熊", "米粉", "徐洁", "洁云"))
    assert names["徐洁云"] > 1.2 * runner_up


def test_hashtags_are_in_the_text_and_those_of_the_event_lead(event: list[SandboxPost]) -> None:
    for post in event:
        for tag in post.hashtags:
            marked = {"weibo": f"#{tag}#", "douyin": f"#{tag}", "xiaohongshu": f"#{tag}[话题]#"}[post.platform]
            assert marked in post.text
    for platform in ("weibo", "douyin", "xiaohongshu"):
        posts = [post for post in event if post.platform == platform]
        assert sum(bool(post.hashtags) for post in posts) > 0.3 * len(posts)
    counted = Counter(tag for post in event if post.platform == "weibo" for tag in post.hashtags)
    assert [tag for tag, _ in counted.most_common(3)] == EVENT["hashtags"]["event"]
    assert len(counted) > 5


def test_texts_differ_except_in_waves_of_copies(event: list[SandboxPost]) -> None:
    texts = Counter(post.text for post in event)
    assert len(texts) > 0.9 * len(event)
    copied = [text for text, number in texts.items() if number >= 20]
    assert sorted(texts[text] for text in copied) == sorted(size for sizes in EVENT["waves"].values() for size in sizes)
    for text in copied:
        copies = [post for post in event if post.text == text]
        assert len({post.author.author_id for post in copies}) > 0.8 * len(copies)
        assert len({(post.sentiment, post.focus) for post in copies}) == 1


def test_each_focus_is_in_a_good_share(event: list[SandboxPost]) -> None:
    focuses = Counter(post.focus for post in event)
    assert all(focuses[focus] > 0.1 * len(event) for focus in (1, 2, 3, 4))


def test_long_posts(event: list[SandboxPost]) -> None:
    weibo = [len(post.text) for post in event if post.platform == "weibo"]
    assert 0.06 < sum(length > 140 for length in weibo) / len(weibo) < 0.10
    assert max(weibo) <= 600
    assert max(len(post.text) for post in event if post.platform == "zhihu") > 2000
    assert all(len(post.title or "") <= 20 for post in event if post.platform == "xiaohongshu")


def test_authors_say_that_they_are_synthetic_and_texts_do_not(sandbox_corpus: list[SandboxPost]) -> None:
    authors = {(post.platform, post.author.author_id): post.author for post in sandbox_corpus}
    assert all(author.name.startswith(("合成用户", "合成媒体", "合成数码博主")) for author in authors.values())
    assert len({author.name for author in authors.values()}) == len(authors)
    assert all(author.is_verified for author in authors.values() if not author.name.startswith("合成用户"))
    assert not [post.text for post in sandbox_corpus if "合成" in own_text(post)]
    weibo = Counter(post.author.author_id for post in sandbox_corpus if post.platform == "weibo" and post.in_event)
    assert 3522 * 0.5 < len(weibo) < 3522 * 0.9, "some post several times"
    assert max(weibo.values()) < 40


def test_no_phrase_has_a_name_or_an_unknown_slot_in_braces() -> None:
    """A name in braces would be in a post by chance; an unknown slot would stay in the text."""
    text = json.dumps(PHRASES | {"mixed_in": None}, ensure_ascii=False)
    choices = [choice for part in text.split("{")[1:] for choice in part.split("}")[0].split("|")]
    assert not [choice for choice in choices if any(name in choice for name in NAMES)]
    assert not [
        choice for choice in choices if choice.isascii() and choice.isalpha() and choice not in PHRASES["slots"]
    ]


def test_no_text_contains_template_characters(sandbox_corpus: list[SandboxPost]) -> None:
    assert not [post.text for post in sandbox_corpus if any(mark in post.text + (post.title or "") for mark in "{}|")]


def test_the_listed_account_of_the_shipped_file_relays_the_statement(event: list[SandboxPost]) -> None:
    [account] = load_listening(ROOT / "listening.yaml").accounts_of("weibo")
    relayed = next(post for post in event if post.text == EVENT["statement_text"])
    assert (relayed.author.author_id, relayed.author.name) == (account.id, account.name)
