"""Keeps secrets and people out of all log output of a crawl: of Scrapy at any level, of libraries, in tracebacks.

The operator's cookies are masked, and the ids of people in addresses. Messages of exceptions that a record's content
may cause are left out, and so is the content of items.
"""

import logging
import os
import re
import traceback
from collections.abc import Iterable
from typing import Any

from scrapy.logformatter import LogFormatter, LogFormatterResult

from core.environment import COOKIE_VARIABLES
from core.problems import Problem
from scrapers.pseudonym import without_ids_in_addresses

MASK = "***"
# Shorter parts of a cookie ("1", "zh-CN") are not secret and occur in unrelated log lines.
SHORTEST_PART = 8
# What unexpected content of a record raises, often with that content in the message.
_OF_CONTENT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)


def mask_secrets() -> None:
    """Mask cookies from the environment and people in everything that the existing log handlers write from now on.

    Call it when a crawl starts, after its log handlers are installed.
    """
    secrets = {
        secret for variable in COOKIE_VARIABLES.values() for secret in secret_parts(os.environ.get(variable, ""))
    }
    masking = MaskSecrets(secrets)
    # Filters are added to handlers because a logger's filter does not see records propagated from child loggers.
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            for handler in logger.handlers:
                handler.addFilter(masking)


def secret_parts(cookie: str) -> set[str]:
    """The parts of a Cookie header to mask: the header, its pairs and their values, also as repr() writes them."""
    cookie = cookie.strip()
    pairs = [pair.strip() for pair in cookie.split(";")]
    values = [pair.partition("=")[2].strip().strip('"') for pair in pairs]
    parts = {cookie} | {part for part in (*pairs, *values) if len(part) >= SHORTEST_PART}
    return (parts | {repr(part)[1:-1] for part in parts}) - {""}


class MaskSecrets(logging.Filter):
    """Rewrites records so that their message, arguments, traceback and stack contain no secret and no person's id."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        # The longest first: otherwise a part would match and leave the rest visible.
        longest_first = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._mask(_message(record)), None
        if record.exc_info:
            # Handlers must get the masked text, not the exception, which they would format without masking.
            record.exc_text = _traceback_text(record.exc_info[1])
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self._mask(record.stack_info)
        return True

    def _mask(self, text: str) -> str:
        text = self._secrets.sub(MASK, text) if self._secrets else text
        return without_ids_in_addresses(text)


def _traceback_text(error: BaseException | None) -> str:
    """The traceback of an exception and of its causes, without messages that may quote a record."""
    if error is None:
        return ""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    earlier = f"{_traceback_text(before)}\n\nwhich led to:\n\n" if before is not None else ""
    quotes = isinstance(error, _OF_CONTENT) and not isinstance(error, Problem)
    message = "(its message is not logged, since it may quote a record)" if quotes else str(error)
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{earlier}Traceback (most recent call last):\n{frames}{type(error).__name__}: {message}"


class WithoutContent(LogFormatter):
    """Scrapy's log lines about items, which would contain them as a whole."""

    def scraped(self, item: Any, *_: Any) -> LogFormatterResult:
        return _line(logging.DEBUG, f"Scraped a {type(item).__name__}")

    def dropped(self, item: Any, exception: BaseException, *_: Any) -> LogFormatterResult:
        return _line(logging.WARNING, f"Dropped: a {type(item).__name__}, by {type(exception).__name__}")

    def item_error(self, item: Any, *_: Any) -> LogFormatterResult:
        return _line(logging.ERROR, f"Error processing a {type(item).__name__}")


def _line(level: int, message: str) -> LogFormatterResult:
    return {"level": level, "msg": message, "args": ()}


def _message(record: logging.LogRecord) -> str:
    """The formatted message. If the arguments do not fit it, which logging would report unmasked, both side by side."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        return f"{record.msg} {record.args!r} (the arguments do not fit: {error})"
