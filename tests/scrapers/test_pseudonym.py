"""Nobody can be told from what is landed, and nothing else is lost (scrapers/pseudonym.py)."""

import dataclasses
import json
import re
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contracts.raw import Author, Comment, Post, Reject
from core.platforms import PLATFORMS, Platform
from scrapers.parsers import douyin, weibo, xiaohongshu, zhihu
from scrapers.pipelines.pseudonymise import Pseudonymise
from scrapers.pseudonym import KEY_VARIABLE, load_key, pseudonym, pseudonymise, scrub

KEY = b"a key of the tests"
NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)
FIXTURES = Path(__file__).parent / "fixtures"
PARSERS: dict[Platform, ModuleType] = {"weibo": weibo, "douyin": douyin, "xiaohongshu": xiaohongshu, "zhihu": zhihu}
BODIES: list[tuple[Platform, str]] = [
    ("weibo", "search.html"),
    ("weibo", "search_older.html"),
    ("weibo", "getindex.json"),
    ("douyin", "general_search.json"),
    ("xiaohongshu", "search_notes.json"),
    ("xiaohongshu", "app_search.json"),
    ("xiaohongshu", "feed.json"),
    ("xiaohongshu", "profile.html"),
    ("zhihu", "search_v3.json"),
]
# How the people of the fixtures are called, and what else of theirs stands in them.
NAMES = re.compile(r"合成(?:用户|媒体|数码博主|作者|学者|公司|科技|认证|签名)\w*")
IDS: dict[Platform, re.Pattern[str]] = {
    "weibo": re.compile(r"10000000\d\d|3b9aca0\d|tvax|%E5%90%88%E6%88%90"),  # 3b9aca02: 1000000002 in base 16
    "douyin": re.compile(r"15000000000000\d\d"),
    "xiaohongshu": re.compile(r"5b1eb9052e31a52ca35a\w{4}|69362ae8000000003201\w{4}|ABsynthetic"),
    "zhihu": re.compile(r"6da27e30|ab7d7053|c0ffee53|synthetic-token|31439539\d"),  # the last: member_id
}


def landed_and_read_again(platform: Platform, body: bytes) -> list[tuple[Post, Post, Post]]:
    """(as parsed, as landed, as parsed from what is landed) of every post of a body."""
    triples = []
    for post in PARSERS[platform].parse_search(body, NOW).posts:
        landed = pseudonymise(post, KEY)
        [again] = PARSERS[platform].parse_search(landed.payload.encode(), NOW).posts
        triples.append((post, landed, again))
    assert triples
    return triples


@pytest.mark.parametrize(("platform", "name"), BODIES)
def test_no_person_is_left_in_what_is_landed(platform: Platform, name: str) -> None:
    body = (FIXTURES / platform / name).read_bytes()
    assert NAMES.search(body.decode())  # so that the test below can fail
    assert IDS[platform].search(body.decode())
    for _, landed, _ in landed_and_read_again(platform, body):
        for value in dataclasses.asdict(landed).values():
            assert not NAMES.search(str(value)), value
            assert not IDS[platform].search(str(value)), value


@pytest.mark.parametrize(("platform", "name"), BODIES)
def test_what_is_landed_is_read_again_as_the_same_post(platform: Platform, name: str) -> None:
    for post, landed, again in landed_and_read_again(platform, (FIXTURES / platform / name).read_bytes()):
        assert dataclasses.replace(again, author_name=None, payload=landed.payload) == landed
        told_by_nobody = {"author_id": None, "author_name": None, "payload": "", "text": ""}
        assert dataclasses.replace(post, **told_by_nobody) == dataclasses.replace(landed, **told_by_nobody)
        assert landed.author_id == (pseudonym(KEY, platform, post.author_id) if post.author_id else None)


# What reads the comments or the account of a body, and of what is landed of one.
Reading = Callable[[bytes], Sequence[Comment | Author]]


def comments(platform: Platform, post_id: str) -> Reading:
    return lambda body: PARSERS[platform].parse_comments(body, NOW, post_id).comments


def profile(platform: Platform) -> Reading:
    return lambda body: list(filter(None, [PARSERS[platform].parse_profile(body, NOW).author]))


DETAILS: list[tuple[Platform, str, Reading]] = [
    ("weibo", "hotflow.json", comments("weibo", "5251874932590001")),
    ("weibo", "hotflow_child.json", comments("weibo", "5251874932590001")),
    ("weibo", "comments_show.json", comments("weibo", "5251874932590001")),
    ("weibo", "build_comments.json", comments("weibo", "5251874932590001")),
    ("weibo", "profile_info.json", profile("weibo")),
    ("weibo", "profile_getindex.json", profile("weibo")),
    ("douyin", "comments.json", comments("douyin", "7592500000000000002")),
    ("douyin", "replies.json", comments("douyin", "7592500000000000002")),
    ("douyin", "profile.json", profile("douyin")),
    ("xiaohongshu", "comment_page.json", comments("xiaohongshu", "695bd0a0000000001e0000a1")),
    ("xiaohongshu", "comment_sub_page.json", comments("xiaohongshu", "695bd0a0000000001e0000a1")),
    ("xiaohongshu", "profile.html", profile("xiaohongshu")),
    ("zhihu", "root_comment.json", comments("zhihu", "1990000000000000001")),
    ("zhihu", "child_comment.json", comments("zhihu", "1990000000000000001")),
    ("zhihu", "member.json", profile("zhihu")),
]


@pytest.mark.parametrize(("platform", "name", "read"), DETAILS)
def test_no_person_is_left_in_comments_and_profiles_and_they_are_read_again(
    platform: Platform, name: str, read: Reading
) -> None:
    body = (FIXTURES / platform / name).read_bytes()
    assert NAMES.search(body.decode())
    assert IDS[platform].search(body.decode())
    items = read(body)
    assert items
    for item in items:
        landed = pseudonymise(item, KEY)
        for value in dataclasses.asdict(landed).values():
            assert not NAMES.search(str(value)), value
            assert not IDS[platform].search(str(value)), value
        again = read(landed.payload.encode())[0]
        words = {"verified_reason": None} if isinstance(again, Author) else {}  # of a badge: that it is there
        assert dataclasses.replace(again, author_name=None, payload=landed.payload, **words) == landed
        assert landed.author_id == (pseudonym(KEY, platform, item.author_id) if item.author_id else None)


class TestText:
    def test_the_site_s_names_in_a_tail_go_and_the_author_s_mentions_stay(self) -> None:
        text = "@合成用户0001 说得对//@合成用户0002:同意 //@合成用户0003：小米"
        [(_, landed, again)] = landed_and_read_again("weibo", _status(text=text))
        assert landed.text == again.text == "@合成用户0001 说得对//@用户:同意 //@用户：小米"

    def test_links_to_profiles_go_from_a_mention(self) -> None:
        text = "问问<a href='/n/合成用户0001'>@合成用户0001</a>//<a href='/n/合成用户0002'>@合成用户0002</a>:好"
        [(_, landed, again)] = landed_and_read_again("weibo", _status(text=text))
        assert landed.text == again.text == "问问@合成用户0001//@用户:好"
        assert "/n/合成" not in landed.payload
        assert "合成用户0002" not in landed.payload

    def test_an_author_named_like_a_word_does_not_lose_the_word(self) -> None:
        user = {"id": 1000000001, "screen_name": "小米公司"}
        topics = [{"topic_title": "小米公司致歉"}]
        status = _status(
            text="小米公司今天致歉", user=user, topic_struct=topics, page_info={"page_title": "小米公司的主页"}
        )
        [(_, landed, again)] = landed_and_read_again("weibo", status)
        assert landed.text == again.text == "小米公司今天致歉"
        assert landed.hashtags == again.hashtags == ["小米公司致歉"]
        assert "小米公司的主页" not in landed.payload

    def test_addresses_in_a_text_are_no_tail(self) -> None:
        [(_, landed, _)] = landed_and_read_again("weibo", _status(text="看 https://t.cn/A6:b 和 http://x.cn/@a"))
        assert landed.text == "看 https://t.cn/A6:b 和 http://x.cn/@a"

    def test_replies_name_nobody(self) -> None:
        comment = Comment(platform="weibo", comment_id="1", post_id="2", text="回复@合成用户0001:对", posted_at=NOW,
                          author_id="1000000001", observed_at=NOW,
                          payload='{"text":"回复<a href=\'/n/合成用户0001\'>@合成用户0001</a>:对"}')  # fmt: skip
        landed = pseudonymise(comment, KEY)
        assert landed.text == "回复@用户:对"
        assert "合成用户" not in landed.payload


class TestJson:
    def test_ids_go_wherever_they_stand(self) -> None:
        status = _status(
            user={"id": 1000000001, "idstr": "1000000001", "screen_name": "合成用户0001", "remark": "x"},
            page_info={"oid": "1000000001", "author_id": 1000000001, "info": ["mid:1|muid:1000000001|uid:1000000099"],
                       "url": "https://weibo.com/u/1000000098", "fid": "1076031000000097_-_WEIBO",
                       "pic": "https://wx1.sinaimg.cn/large/008l5vt8ly1ha39mbf9hoj30qo460toz.jpg"},
        )  # fmt: skip
        [(_, landed, _)] = landed_and_read_again("weibo", status)
        assert not re.search(r"10000000\d\d|008l5vt8", landed.payload)
        assert json.loads(landed.payload)["page_info"]["oid"] == landed.author_id

    def test_a_count_that_is_no_id_stays(self) -> None:
        [(_, landed, again)] = landed_and_read_again("weibo", _status(attitudes_count=1000000))
        assert landed.like_count == again.like_count == 1000000

    def test_nobody_stays_nobody(self) -> None:
        record = {"type": "answer", "author": {"id": "0", "url_token": "", "name": "匿名用户"}}
        assert json.loads(scrub(json.dumps(record), "zhihu", KEY))["author"] == {"id": "0"}

    def test_of_a_description_it_is_kept_that_there_is_one(self) -> None:
        record = {"author": {"id": "a" * 32, "badge": [{"type": "identity", "description": "合成公司 员工"}]}}
        author = json.loads(scrub(json.dumps(record), "zhihu", KEY))["author"]
        assert author["badge"] == [{"type": "identity"}]
        custom = json.loads(scrub('{"author":{"uid":"1","custom_verify":"合成官方"}}', "douyin", KEY))
        assert custom["author"]["custom_verify"] == "…"

    def test_people_in_lists_and_bare_names(self) -> None:
        record = {"authors": ["合成学者"], "user": "合成用户0001", "following_upvoter": [{"name": "合成用户0002"}]}
        assert "合成" not in scrub(json.dumps(record), "zhihu", KEY)

    def test_the_same_person_stays_the_same(self) -> None:
        record = {"user": {"id": 1000000001}, "retweeted_status": {"user": {"id": 1000000001}}, "uid": "1000000001"}
        scrubbed = json.loads(scrub(json.dumps(record), "weibo", KEY))
        expected = pseudonym(KEY, "weibo", "1000000001")
        assert scrubbed == {"user": {"id": expected}, "retweeted_status": {"user": {"id": expected}}, "uid": expected}


@given(st.lists(st.sampled_from(["1000001", "100000", "x", "-", "信", " ", "1"])))
def test_an_id_goes_wherever_it_stands_alone_and_nowhere_else(parts: list[str]) -> None:
    text = "".join(parts)
    record = json.dumps({"uid": "1000001", "note": text}, ensure_ascii=False)
    by = pseudonym(KEY, "weibo", "1000001")
    expected = re.sub(r"(?<![0-9A-Za-z])1000001(?![0-9A-Za-z])", by, text)
    assert json.loads(scrub(record, "weibo", KEY)) == {"uid": by, "note": expected}


@given(st.text(), st.sampled_from(PLATFORMS))
def test_nothing_breaks_it(payload: str, platform: Platform) -> None:
    scrub(payload, platform, KEY).encode("utf-8")
    scrub("{" + payload, platform, KEY).encode("utf-8")
    scrub(json.dumps({payload: [payload, {"user": payload, "uid": [payload]}]}), platform, KEY).encode("utf-8")


def test_rejects_are_scrubbed_on_their_way_to_quarantine() -> None:
    record = json.dumps({"user": {"id": 1000000001, "screen_name": "合成用户0001"}, "text": "x"})
    reject = Reject(platform="weibo", source="u", position="card 1", reason="r", record=record, observed_at=NOW)
    scrubbed = Pseudonymise(KEY, {}).process_item(reject)
    assert "合成用户" not in scrubbed.record
    assert "1000000001" not in scrubbed.record
    assert dataclasses.replace(scrubbed, record=record) == reject


def test_rows_of_hot_lists_name_nobody_who_asked() -> None:
    page = zhihu.parse_hot_list((FIXTURES / "zhihu" / "hot_list_web.json").read_bytes(), NOW)
    assert any(NAMES.search(row.payload) and IDS["zhihu"].search(row.payload) for row in page.items)
    for row in page.items:
        landed = Pseudonymise(KEY, {}).process_item(row)
        assert not NAMES.search(landed.payload)
        assert not IDS["zhihu"].search(landed.payload)
        assert dataclasses.replace(landed, payload=row.payload) == row


def test_authors_too() -> None:
    author = Author(platform="weibo", author_id="1000000001", author_name="合成用户0001", observed_at=NOW, payload="{}")
    landed = pseudonymise(author, KEY)
    assert (landed.author_id, landed.author_name) == (pseudonym(KEY, "weibo", "1000000001"), None)


class TestPseudonym:
    def test_depends_on_key_platform_and_person(self) -> None:
        one = pseudonym(KEY, "weibo", "1")
        assert re.fullmatch(r"[0-9a-f]{20}", one)
        assert one == pseudonym(KEY, "weibo", "1")
        assert (
            len({one, pseudonym(b"x", "weibo", "1"), pseudonym(KEY, "zhihu", "1"), pseudonym(KEY, "weibo", "2")}) == 4
        )


class TestKey:
    def test_of_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "given")
        assert load_key(tmp_path) == b"given"
        assert list(tmp_path.iterdir()) == []

    def test_made_once_and_for_its_owner_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(KEY_VARIABLE, raising=False)
        key = load_key(tmp_path / "new")
        [path] = (tmp_path / "new").iterdir()
        assert len(key) == 64
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert load_key(tmp_path / "new") == key


REAL_BODIES: list[tuple[Platform, str]] = [
    ("weibo", "weibo/m_getindex/cards.json"),
    ("weibo", "weibo/m_getindex/retweets.json"),
    ("weibo", "weibo/ajax/mymblog_item.json"),
    ("zhihu", "zhihu/web/search_v3.json"),
    ("zhihu", "zhihu/web/answer_detail.json"),
    ("douyin", "douyin/app_search/search.json"),
    ("xiaohongshu", "xiaohongshu/web/search_notes.json"),
    ("xiaohongshu", "xiaohongshu/web/feed.json"),
    ("xiaohongshu", "xiaohongshu/app_search/search.json"),
]


def _people(value: Any, is_person: bool = False) -> set[str]:
    """Ids and names of people in a real record, by the keys that the sites use for a person."""
    if isinstance(value, list):
        return set().union(*(_people(member, is_person) for member in value))
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for name, member in value.items():
        telling = ("id", "idstr", "uid", "sec_uid", "user_id", "userid", "nickname", "screen_name", "name", "url_token")
        if is_person and name in telling and len(str(member)) > 5:
            found.add(str(member))
        found |= _people(member, name in ("user", "author", "author_info", "user_info"))
    return found


@pytest.mark.parametrize(("platform", "name"), REAL_BODIES)
def test_real_bodies(shared: Path, platform: Platform, name: str) -> None:
    for post, landed, again in landed_and_read_again(platform, (shared / "real" / name).read_bytes()):
        people = _people(json.loads(post.payload))
        assert people or name.endswith("feed.json")
        for person in people:
            assert person not in landed.payload
        if post.author_id:
            assert post.author_id not in landed.payload
        assert dataclasses.replace(again, author_name=None, payload=landed.payload) == landed


REAL_COMMENTS: list[tuple[Platform, str, str]] = [
    ("weibo", "weibo/m_getindex/hotflow_comments.json", "4383183740924990"),
    ("weibo", "weibo/m_getindex/comments_show.json", "4383183740924990"),
    ("zhihu", "zhihu/web/comment_v5.json", "1936787046304842491"),
    ("douyin", "douyin/app_search/comments.json", "7565738211130035491"),
    ("xiaohongshu", "xiaohongshu/web/comment_page.json", "66696f98000000000d00f289"),
    ("xiaohongshu", "xiaohongshu/web/comment_sub_page.json", "66f4f758000000001902f8e1"),
    ("xiaohongshu", "xiaohongshu/app_search/comments.json", "6683b283000000001f0052bf"),
]


@pytest.mark.parametrize(("platform", "name", "post_id"), REAL_COMMENTS)
def test_real_comments(shared: Path, platform: Platform, name: str, post_id: str) -> None:
    read = comments(platform, post_id)
    for comment in read((shared / "real" / name).read_bytes()):
        landed = pseudonymise(comment, KEY)
        people = _people(json.loads(comment.payload))
        assert comment.author_id in people
        for person in people:
            assert person not in landed.payload
        again = read(landed.payload.encode())[0]
        assert dataclasses.replace(again, author_name=None, payload=landed.payload) == landed


@pytest.mark.parametrize("name", ["m_getindex/user_info.json", "ajax/profile_0.json", "ajax/profile_1.json"])
def test_real_profiles(shared: Path, name: str) -> None:
    [author] = profile("weibo")((shared / "real/weibo" / name).read_bytes())
    landed = pseudonymise(author, KEY)
    assert author.author_id not in landed.payload
    assert author.author_name is not None
    assert author.author_name not in landed.payload
    [again] = profile("weibo")(landed.payload.encode())
    assert dataclasses.replace(again, author_name=None, payload=landed.payload, verified_reason=None) == landed


def _status(**fields: Any) -> bytes:
    status = {"id": "5251874932590001", "created_at": "01-05", "text": "小米", "reposts_count": 1}
    return json.dumps(status | fields, ensure_ascii=False).encode()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_of_json_that_is_cut_nothing_is_kept(platform: Platform) -> None:
    cut = '{"data": {"user": {"nickname": "某个真名", "user_id": "5f0000000000000000000001"}, "desc": "小'
    assert scrub(cut, platform, KEY) == f"{len(cut)} characters of damaged JSON, not kept, for they may name people"
    assert scrub(f"\ufeff {cut}", platform, KEY).startswith(f"{len(cut) + 2} characters")
