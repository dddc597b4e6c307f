"""Bodies without items: refusals, errors, empty pages and bodies that cannot be parsed, and the state of each."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.platforms import Platform
from tests.scrapers.parsers.parser_cases import PARSERS, items_of

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
ARGUMENTS = {"parse_comments": {"post_id": "1"}, "parse_replies": {"post_id": "1", "root_id": "2"}}
FUNCTIONS = {
    "search": ["parse_search"],
    "comments": ["parse_comments", "parse_replies"],
    "profile": ["parse_profile"],
    "hot_list": ["parse_hot_list"],
}
# Douyin refuses every request in these ways.
DOUYIN_REFUSALS: list[tuple[object, str]] = [
    (b"", "blocked"),
    (b"blocked", "blocked"),
    (b"<!DOCTYPE html><html></html>", "blocked"),
    (b'{"status_code": 0, "comm', "partial"),
    (b"[]", "partial"),
]
# {(platform, kind of request): [(body, state)]}. A body that is not bytes or text is sent as JSON.
BODIES: dict[tuple[Platform, str], list[tuple[object, str]]] = {
    ("weibo", "search"): [
        (b'{"ok":-100,"url":"https://passport.weibo.com/sso/signin?entry=wapsso"}', "logged_out"),
        (b'{"ok":0,"errno":"100006","msg":"\xe8\xaf\xb7","url":"https://passport.weibo.com/x"}', "logged_out"),
        ('{"ok":0,"msg":"这里还没有内容","data":{"cards":[]}}'.encode(), "empty"),
        ('{"ok":0,"msg":"这里还没有内容"}'.encode(), "empty"),
        (b'{"ok":1}', "blocked"),
        ('{"ok":0,"msg":"请求过于频繁"}'.encode(), "blocked"),
        (b'{"ok":1,"data":{"cards":[{"card_type":11},{"card_type":3}]}}', "empty"),
        (b'{"ok":1,"data":{"userInfo":{"id":1}}}', "partial"),
        (b'{"something":"else"}', "partial"),
        (b"{}", "partial"),
        (b'{"ok":1,"data":{"cards":[{"card_ty', "partial"),
        (b"[" * 100_000, "partial"),
        (b"", "partial"),
        (b"   ", "partial"),
        (b"\xff\xfe\x00", "partial"),
        (b"<html><head><title>Sina Visitor System</title></head><body></body></html>", "logged_out"),
        (b'<script>location.replace("https://passport.weibo.com/sso/signin")</script>', "logged_out"),
        ("<html><body><h1>安全验证</h1></body></html>".encode(), "blocked"),
        ('<div class="m-main"><div class="card card-no-result s-pt20b40"><p>抱歉</p></div></div>'.encode(), "empty"),
        (b"<html><body><div class='m-main'></div></body></html>", "partial"),
        (b"502 Bad Gateway", "partial"),
    ],
    ("weibo", "comments"): [
        ('{"ok":0,"msg":"还没有人评论哦~快来抢沙发！"}', "empty"),
        ('{"ok":0,"msg":"快来发表你的评论吧"}', "empty"),
        ('{"ok":0,"msg":"暂无数据"}', "empty"),
        ('{"ok":0,"msg":"微博不存在或暂无查看权限!"}', "empty"),
        ('{"ok":1,"data":{"data":[],"max_id":0,"total_number":0}}', "empty"),
        ('{"ok":1,"data":[],"max_id":0,"total_number":0}', "empty"),
        ('{"ok":1,"data":{"data":[],"max_id":5,"total_number":9}}', "ok"),  # a page that is all folded
        ('{"ok":1,"data":{"data":[{"id":"x"}],"max_id":0}}', "partial"),
        ('{"ok":1,"data":{"data":null}}', "partial"),
        ('{"ok":1,"data":{"cards":[]}}', "partial"),
        ('{"ok":1,"data":{"data":[{"id":"52518756', "partial"),
        ('{"ok":0,"msg":"请求过于频繁"}', "blocked"),
        ('{"ok":1}', "blocked"),
        ('{"ok":-100,"url":"https://m.weibo.cn/login?backURL=x"}', "logged_out"),
        ("<html><head><title>Sina Visitor System</title></head></html>", "logged_out"),
        ("<html><body><h1>安全验证</h1></body></html>", "blocked"),
        ("502 Bad Gateway", "partial"),
        ('{"text":"安全验证 Sina Visitor System', "partial"),
        ("", "partial"),
        ("[]", "partial"),
        ("{}", "partial"),
    ],
    ("weibo", "profile"): [
        ('{"ok":0,"message":"该用户不存在(20003)"}', "empty"),
        ('{"ok":-100,"url":"https://passport.weibo.com/sso/signin"}', "logged_out"),
        ('{"ok":1,"data":{"cards":[]}}', "partial"),
        ('{"ok":1,"data":{"user":{"id":0}}}', "partial"),
        ('{"id":"5251874932590001","text":"x"}', "partial"),
        ("{", "partial"),
    ],
    ("weibo", "hot_list"): [
        ('{"ok":1,"data":{"realtime":[]}}', "partial"),
        ('{"ok":1,"data":{}}', "partial"),
        ('{"error":"Forbidden"}', "partial"),
        ('{"ok":-100}', "logged_out"),
        ("<html>Sina Visitor System</html>", "logged_out"),
    ],
    ("douyin", "search"): [
        (b"", "blocked"),
        (b"  \n", "blocked"),
        (b"blocked", "blocked"),
        (b'"blocked"', "blocked"),
        (b"<!DOCTYPE html><html><title>\xe9\xaa\x8c\xe8\xaf\x81\xe7\xa0\x81</title></html>", "blocked"),
        (b'{"status_code": 2483, "status_msg": "\xe8\xaf\xb7\xe5\x85\x88\xe7\x99\xbb\xe5\xbd\x95"}', "logged_out"),
        (b'{"status_code": 8}', "logged_out"),
        (b'{"status_code": 1105, "status_msg": "captcha verification required"}', "blocked"),
        (b'{"status_code": 0, "data": [], "search_nil_info": {"search_nil_item": "invalid_login"}}', "logged_out"),
        (b'{"status_code": 0, "data": null, "verify_check": {"type": "slide"}}', "blocked"),
        (b'{"status_code": 0, "data": [], "search_nil_info": {"search_nil_item": "hit_shark"}}', "blocked"),
        (b'{"status_code": 0, "data": [], "search_nil_info": {"search_nil_type": "no_result"}}', "empty"),
        (b'{"status_code": 0, "data": [], "has_more": 0}', "empty"),
        (b'{"status_code": 0, "data": [{"type": 6, "aweme_info": null}], "has_more": 0}', "empty"),
        (b'{"status_code": 0, "data": [], "has_more": 1, "cursor": 20}', "ok"),
        (b'{"status_code": 0, "data": [{"aweme_in', "partial"),
        (b'{"status_code": 0}', "partial"),
        (b'{"status_code": 0, "data": "x"}', "partial"),
        (b"[]", "partial"),
    ],
    ("douyin", "comments"): [
        ({"status_code": 0, "comments": None, "has_more": 0, "cursor": 0, "total": 0}, "empty"),
        ({"status_code": 0, "comments": [], "has_more": 0}, "empty"),
        ({"status_code": 0, "comments": [], "has_more": 1, "cursor": 40}, "ok"),
        ({"status_code": 0, "comments": [], "has_more": 1}, "partial"),
        ({"status_code": 0}, "partial"),
        ({"status_code": 8, "status_msg": "用户未登录"}, "logged_out"),
        ({"code": 200, "data": {"status_code": 2154, "status_msg": "访问太频繁"}}, "blocked"),
        ({"status_code": 1, "data": {"comments": []}}, "blocked"),
    ],
    ("douyin", "profile"): [
        ({"status_code": 0, "user": {"uid": "0", "nickname": "x"}}, "partial"),
        ({"status_code": 0, "user": None}, "partial"),
        ({"status_code": 0}, "partial"),
        ({"status_code": 2483, "status_msg": "请先登录"}, "logged_out"),
    ],
    ("douyin", "hot_list"): [
        ({"status_code": 0, "data": {"word_list": []}}, "partial"),
        ({"status_code": 0, "data": {"word_list": [1]}}, "partial"),
        ({"status_code": 0, "data": {"word_list": None}}, "partial"),
        ({"status_code": 8, "data": {}}, "logged_out"),
    ],
    ("xiaohongshu", "search"): [
        (b"", "partial"),
        (b'{"code": 0, "da', "partial"),
        (b"<html>", "blocked"),
        (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{"a":1},"notes":[[],[]]}}</script>', "empty"),
        (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{"a":1},"notes":[]}}</script>', "empty"),
        (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{"a":1}}}</script>', "partial"),
        (b"<script>window.__INITIAL_STATE__={</script>", "partial"),
        ({"code": 300011, "success": False, "msg": "检测到账号异常，请稍后重启试试", "data": {}}, "blocked"),
        ({"code": 300012, "success": False, "msg": "网络连接异常，请检查网络设置或重启试试"}, "blocked"),
        ({"code": 1, "success": False, "msg": "网页版搜索次数已达今日上限，可以去小红书App继续搜索"}, "blocked"),
        ({"code": 1, "success": False, "msg": "别的"}, "partial"),
        ({"code": 300013, "success": False}, "blocked"),
        ({"code": 461}, "blocked"),
        ({"code": 471}, "blocked"),
        ({"code": -510000, "success": False, "msg": "笔记不存在"}, "empty"),
        ({"code": -510001, "success": False, "msg": "笔记状态异常，请稍后查看"}, "partial"),
        ({"code": -100, "success": False, "msg": "登录已过期", "data": {}}, "logged_out"),
        ({"code": "-104", "success": False, "msg": "您当前登录的账号没有权限访问"}, "logged_out"),
        ({"code": -1, "success": False}, "partial"),
        ({"code": 200, "data": {"code": 300012}}, "blocked"),
        ({"code": 0, "success": True, "msg": "成功", "data": {"has_more": False}}, "empty"),
        ({"code": 0, "data": {"items": [], "has_more": False}}, "empty"),
        ({"items": [{"id": "x", "model_type": "rec_query", "rec_query": {}}], "has_more": False}, "empty"),
        ({"items": [{"id": "x", "model_type": "rec_query", "rec_query": {}}], "has_more": True}, "ok"),
        ({"code": 0, "success": True, "data": {}}, "partial"),
        ([], "partial"),
    ],
    ("xiaohongshu", "comments"): [
        ({"code": 0, "data": {"comments": [], "cursor": "", "has_more": False}}, "empty"),
        ({"code": 0, "data": {"comments": [], "cursor": "695b", "has_more": True}}, "ok"),
        ({"code": 0, "data": {"comments": [], "cursor": "", "has_more": True}}, "partial"),
        ({"code": 0, "success": True, "data": {}}, "partial"),
        ({"code": -510000, "success": False, "msg": "笔记不存在"}, "empty"),
        ({"code": -510001, "success": False, "msg": "笔记状态异常，请稍后查看"}, "partial"),
        ({"code": 300012, "success": False, "msg": "网络连接异常"}, "blocked"),
        ({"code": -100, "success": False, "msg": "登录已过期", "data": {}}, "logged_out"),
        ({"code": 200, "data": {"code": 300013}}, "blocked"),
    ],
    ("xiaohongshu", "profile"): [
        (b"<html><body>captcha</body></html>", "blocked"),
        (b"<script>window.__INITIAL_STATE__={</script>", "partial"),
        (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{}}}</script>', "partial"),
        (b'{"code": -100, "success": false}', "logged_out"),
        (b"", "partial"),
    ],
    ("zhihu", "search"): [
        (b'{"error":{"code":40352,"need_login":true,"redirect":"https://www.zhihu.com/account/unhuman"}}', "blocked"),
        (b'{"error":{"code":10003,"message":"x"}}', "blocked"),
        (b'{"error":{"code":999,"redirect":"https://www.zhihu.com/account/unhuman"}}', "blocked"),
        (b'{"error":{"code":100,"name":"AuthenticationInvalidRequest","message":"x"}}', "logged_out"),
        (b'{"error":{"code":401,"need_login":true}}', "logged_out"),
        (b'{"error":{"code":5000}}', "partial"),
        (b'{"error":"x"}', "partial"),
        (b'{"error":{"code":[1]}}', "partial"),
        (b'{"paging":{"is_end":true},"data":[]}', "empty"),
        (b'{"paging":{"is_end":true},"data":[{"type":"wiki_box","object":{}}]}', "empty"),
        (b'{"paging":{"is_end":true}}', "partial"),
        (b'{"data":null}', "partial"),
        (b'{"data":[{"type":"search_res', "partial"),
        (b"[]", "partial"),
        (b"", "partial"),
        ("<html><head><title>安全验证 - 知乎</title></head></html>".encode(), "blocked"),
        (b'<a href="https://www.zhihu.com/signin?next=%2F">x</a>', "logged_out"),
        (b"<html></html>", "partial"),
    ],
    ("zhihu", "comments"): [
        ('{"error":{"code":404,"name":"NotFoundException","message":"资源不存在"}}', "empty"),
        ('{"error":{"code":4041,"message":"x"}}', "empty"),
        ('{"error":{"message":"该回答已被删除"}}', "empty"),
        ('{"paging":{"is_end":true},"data":[]}', "empty"),
        ('{"paging":{"is_end":false,"next":"https://x?offset=1"},"data":[]}', "partial"),  # it would be itself
        ('{"paging":{"is_end":true},"data":[{"id":"x"}]}', "partial"),
        ('{"paging":{"is_end":true}}', "partial"),
        ('{"data":[{"id":"1","content":"安全验证', "partial"),
        ('{"error":{"code":40352,"need_login":true}}', "blocked"),
        ('{"error":{"code":100,"message":"ERR_TICKET_NOT_EXIST"}}', "logged_out"),
        ("<html><title>安全验证 - 知乎</title></html>", "blocked"),
        ("", "partial"),
    ],
    ("zhihu", "profile"): [
        ('{"error":{"code":404,"message":"用户不存在"}}', "empty"),
        ('{"error":{"code":401,"need_login":true}}', "logged_out"),
        ('{"id":"0","url_token":""}', "partial"),
        ('{"id":"1990000000000000001","type":"answer"}', "partial"),
        ("{", "partial"),
    ],
    ("zhihu", "hot_list"): [
        ('{"data":[]}', "partial"),
        ('{"top_search":{"words":[]}}', "partial"),
        ('{"top_search":null}', "partial"),
        ('{"error":{"code":401}}', "logged_out"),
        ("", "partial"),
    ],
}
for kind in FUNCTIONS:
    BODIES["douyin", kind] += DOUYIN_REFUSALS
# (platform, function, body, reason): all records of the page are unreadable.
UNREADABLE: list[tuple[Platform, str, object, str]] = [
    ("weibo", "parse_search", '{"ok":1,"data":{"cards":[{"card_type":9,"mblog":{"id":"x"}}]}}', "none of 1 posts"),
    (
        "weibo",
        "parse_search",
        '<div action-type="feed_list_item" mid="x"><p node-type="feed_list_content">x</p></div>',
        "none of 1 posts",
    ),
    ("douyin", "parse_search", {"status_code": 0, "data": [{"aweme_info": {"id": 1}}]}, "none of 1 posts"),
    ("douyin", "parse_comments", {"comments": [{"cid": "x"}], "has_more": 0}, "none of 1 comments"),
    ("xiaohongshu", "parse_search", {"items": [{"note_card": {}}], "has_more": False}, "none of 1 notes"),
    ("xiaohongshu", "parse_comments", {"comments": ["comment"], "has_more": False}, "none of 1 comments"),
    ("zhihu", "parse_search", '{"paging":{"is_end":true},"data":[{"type":"answer","id":"1"}]}', "none of 1 posts"),
]


def parse(platform: Platform, function: str, body: object) -> Any:
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
    return getattr(PARSERS[platform], function)(body, NOW, **ARGUMENTS.get(function, {}))


@pytest.mark.parametrize(
    ("platform", "function", "body", "state"),
    [
        (platform, function, body, state)
        for (platform, kind), bodies in BODIES.items()
        for function in FUNCTIONS[kind]
        for body, state in bodies
    ],
)
def test_a_body_without_items_has_a_state_and_every_state_but_ok_a_reason(
    platform: Platform, function: str, body: object, state: str
) -> None:
    page = parse(platform, function, body)
    assert page.state == state
    assert items_of(page) == []
    assert (page.reason is None) == (state == "ok")
    assert state == "ok" or getattr(page, "next", None) is None
    if function == "parse_search":
        assert page.rejects == []


@pytest.mark.parametrize(("platform", "function", "body", "reason"), UNREADABLE)
def test_a_page_of_unreadable_records_is_partial_and_never_empty(
    platform: Platform, function: str, body: object, reason: str
) -> None:
    page = parse(platform, function, body)
    assert (page.state, page.reason) == ("partial", f"{reason} could be read")
    assert len(page.rejects) == 1


def test_an_account_without_an_id_is_a_reject() -> None:
    page = parse("douyin", "parse_profile", {"status_code": 0, "user": {"uid": "0", "nickname": "x"}})
    assert (page.state, page.author, len(page.rejects)) == ("partial", None, 1)
