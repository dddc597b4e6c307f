"""The operator's cookie is masked in log output, whole and in parts."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from scrapers.logs import MaskSecrets, secret_parts

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
            raise ValueError("the second") from error
    except ValueError:
        text = masked("failed", exc_info=sys.exc_info(), stack=f"at {COOKIE}")
    assert "KeyError: " in text
    assert "ValueError: the second" in text
    assert "2A25" not in text
    assert "at ***" in text


def test_cookies_are_masked_where_the_arguments_do_not_fit(masked: Callable[..., str]) -> None:
    assert masked("%d pages", COOKIE).startswith("%d pages ('***',) (the arguments do not fit")
