"""The synthetic comments: as many as the post's count at any time, and reproducible."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest

from core.platforms import CRAWLED_PLATFORMS, Platform
from sandbox.corpus import SandboxComment, SandboxPost
from sandbox.discussion import COMMENTERS, SHOWN, commenter, comments_of, post_of, replies_to
from sandbox.growth import MATURE, visible
from sandbox.making import STATEMENT
from sandbox.wording import AFTER_STATEMENT
from scrapers.parsers.values import weibo_id_time, xiaohongshu_id_time
from tests.douyin_ids import douyin_id_time


@pytest.fixture(scope="module")
def commented(sandbox_corpus: list[SandboxPost]) -> list[SandboxPost]:
    """The ten posts of the event with the most comments per platform, and some other posts."""
    most = sorted(sandbox_corpus, key=lambda post: -post.comments)
    of_event = [
        post
        for platform in CRAWLED_PLATFORMS
        for post in [p for p in most if p.in_event and p.platform == platform][:10]
    ]
    return of_event + [post for post in most if not post.in_event and 0 < post.comments < 100][:10]


@pytest.fixture(scope="module")
def discussions(commented: list[SandboxPost]) -> list[tuple[SandboxPost, list[SandboxComment]]]:
    return [(post, comments_of(post)) for post in commented]


def test_there_are_as_many_comments_as_the_post_counts(
    discussions: list[tuple[SandboxPost, list[SandboxComment]]],
) -> None:
    assert sum(post.comments for post, _ in discussions) > 10_000
    for post, comments in discussions:
        assert len(comments) == post.comments
        assert {comment.post_id for comment in comments} == {post.post_id}
        assert all(post.posted_at <= comment.posted_at <= post.posted_at + MATURE for comment in comments)
    assert comments_of(replace(discussions[0][0], comments=0)) == []


def test_huge_discussions_are_cut(sandbox_corpus: list[SandboxPost]) -> None:
    huge = max(sandbox_corpus, key=lambda post: post.comments)
    assert huge.comments > 100_000
    assert len(comments_of(huge)) == SHOWN
    assert max(post.comments for post in sandbox_corpus if post.in_event) < SHOWN


def test_roots_are_sorted_by_likes_and_followed_by_their_replies(
    discussions: list[tuple[SandboxPost, list[SandboxComment]]],
) -> None:
    replies = 0
    for post, comments in discussions:
        roots = [comment for comment in comments if comment.root_id is None]
        assert [root.likes for root in roots] == sorted((root.likes for root in roots), reverse=True)
        threads = [
            list(thread) for _, thread in groupby(comments, lambda comment: comment.root_id or comment.comment_id)
        ]
        assert len(threads) == len(roots)
        for root, *answers in threads:
            assert root.root_id is None
            assert answers == replies_to(post, root.comment_id)
            times = [comment.posted_at for comment in (root, *answers)]
            assert times == sorted(times)
            for place, answer in enumerate(answers):
                assert answer.answers_id in [root.comment_id, *(earlier.comment_id for earlier in answers[:place])]
            replies += len(answers)
    number = sum(len(comments) for _, comments in discussions)
    assert 0.25 < replies / number < 0.4
    assert replies_to(commented_most(discussions), "0") == []


def commented_most(discussions: list[tuple[SandboxPost, list[SandboxComment]]]) -> SandboxPost:
    return max((post for post, _ in discussions), key=lambda post: post.comments)


def test_some_threads_are_longer_than_a_page(discussions: list[tuple[SandboxPost, list[SandboxComment]]]) -> None:
    for platform in ("weibo", "douyin"):
        longest = Counter(
            (comment.post_id, comment.root_id)
            for post, comments in discussions
            if post.platform == platform
            for comment in comments
            if comment.root_id
        ).most_common(1)[0][1]
        assert longest > 20


def test_comments_appear_with_the_count(commented: list[SandboxPost]) -> None:
    post = max((post for post in commented if post.platform == "weibo"), key=lambda post: post.comments)
    before: dict[str, SandboxComment] = {}
    for hours in (1, 6, 24, 72, 200):
        now = post.posted_at + timedelta(hours=hours)
        [shown] = visible([post], now)
        comments = comments_of(shown)
        assert len(comments) == shown.comments
        assert all(comment.posted_at <= now for comment in comments)
        after = {comment.comment_id: comment for comment in comments}
        for comment_id, comment in before.items():
            assert replace(after[comment_id], likes=comment.likes) == comment
            assert after[comment_id].likes >= comment.likes
        assert len(before) < len(after) or hours > 72
        before = after
    assert list(before.values()) == comments_of(post)


@pytest.mark.parametrize("platform", CRAWLED_PLATFORMS)
def test_ids_have_the_platforms_format_and_time(
    discussions: list[tuple[SandboxPost, list[SandboxComment]]], platform: Platform
) -> None:
    comments = [comment for post, of_post in discussions if post.platform == platform for comment in of_post]
    assert len({comment.comment_id for comment in comments}) == len(comments)
    for comment in comments:
        match platform:
            case "weibo":
                assert len(comment.comment_id) == 16
                assert weibo_id_time(comment.comment_id) == comment.posted_at
            case "douyin":
                assert len(comment.comment_id) == 19
                assert douyin_id_time(comment.comment_id) == comment.posted_at
            case "xiaohongshu":
                issued = xiaohongshu_id_time(comment.comment_id)
                assert issued is not None
                assert timedelta(seconds=1) <= comment.posted_at - issued <= timedelta(seconds=11)
            case "zhihu":
                assert comment.comment_id.isdigit()
                assert 10 <= len(comment.comment_id) <= 11


def test_commenters_are_synthetic_do_not_post_and_comment_repeatedly(
    discussions: list[tuple[SandboxPost, list[SandboxComment]]], sandbox_corpus: list[SandboxPost]
) -> None:
    posters = {(post.platform, post.author.author_id) for post in sandbox_corpus}
    names = {post.author.name for post in sandbox_corpus}
    people = [(platform, commenter(platform, number)) for platform in CRAWLED_PLATFORMS for number in range(COMMENTERS)]
    assert len({(platform, author.author_id) for platform, author in people} - posters) == len(people)
    assert len({author.name for _, author in people} - names) == len(people)
    assert all(author.name.startswith("合成用户") for _, author in people)
    for post, comments in discussions:
        if len(comments) > 100:
            authors = Counter(comment.author.author_id for comment in comments)
            assert 0.5 * len(comments) < len(authors) < len(comments)
            assert all(comment.root_id for comment in comments if comment.author == post.author)
    assert any(comment.author == post.author for post, comments in discussions for comment in comments)


def test_texts_fit_the_post_and_its_time(
    discussions: list[tuple[SandboxPost, list[SandboxComment]]],
) -> None:
    texts = [comment.text for _, comments in discussions for comment in comments]
    assert 0 < texts.count("") < 0.03 * len(texts)
    assert not [text for text in texts if any(mark in text for mark in "{}|")]
    early = [c for _, comments in discussions for c in comments if c.posted_at < STATEMENT]
    assert early
    assert not [comment.text for comment in early if AFTER_STATEMENT.search(comment.text)]
    others = {comment.text for post, comments in discussions if not post.in_event for comment in comments}
    assert not [text for text in others if any(name in text for name in ("大熊", "徐洁云", "KOL"))]


def test_the_comments_depend_on_the_post_alone(commented: list[SandboxPost]) -> None:
    post = commented[0]
    twin = replace(post, text="edited since", likes=post.likes + 1, edited_at=datetime(2026, 1, 9, tzinfo=UTC))
    assert comments_of(twin) == comments_of(post)
    assert comments_of(replace(post, post_id=commented[1].post_id)) != comments_of(post)


@pytest.mark.parametrize("platform", ["weibo", "zhihu"])
def test_a_comments_post_is_found_by_the_comments_id(platform: Platform, sandbox_corpus: list[SandboxPost]) -> None:
    posts = [post for post in sandbox_corpus if post.platform == platform]
    few = [post for post in posts if 0 < post.comments < 30][:40]
    assert few
    for post in few:
        assert post_of(posts, comments_of(post)[-1].comment_id) is post
    assert post_of(posts, "1") is None
    assert post_of(posts, "no id") is None
