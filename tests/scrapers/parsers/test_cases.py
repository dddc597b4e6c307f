"""Every parser case: the result is exactly the expected one, can be parsed again, and is landed without persons."""

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from core.contracts.raw import Author, HotItem, Post
from core.platforms import CRAWLED_PLATFORMS
from core.storage.pseudonym_key import pseudonym
from scrapers.parsers.values import weibo_id_time, xiaohongshu_id_time
from scrapers.pipelines.pseudonymise import Pseudonymise
from tests.douyin_ids import douyin_id_time
from tests.scrapers.parsers.mutations import places
from tests.scrapers.parsers.parser_cases import CASES as CASES_FOLDER
from tests.scrapers.parsers.parser_cases import Case, all_cases, described, differences, items_of, load_case

KEY = b"a key of the tests"
CASES = all_cases()
PARSED = [(case, function) for case in CASES for function in case.expected["pages"]]
IDS = [f"{case.name} {function}" for case, function in PARSED]
# Functions for another kind of body than the case's. The body of parse_long_text has no items, a refusal has no kind.
FOREIGN = [
    (case, function)
    for case in CASES
    for kind in (["parse_search"], ["parse_comments", "parse_replies"])
    for function in kind
    if case.expected["pages"].keys().isdisjoint([*kind, "parse_long_text"])
    if all(page["state"] == "ok" for page in case.expected["pages"].values())
]
# Keys whose values are a person or a list of persons, and the keys of a person that identify it.
PERSON_KEYS = {
    "user", "author", "author_info", "user_info", "userInfo", "basicInfo", "member", "at_users", "reply_to_author",
}  # fmt: skip
IDENTIFYING_KEYS = {
    "id", "idstr", "uid", "sec_uid", "unique_id", "short_id", "user_id", "userid", "userId", "red_id", "redId",
    "nickname", "nick_name", "screen_name", "name", "url_token", "urlToken", "description", "signature", "desc",
    "headline", "verified_reason", "custom_verify", "enterprise_verify_reason",
}  # fmt: skip


def test_every_crawled_platform_has_cases_that_say_what_they_show() -> None:
    assert {case.platform for case in CASES} == set(CRAWLED_PLATFORMS)
    assert all(case.expected["shows"] for case in CASES)


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_the_result_is_the_expected_one(case: Case, function: str) -> None:
    page = case.parse(function, case.body)
    place = f"{case.name}: {function}"
    assert list(differences(case.expected["pages"][function], described(page), place)) == []
    for item in [*items_of(page), *getattr(page, "rejects", [])]:
        assert (item.platform, item.observed_at) == (case.platform, case.observed_at)


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_the_payload_of_an_item_is_the_record_as_received(case: Case, function: str) -> None:
    page = case.parse(function, case.body)
    if case.path.suffix != ".json":
        assert all(reject.record for reject in getattr(page, "rejects", []))
        return
    values = [json.loads(case.body), *(holder[key] for holder, key in places(json.loads(case.body)))]
    for item in items_of(page):
        record = json.loads(item.payload)
        # An account is put under the key by which it is recognised as a person.
        assert (next(iter(record.values())) if isinstance(item, Author) else record) in values
    for reject in getattr(page, "rejects", []):
        assert json.loads(reject.record) in values


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_the_payload_of_an_item_is_parsed_as_the_same_item(case: Case, function: str) -> None:
    items = items_of(case.parse(function, case.body))
    for number, item in enumerate(items):
        if isinstance(item, HotItem):  # its rank follows from the rows around it
            continue
        again = items_of(case.parse(function, item.payload.encode()))
        assert again[0] == item
        assert again == items[number : number + len(again)]  # a comment's payload includes the replies below it


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_a_landed_item_holds_no_person(case: Case, function: str) -> None:
    for item in items_of(case.parse(function, case.body)):
        landed = Pseudonymise(KEY, {}).process_item(item)
        assert _persons_in(case, landed) == []
        if not isinstance(item, HotItem):
            assert landed.author_id == (pseudonym(KEY, case.platform, item.author_id) if item.author_id else None)


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_a_landed_item_keeps_everything_else(case: Case, function: str) -> None:
    for item in items_of(case.parse(function, case.body)):
        landed = Pseudonymise(KEY, {}).process_item(item)
        # In a text only the names are replaced that the site puts into a repost's tail or before a reply.
        changed = {"author_id": None, "author_name": None, "text": "", "verified_reason": None, "payload": ""}
        changed = {name: value for name, value in changed.items() if hasattr(item, name)}
        assert dataclasses.replace(item, **changed) == dataclasses.replace(landed, **changed)
        if not isinstance(item, HotItem):
            again = items_of(case.parse(function, landed.payload.encode()))[0]
            badge = {"verified_reason": None} if isinstance(landed, Author) else {}  # only its presence is kept
            assert dataclasses.replace(again, author_name=None, payload=landed.payload, **badge) == landed


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_a_quarantined_record_holds_no_person(case: Case, function: str) -> None:
    for reject in getattr(case.parse(function, case.body), "rejects", []):
        assert _persons_in(case, Pseudonymise(KEY, {}).process_item(reject)) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_lists_the_persons_in_its_body(case: Case) -> None:
    body = case.body.decode()
    assert [person for person in case.expected["persons"] if person not in body] == []
    if case.path.suffix == ".json":
        assert _identified(json.loads(body)) - set(case.expected["persons"]) == set()


@pytest.mark.parametrize(("case", "function"), FOREIGN, ids=[f"{case.name} {function}" for case, function in FOREIGN])
def test_a_function_for_another_kind_of_body_returns_no_items(case: Case, function: str) -> None:
    arguments = {"post_id": "1", "root_id": "2"}
    page = dataclasses.replace(case, expected=case.expected | {"arguments": arguments}).parse(function, case.body)
    assert items_of(page) == []
    # Never "empty" or "ok", except for searches of these two, whose lists have the same keys as those of comments.
    if function != "parse_search" or case.platform not in {"xiaohongshu", "zhihu"}:
        assert page.state == ("blocked" if case.name == "xiaohongshu/profile" else "partial")  # all HTML is a block


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
def test_the_times_of_posts_agree_with_their_ids(case: Case, function: str) -> None:
    """Weibo's to a second; other ids are issued before the post is published, days before if it is scheduled."""
    id_time = {"weibo": weibo_id_time, "xiaohongshu": xiaohongshu_id_time, "douyin": douyin_id_time}.get(case.platform)
    for post in items_of(case.parse(function, case.body)):
        if id_time is None or not isinstance(post, Post):
            continue
        issued = id_time(post.post_id)
        assert issued is not None
        late = post.posted_at - issued
        if case.platform == "weibo":
            assert abs(late) <= timedelta(seconds=1)
        else:
            assert timedelta(0) <= late < timedelta(days=20)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("weibo/hotflow_child", ["rootid", "rootidstr"]),
        ("douyin/replies", ["reply_id"]),
        ("xiaohongshu/comment_sub_page", ["target_comment"]),
        ("zhihu/child_comment", ["reply_comment_id", "reply_root_comment_id"]),
    ],
)
def test_a_reply_without_a_parent_belongs_to_the_requested_root(name: str, keys: list[str]) -> None:
    case = load_case(CASES_FOLDER / name)
    body = json.loads(case.body)
    [records] = [value for _, value in ((key, holder[key]) for holder, key in places(body)) if _is_records(value)]
    for key in keys:
        records[0].pop(key, None)
    reply = case.parse("parse_replies", json.dumps(body).encode()).comments[0]
    assert reply.parent_comment_id == case.expected["arguments"]["root_id"]


def _is_records(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(member, dict) for member in value)


@pytest.mark.parametrize(
    ("profile", "timeline"),
    [("douyin/profile", "douyin/timeline"), ("xiaohongshu/profile", "xiaohongshu/user_posted")],
)
def test_the_profile_and_the_posts_of_an_account_have_the_same_author_id(profile: str, timeline: str) -> None:
    account, posts = load_case(CASES_FOLDER / profile), load_case(CASES_FOLDER / timeline)
    author = account.parse("parse_profile", account.body).author
    assert {post.author_id for post in posts.parse("parse_search", posts.body).posts} == {author.author_id}


def test_a_difference_names_the_case_and_the_field() -> None:
    expected = {"state": "ok", "posts": [{"like_count": 1}, {"like_count": 2}]}
    actual = {"state": "ok", "posts": [{"like_count": 1}, {"like_count": 3, "is_ad": True}]}
    assert list(differences(expected, actual, "weibo/x")) == [
        "weibo/x.posts[1].like_count: expected 2, got 3",
        "weibo/x.posts[1].is_ad: expected None, got True",
    ]
    assert list(differences([1], [1, 2], "x")) == ["x: expected [1], got [1, 2]"]
    assert list(differences(1, True, "x")) == ["x: expected 1, got True"]


def _persons_in(case: Case, landed: Any) -> list[str]:
    values = [str(value) for value in dataclasses.asdict(landed).values()]
    return [person for person in case.expected["persons"] if any(person in value for value in values)]


def _identified(value: Any, is_person: bool = False) -> set[str]:
    """The names and ids of persons in a JSON value, recognised by their keys."""
    if isinstance(value, list):
        return set().union(*(_identified(member, is_person) for member in value))
    if not isinstance(value, dict):
        return set()
    persons: set[str] = set()
    for name, member in value.items():
        if is_person and name in IDENTIFYING_KEYS and isinstance(member, str | int) and len(str(member)) > 5:
            persons.add(str(member))
        persons |= _identified(member, name in PERSON_KEYS)
    return persons
