"""Masks the operator's cookies in all log output: of Scrapy at DEBUG level, of libraries, in tracebacks."""

import logging
import os
import re
from collections.abc import Iterable

from core.environment import COOKIE_VARIABLES

MASK = "***"
# Shorter parts of a cookie ("1", "zh-CN") are not secret and occur in unrelated log lines.
SHORTEST_PART = 8


def mask_secrets() -> None:
    """Mask the cookies from the environment in everything that the existing log handlers write from now on.

    Call it when a crawl starts, after its log handlers are installed.
    """
    secrets = {
        secret for variable in COOKIE_VARIABLES.values() for secret in secret_parts(os.environ.get(variable, ""))
    }
    if not secrets:
        return
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
    """Rewrites records so that their message, arguments, traceback and stack contain none of the secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        # The longest first: otherwise a part would match and leave the rest visible.
        longest_first = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)))

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._mask(_message(record)), None
        if record.exc_info:
            # Handlers must get the masked text, not the exception, which they would format without masking.
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
    """The formatted message. If the arguments do not fit it, which logging would report unmasked, both side by side."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        return f"{record.msg} {record.args!r} (the arguments do not fit: {error})"
