"""What the environment says about where to collect from and where to put it. Unknown values are errors."""

import os
from pathlib import Path
from typing import Literal, get_args

from scrapers.items import PLATFORMS, Platform

Source = Literal["sandbox", "live"]

# The cookie of the operator's own account, as the browser sends it.
COOKIE_VARIABLES: dict[Platform, str] = {platform: f"TINGFENG_{platform.upper()}_COOKIE" for platform in PLATFORMS}
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


def require_live_access(platform: Platform) -> None:
    """Raise EnvironmentProblem unless live collection of a platform can start."""
    if platform in NEEDS_BROWSER:
        raise EnvironmentProblem(
            f"TINGFENG_SOURCE=live: {platform} signs its requests and has to be collected through a browser, which "
            f"this version cannot do. Take {platform} out of platforms in listening.yaml, or import files of it."
        )
    cookie(platform)
