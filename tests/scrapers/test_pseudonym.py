"""Pseudonymisation, rule by rule (scrapers/pseudonym.py). parsers/test_cases.py tests it with every parser case."""

import dataclasses
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contracts.raw import Author, Comment, Post, Reject
from core.platforms import PLATFORMS, Platform
from core.storage.pseudonym_key import pseudonym
from scrapers.pipelines.pseudonymise import Pseudonymise
from scrapers.pseudonym import pseudonymise, scrub
from tests.scrapers.parsers.parser_cases import PARSERS, post_id_in

KEY = b"a key of the tests"
NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)


def landed_and_parsed_again(platform: Platform, body: bytes) -> list[tuple[Post, Post, Post]]:
    """(as parsed, as landed, as parsed from the landed payload) of every post of a body."""
    triples = []
    for post in PARSERS[platform].parse_search(body, NOW).posts:
        landed = pseudonymise(post, KEY)
        [again] = PARSERS[platform].parse_search(landed.payload.encode(), NOW).posts
        triples.append((post, landed, again))
    assert triples
    return triples


class TestText:
    def test_names_in_a_repost_tail_are_replaced_and_the_mentions_of_the_author_stay(self) -> None:
        text = "@合成用户0001 说得对//@合成用户0002:同意 //@合成用户0003：小米"
        [(_, landed, again)] = landed_and_parsed_again("weibo", _status(text=text))
        assert landed.text == again.text == "@合成用户0001 说得对//@用户:同意 //@用户：小米"

    def test_the_profile_link_of_a_mention_is_removed(self) -> None:
        text = "问问<a href='/n/合成用户0001'>@合成用户0001</a>//<a href='/n/合成用户0002'>@合成用户0002</a>:好"
        [(_, landed, again)] = landed_and_parsed_again("weibo", _status(text=text))
        assert landed.text == again.text == "问问@合成用户0001//@用户:好"
        assert "/n/合成" not in landed.payload
        assert "合成用户0002" not in landed.payload

    def test_a_word_of_the_text_that_is_also_a_name_stays(self) -> None:
        user = {"id": 1000000001, "screen_name": "小米公司"}
        topics = [{"topic_title": "小米公司致歉"}]
        status = _status(
            text="小米公司今天致歉", user=user, topic_struct=topics, page_info={"page_title": "小米公司的主页"}
        )
        [(_, landed, again)] = landed_and_parsed_again("weibo", status)
        assert landed.text == again.text == "小米公司今天致歉"
        assert landed.hashtags == again.hashtags == ["小米公司致歉"]
        assert "小米公司的主页" not in landed.payload

    def test_an_address_in_a_text_is_not_a_tail(self) -> None:
        [(_, landed, _)] = landed_and_parsed_again("weibo", _status(text="看 https://t.cn/A6:b 和 http://x.cn/@a"))
        assert landed.text == "看 https://t.cn/A6:b 和 http://x.cn/@a"

    def test_the_name_that_a_reply_begins_with_is_replaced(self) -> None:
        comment = Comment(platform="weibo", comment_id="1", post_id="2", text="回复@合成用户0001:对", posted_at=NOW,
                          author_id="1000000001", observed_at=NOW,
                          payload='{"text":"回复<a href=\'/n/合成用户0001\'>@合成用户0001</a>:对"}')  # fmt: skip
        landed = pseudonymise(comment, KEY)
        assert landed.text == "回复@用户:对"
        assert "合成用户" not in landed.payload


class TestJson:
    def test_ids_are_replaced_in_every_place(self) -> None:
        status = _status(
            user={"id": 1000000001, "idstr": "1000000001", "screen_name": "合成用户0001", "remark": "x"},
            page_info={"oid": "1000000001", "author_id": 1000000001, "info": ["mid:1|muid:1000000001|uid:1000000099"],
                       "url": "https://weibo.com/u/1000000098", "fid": "1076031000000097_-_WEIBO",
                       "pic": "https://wx1.sinaimg.cn/large/008l5vt8ly1ha39mbf9hoj30qo460toz.jpg"},
        )  # fmt: skip
        [(_, landed, _)] = landed_and_parsed_again("weibo", status)
        assert not re.search(r"10000000\d\d|008l5vt8", landed.payload)
        assert json.loads(landed.payload)["page_info"]["oid"] == landed.author_id

    def test_a_count_stays(self) -> None:
        [(_, landed, again)] = landed_and_parsed_again("weibo", _status(attitudes_count=1000000))
        assert landed.like_count == again.like_count == 1000000

    def test_the_id_of_anonymous_users_stays(self) -> None:
        record = {"type": "answer", "author": {"id": "0", "url_token": "", "name": "匿名用户"}}
        assert json.loads(scrub(json.dumps(record), "zhihu", KEY))["author"] == {"id": "0"}

    def test_only_the_presence_of_a_verification_is_kept(self) -> None:
        record = {"author": {"id": "a" * 32, "badge": [{"type": "identity", "description": "合成公司 员工"}]}}
        author = json.loads(scrub(json.dumps(record), "zhihu", KEY))["author"]
        assert author["badge"] == [{"type": "identity"}]
        custom = json.loads(scrub('{"author":{"uid":"1","custom_verify":"合成官方"}}', "douyin", KEY))
        assert custom["author"]["custom_verify"] == "…"

    def test_a_verification_outside_a_person_is_removed_as_well(self) -> None:
        record = {"ext": {"uid": "1000000106", "user_name": "合成用户0106", "verified_reason": "合成公司 员工"}}
        [scrubbed] = json.loads(scrub(json.dumps(record), "weibo", KEY)).values()
        assert (scrubbed["user_name"], scrubbed["verified_reason"]) == ("", "…")

    def test_the_title_of_a_sound_does_not_name_its_maker(self) -> None:
        record = {"music": {"title": '@合成"用户0101创作的原声', "author": "合成用户"}, "desc": "听@某人创作的原声"}
        scrubbed = json.loads(scrub(json.dumps(record), "douyin", KEY))
        assert (scrubbed["music"]["title"], scrubbed["desc"]) == ("@用户创作的原声", "听@某人创作的原声")

    def test_persons_in_lists_and_bare_names_are_removed(self) -> None:
        record = {"authors": ["合成学者"], "user": "合成用户0001", "following_upvoter": [{"name": "合成用户0002"}]}
        assert "合成" not in scrub(json.dumps(record), "zhihu", KEY)

    def test_a_person_has_the_same_pseudonym_in_every_place(self) -> None:
        record = {"user": {"id": 1000000001}, "retweeted_status": {"user": {"id": 1000000001}}, "uid": "1000000001"}
        scrubbed = json.loads(scrub(json.dumps(record), "weibo", KEY))
        expected = pseudonym(KEY, "weibo", "1000000001")
        assert scrubbed == {"user": {"id": expected}, "retweeted_status": {"user": {"id": expected}}, "uid": expected}


def test_devices_that_may_be_named_after_people_go_and_the_regions_of_comments_stay() -> None:
    record = {"text": "x", "source": "合成用户的iPhone", "comment": {"source": "来自广东"}}
    assert json.loads(scrub(json.dumps(record), "weibo", KEY)) == record | {"source": "…"}
    card = '<div class="from">来自 <a href="//app.weibo.com/t/feed/6vtZb0" rel="nofollow">合成用户的iPhone</a></div>'
    assert "合成用户" not in scrub(card, "weibo", KEY)


# Pages of people as other platforms' pages link to them: person -> address.
PAGES = {
    "1000000001": "https://weibo.com/u/1000000001",
    "1000000002": "https://weibo.com/1000000002/QlKFGj1uE",
    "1000000003": "https://m.weibo.cn/profile/1000000003?from=x",
    "1000000004": "https://weibo.com/p/1005051000000004/home",
    "合成用户0005": "https://weibo.com/n/合成用户0005",
    "hechengyonghu": "https://weibo.com/hechengyonghu?refer=x",
    "1000000007": "https:\\/\\/weibo.com\\/u\\/1000000007",
    "1000000008": "https%3A%2F%2Fweibo.com%2Fu%2F1000000008",
    "1000000009": "https://m.weibo.cn/x?a=1&uid=1000000009",
    "5f0000000000000000000010": "https://www.xiaohongshu.com/user/profile/5f0000000000000000000010",
    "MS4wLjABAAAAsynthetic": "https://www.douyin.com/user/MS4wLjABAAAAsynthetic",
    "he-cheng-12": "https://www.zhihu.com/people/he-cheng-12/answers",
    "1000000013": "https://space.bilibili.com/1000000013",
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("person", PAGES)
def test_pages_of_people_on_any_platform_are_scrubbed_in_every_payload(person: str, platform: Platform) -> None:
    address = PAGES[person]
    reject = Reject(platform=platform, source="u", position="page", reason="r", record="", observed_at=NOW)
    for record in (
        json.dumps({"desc": f"看 {address} 吧", "urls": [{"link": address}]}, ensure_ascii=False),
        f'<p>看 <a href="{address}" title="合成用户0005">这里</a></p><script>var x = {{"l": "{address}"}}</script>',
        f"plain text with {address}",
    ):
        assert person not in Pseudonymise(KEY, {}).process_item(dataclasses.replace(reject, record=record)).record
    post = Post(platform=platform, post_id="1234", text=f"看 {address}", title=address, posted_at=NOW, author_id=None,
                post_url="https://x", post_type="text", observed_at=NOW, payload="{}")  # fmt: skip
    landed = pseudonymise(post, KEY)
    assert person not in f"{landed.text} {landed.title}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_cards_of_weibo_are_scrubbed_on_the_pages_of_every_platform(platform: Platform) -> None:
    card = '<a class="name" nick-name="合成用户0001" href="//weibo.com/1000000001?refer=x">合成用户0001</a>'
    card += '<a usercard="id=1000000002">a</a>'
    card += '<a href="?uname=%E5%90%88%E6%88%90%E7%94%A8%E6%88%B70001&uid=1000000003">b</a>'
    scrubbed = scrub(f"<html>{card}</html>", platform, KEY)
    assert not re.search("合成用户|%E5%90%88|100000000", scrubbed)


@pytest.mark.parametrize(
    "address",
    [
        "https://m.weibo.cn/detail/5251874932590001",
        "https://weibo.com/ttarticle/p/show?id=2309405251874932590001",
        "https://s.weibo.com/weibo?q=x",
        "https://www.zhihu.com/question/1/answer/1991234567890",
        "https://www.douyin.com/video/7591234567890123456",
        "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7",
        "https://www.bilibili.com/video/BV17x411w7KC",
    ],
)
def test_addresses_of_posts_stay(address: str) -> None:
    for platform in PLATFORMS:
        assert address in scrub(json.dumps({"desc": address}), platform, KEY)


@given(st.lists(st.sampled_from(["1000001", "100000", "x", "-", "信", " ", "1"])))
def test_an_id_is_replaced_unless_it_is_part_of_a_longer_word(parts: list[str]) -> None:
    text = "".join(parts)
    record = json.dumps({"uid": "1000001", "note": text}, ensure_ascii=False)
    by = pseudonym(KEY, "weibo", "1000001")
    expected = re.sub(r"(?<![0-9A-Za-z])1000001(?![0-9A-Za-z])", by, text)
    assert json.loads(scrub(record, "weibo", KEY)) == {"uid": by, "note": expected}


@given(st.text(), st.sampled_from(PLATFORMS))
def test_any_text_can_be_scrubbed(payload: str, platform: Platform) -> None:
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


def test_a_profile_has_a_pseudonym_and_no_name() -> None:
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


PERSON_KEYS = {"user", "author", "author_info", "user_info"}
IDENTIFYING_KEYS = {
    "id", "idstr", "uid", "sec_uid", "user_id", "userid", "nickname", "screen_name", "name", "url_token",
}  # fmt: skip
NAME_KEYS = {"owner_nickname", "owner_handle", "publish_username", "user_name", "author_name"}


def _people(value: Any, is_person: bool = False) -> set[str]:
    """Ids and names of people in a recorded record, by the keys that the sites use for a person."""
    if isinstance(value, list):
        return set().union(*(_people(member, is_person) for member in value))
    if not isinstance(value, dict):
        return set()
    people: set[str] = set()
    for name, member in value.items():
        is_identity = is_person and name in IDENTIFYING_KEYS and len(str(member)) > 5
        if is_identity or (name in NAME_KEYS and isinstance(member, str) and len(member) > 2):
            people.add(str(member))
        people |= _people(member, name in PERSON_KEYS)
    return people


@pytest.mark.parametrize(("platform", "name"), REAL_BODIES)
def test_recorded_posts(shared: Path, platform: Platform, name: str) -> None:
    for post, landed, again in landed_and_parsed_again(platform, (shared / "real" / name).read_bytes()):
        people = _people(json.loads(post.payload))
        assert people or name.endswith("feed.json")
        for person in people:
            assert person not in landed.payload
        if post.author_id:
            assert post.author_id not in landed.payload
        assert dataclasses.replace(again, author_name=None, payload=landed.payload) == landed


REAL_COMMENTS: list[tuple[Platform, str]] = [
    ("weibo", "weibo/m_getindex/hotflow_comments.json"),
    ("weibo", "weibo/m_getindex/comments_show.json"),
    ("zhihu", "zhihu/web/comment_v5.json"),
    ("douyin", "douyin/app_search/comments.json"),
    ("xiaohongshu", "xiaohongshu/web/comment_page.json"),
    ("xiaohongshu", "xiaohongshu/web/comment_sub_page.json"),
    ("xiaohongshu", "xiaohongshu/app_search/comments.json"),
]


@pytest.mark.parametrize(("platform", "name"), REAL_COMMENTS)
def test_recorded_comments(shared: Path, platform: Platform, name: str) -> None:
    parse, body = PARSERS[platform].parse_comments, (shared / "real" / name).read_bytes()
    post_id = post_id_in(body)
    for comment in parse(body, NOW, post_id).comments:
        landed = pseudonymise(comment, KEY)
        people = _people(json.loads(comment.payload))
        assert comment.author_id in people
        for person in people:
            assert person not in landed.payload
        again = parse(landed.payload.encode(), NOW, post_id).comments[0]
        assert dataclasses.replace(again, author_name=None, payload=landed.payload) == landed


@pytest.mark.parametrize("name", ["m_getindex/user_info.json", "ajax/profile_0.json", "ajax/profile_1.json"])
def test_recorded_profiles(shared: Path, name: str) -> None:
    author = PARSERS["weibo"].parse_profile((shared / "real/weibo" / name).read_bytes(), NOW).author
    landed = pseudonymise(author, KEY)
    assert author.author_id not in landed.payload
    assert author.author_name is not None
    assert author.author_name not in landed.payload
    again = PARSERS["weibo"].parse_profile(landed.payload.encode(), NOW).author
    assert dataclasses.replace(again, author_name=None, payload=landed.payload, verified_reason=None) == landed


def _status(**fields: Any) -> bytes:
    status = {"id": "5251874932590001", "created_at": "01-05", "text": "小米", "reposts_count": 1}
    return json.dumps(status | fields, ensure_ascii=False).encode()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_only_the_length_of_damaged_json_is_kept(platform: Platform) -> None:
    cut = '{"data": {"user": {"nickname": "某个真名", "user_id": "5f0000000000000000000001"}, "desc": "小'
    assert scrub(cut, platform, KEY) == f"{len(cut)} characters of damaged JSON, not kept, for they may name people"
    assert scrub(f"\ufeff {cut}", platform, KEY).startswith(f"{len(cut) + 2} characters")
