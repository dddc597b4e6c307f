"""Keeps the operator's cookies out of the logs, whoever writes them: Scrapy at DEBUG, a library, a traceback."""

import logging
import os
import re
from collections.abc import Iterable

from core.environment import COOKIE_VARIABLES

MASK = "***"
# Shorter parts of a cookie ("1", "zh-CN") are no secrets, and stand in lines that have nothing to do with it.
SHORTEST_PART = 8


def mask_secrets() -> None:
    """Mask the cookies of the environment in everything that the handlers of this process write from now on.

    To be called where a crawl starts, when the handlers are there.
    """
    secrets = {
        secret for variable in COOKIE_VARIABLES.values() for secret in secret_parts(os.environ.get(variable, ""))
    }
    if not secrets:
        return
    masking = MaskSecrets(secrets)
    # Of the handlers, not of the loggers: a logger's filter does not see what comes up from the loggers below it.
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            for handler in logger.handlers:
                handler.addFilter(masking)


def secret_parts(cookie: str) -> set[str]:
    """What must not be seen of a Cookie header: all of it, its pairs and their values, also as repr() writes them."""
    cookie = cookie.strip()
    pairs = [pair.strip() for pair in cookie.split(";")]
    values = [pair.partition("=")[2].strip().strip('"') for pair in pairs]
    parts = {cookie} | {part for part in (*pairs, *values) if len(part) >= SHORTEST_PART}
    return (parts | {repr(part)[1:-1] for part in parts}) - {""}


class MaskSecrets(logging.Filter):
    """Rewrites records so that their message, arguments, traceback and stack hold none of the secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        longest_first = sorted(secrets, key=len, reverse=True)  # a part before the whole would leave the rest of it
        self._secrets = re.compile("|".join(map(re.escape, longest_first)))

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._mask(_message(record)), None
        if record.exc_info:
            # The text instead of the exception: a handler that formats the exception itself would show it again.
            record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self._mask(record.stack_info)
        return True

    def _mask(self, text: str) -> str:
        return self._secrets.sub(MASK, text)


def _message(record: logging.LogRecord) -> str:
    """The message; with its arguments beside it where they do not fit, which logging would print unmasked."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        return f"{record.msg} {record.args!r} (the arguments do not fit: {error})"
