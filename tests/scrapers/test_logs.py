"""The operator's cookie is masked in log output, whole and in parts."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from core.problems import Problem
from scrapers.logs import MaskSecrets, WithoutContent, secret_parts

COOKIE = 'SUB=_2A25FakeFakeFake; SUBP="0033-fake-fake"; lang=zh'


@pytest.fixture
def masked() -> Callable[..., str]:
    """``masked(message, *args)``: the log line that a handler writes."""

    def write(message: object, *args: object, exc_info: Any = None, stack: str | None = None) -> str:
        record = logging.LogRecord("test", logging.INFO, "", 0, message, args, exc_info, sinfo=stack)
        assert MaskSecrets(secret_parts(COOKIE)).filter(record)
        return logging.Formatter().format(record)

    return write


def test_cookies_are_masked_whole_and_in_parts(masked: Callable[..., str]) -> None:
    assert masked("a %s b", COOKIE) == "a *** b"
    assert masked("a %(cookie)s b", {"cookie": COOKIE.encode()}) == "a b'***' b"
    assert masked(f"SUBP is {COOKIE.split('; ')[1].partition('=')[2]}") == 'SUBP is "***"'
    assert masked("%s", "SUB=_2A25FakeFakeFake") == "***"
    assert masked("%d pages, lang=zh", 3) == "3 pages, lang=zh"


def test_cookies_are_masked_in_tracebacks_and_stacks(masked: Callable[..., str]) -> None:
    try:
        try:
            raise KeyError(COOKIE)
        except KeyError as error:
            raise OSError("the second") from error
    except OSError:
        text = masked("failed", exc_info=sys.exc_info(), stack=f"at {COOKIE}")
    assert "KeyError: " in text
    assert "OSError: the second" in text
    assert "2A25" not in text
    assert "at ***" in text


def test_cookies_are_masked_where_the_arguments_do_not_fit(masked: Callable[..., str]) -> None:
    assert masked("%d pages", COOKIE).startswith("%d pages ('***',) (the arguments do not fit")


def test_messages_that_may_quote_a_record_are_left_out(masked: Callable[..., str]) -> None:
    name = "合成用户0001"
    try:
        try:
            int(name)
        except ValueError as error:
            raise Problem("x.csv: line 3 cannot be read") from error
    except Problem:
        text = masked("Spider error", exc_info=sys.exc_info())
    assert "合成用户" not in text
    assert "ValueError: (its message is not logged" in text
    assert "test_logs.py" in text
    assert text.endswith("Problem: x.csv: line 3 cannot be read")


def test_ids_of_people_in_addresses_are_masked(masked: Callable[..., str]) -> None:
    text = masked(
        "Gave up retrying <GET %s> <GET %s> <GET %s> <GET %s>",
        "https://weibo.com/ajax/profile/info?uid=1000000001",
        "https://www.douyin.com/aweme/v1/web/user/profile/other/?sec_user_id=MS4wLjABAAAAsynthetic0001",
        "https://www.xiaohongshu.com/user/profile/5f0000000000000000000001",
        "https://www.zhihu.com/api/v4/members/he-cheng-1",
    )
    for person in ("1000000001", "MS4wLjAB", "5f00000000", "he-cheng"):
        assert person not in text
    assert "ajax/profile/info?uid=…" in text


def test_scrapys_lines_about_items_do_not_contain_them() -> None:
    formatter, item = WithoutContent(), {"author_name": "合成用户0001"}
    lines = [
        formatter.scraped(item, None, None),
        formatter.item_error(item, ValueError(), None, None),
        formatter.dropped(item, ValueError(), None, None),
    ]
    assert "合成用户" not in str(lines)
