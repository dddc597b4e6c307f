"""What the environment says about where to collect from and where to put it. Unknown values are errors."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from scrapers.items import PLATFORMS, Platform

Source = Literal["sandbox", "live"]

# The cookie of the operator's own account, as the browser sends it.
COOKIE_VARIABLES: dict[Platform, str] = {platform: f"TINGFENG_{platform.upper()}_COOKIE" for platform in PLATFORMS}
TERMS_VARIABLE = "TINGFENG_TERMS_ACCEPTED"
OWN_USER_AGENT = "Tingfeng/0.1 (social listening; runs with the operator's own account)"
# These sites sign their own requests, so live collection has to go through the operator's browser.
NEEDS_BROWSER: frozenset[Platform] = frozenset({"douyin", "xiaohongshu", "zhihu"})


class EnvironmentProblem(Exception):
    """A setting that a person has to mend; the message names it and the remedy."""


def data_dir() -> Path:
    """Where raw, enriched, warehouse and serving data live: TINGFENG_DATA, by default ./data."""
    return Path(os.environ.get("TINGFENG_DATA") or "data").resolve()


def source() -> Source:
    """TINGFENG_SOURCE: sandbox (default) or live."""
    value = os.environ.get("TINGFENG_SOURCE") or "sandbox"
    if value not in get_args(Source):
        raise EnvironmentProblem(f"TINGFENG_SOURCE is {value!r}; set it to 'sandbox' or 'live'.")
    return value  # type: ignore[return-value]  # narrowed by get_args


_STARTED = time.monotonic()


def now() -> datetime:
    """The time in UTC. In the sandbox TINGFENG_NOW, an ISO time with its zone, sets the clock with which this process
    starts; the sandbox and the crawls of it read the same."""
    value = os.environ.get("TINGFENG_NOW", "").strip()
    if not value:
        return datetime.now(UTC)
    try:
        begun = datetime.fromisoformat(value)
    except ValueError as error:
        raise EnvironmentProblem(f"TINGFENG_NOW is {value!r}; write it as 2026-01-06T12:00+08:00.") from error
    if begun.tzinfo is None:
        raise EnvironmentProblem(f"TINGFENG_NOW is {value!r}; add its zone, such as +08:00.")
    if source() == "live":
        raise EnvironmentProblem("TINGFENG_NOW is set, but TINGFENG_SOURCE=live has the real clock; unset one of them.")
    return begun.astimezone(UTC) + timedelta(seconds=time.monotonic() - _STARTED)


def sandbox_url() -> str:
    """Where the sandbox listens: TINGFENG_SANDBOX_URL, by default http://127.0.0.1:8718."""
    return (os.environ.get("TINGFENG_SANDBOX_URL") or "http://127.0.0.1:8718").rstrip("/")


def cookie(platform: Platform) -> str:
    """The operator's cookie for a platform; never logged, never stored."""
    variable = COOKIE_VARIABLES[platform]
    value = os.environ.get(variable, "").strip()
    if not value:
        raise EnvironmentProblem(
            f"TINGFENG_SOURCE=live, but {variable} is not set. Log in to {platform} in your browser, and set "
            f"{variable} to the Cookie header that it sends."
        )
    return value


def accepted_terms() -> set[str]:
    """The platforms whose terms the operator has read and answers for."""
    named = {name.strip() for name in os.environ.get(TERMS_VARIABLE, "").split(",")} - {""}
    if unknown := named - set(PLATFORMS):
        raise EnvironmentProblem(
            f"{TERMS_VARIABLE} names {', '.join(sorted(unknown))}; there are {', '.join(PLATFORMS)}."
        )
    return named


def daily_requests() -> int | None:
    """How many requests a platform is sent a day at most: TINGFENG_DAILY_REQUESTS; None: as many as there are.

    Live, 2,000 by default: with 10 s between them some five and a half hours. The sandbox has no limit of its own.
    """
    value = os.environ.get("TINGFENG_DAILY_REQUESTS", "").strip()
    if not value:
        return 2_000 if source() == "live" else None
    if not (value.isascii() and value.isdigit() and int(value)):
        raise EnvironmentProblem(f"TINGFENG_DAILY_REQUESTS is {value!r}; set it to a whole number above 0.")
    return int(value)


def user_agent() -> str:
    """TINGFENG_USER_AGENT: that of the browser that the cookie is from; without it, our own name."""
    return os.environ.get("TINGFENG_USER_AGENT", "").strip() or OWN_USER_AGENT


def require_live_access(platform: Platform) -> None:
    """Raise EnvironmentProblem unless live collection of a platform can start."""
    if platform in NEEDS_BROWSER:
        raise EnvironmentProblem(
            f"TINGFENG_SOURCE=live: {platform} signs its requests and has to be collected through a browser, which "
            f"this version cannot do. Take {platform} out of platforms in listening.yaml, or import files of it."
        )
    if platform not in accepted_terms():
        raise EnvironmentProblem(
            f"TINGFENG_SOURCE=live, but {platform} is not in {TERMS_VARIABLE}. To name it there says that you have "
            f"read the terms of use of {platform}, collect with an account of your own, and for a purpose that the law "
            f"where you are allows. If so, set {TERMS_VARIABLE}={','.join(sorted({*accepted_terms(), platform}))}."
        )
    cookie(platform)
