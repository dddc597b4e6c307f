"""What the environment says about where to collect from and where to put it. Unknown values are errors."""

import os
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

from core.platforms import CRAWLED_PLATFORMS, SIGNED_PLATFORMS, Platform
from core.problems import Problem

Source = Literal["sandbox", "live"]

# The cookie of the operator's own account, as the browser sends it.
COOKIE_VARIABLES: dict[Platform, str] = {
    platform: f"TINGFENG_{platform.upper()}_COOKIE" for platform in CRAWLED_PLATFORMS
}
TERMS_VARIABLE = "TINGFENG_TERMS_ACCEPTED"
OWN_USER_AGENT = "Tingfeng/0.1 (social listening; runs with the operator's own account)"
BROWSER_VARIABLE = "TINGFENG_BROWSER"
PROFILE_VARIABLE = "TINGFENG_BROWSER_PROFILE"
CHROMIUM_VARIABLE = "TINGFENG_CHROMIUM"


class EnvironmentProblem(Problem):
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
    if unknown := named - set(CRAWLED_PLATFORMS):
        raise EnvironmentProblem(
            f"{TERMS_VARIABLE} names {', '.join(sorted(unknown))}; there are {', '.join(CRAWLED_PLATFORMS)}."
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


def browser_platforms() -> frozenset[Platform]:
    """The platforms that are collected through a browser. Live, all that sign; of the sandbox, those that
    TINGFENG_BROWSER names: plain requests do as well there, and a newcomer may have no Chromium."""
    if source() == "live":
        return SIGNED_PLATFORMS
    named = {name.strip() for name in os.environ.get(BROWSER_VARIABLE, "").split(",")} - {""}
    if unknown := named - SIGNED_PLATFORMS:
        raise EnvironmentProblem(
            f"{BROWSER_VARIABLE} names {', '.join(sorted(unknown))}; those that can be collected through a browser "
            f"are {', '.join(sorted(SIGNED_PLATFORMS))}."
        )
    return frozenset(platform for platform in SIGNED_PLATFORMS if platform in named)


def browser_profiles() -> Path:
    """The folder of the crawls' Chromium profiles: live that of the operator; the sandbox has profiles of its own, with
    the data, and never sees the operator's."""
    return operator_profiles() if source() == "live" else data_dir() / "browser"


def operator_profiles() -> Path:
    """TINGFENG_BROWSER_PROFILE: the folder of the profiles in which the operator has logged in, as secret as passwords.

    It has a profile for each platform, since crawls run side by side and a profile is opened once at a time.
    """
    value = os.environ.get(PROFILE_VARIABLE, "").strip()
    if not value:
        raise EnvironmentProblem(
            f"{PROFILE_VARIABLE} is not set. Set it to a folder of your own for the browser's profiles, outside of the "
            "repository and the data, and log in with 'make login PLATFORM=douyin'."
        )
    return Path(value).expanduser().resolve()


def chromium() -> str:
    """The browser's executable: TINGFENG_CHROMIUM, by default the chromium that is found on the PATH."""
    named = os.environ.get(CHROMIUM_VARIABLE, "").strip()
    found = shutil.which(named or "chromium")
    if found is None:
        raise EnvironmentProblem(
            f"{CHROMIUM_VARIABLE} is {named!r}, which cannot be run."
            if named
            else f"There is no chromium on the PATH. Install it (apt install chromium), or set {CHROMIUM_VARIABLE}."
        )
    return found


def require_browser(platform: Platform) -> None:
    """Raise EnvironmentProblem unless a platform can be collected through a browser: Chromium, and live a login."""
    chromium()
    if source() == "live":
        profile = browser_profiles() / platform
        if not profile.is_dir():
            raise EnvironmentProblem(
                f"There is no browser profile {profile}. Log in to {platform} with 'make login PLATFORM={platform}'."
            )
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise EnvironmentProblem(
                "Live collection opens the browser's window, and there is no display to open it on. On a server, "
                "start it under xvfb-run."
            )


def require_live_access(platform: Platform) -> None:
    """Raise EnvironmentProblem unless live collection of a platform can start."""
    if platform not in accepted_terms():
        raise EnvironmentProblem(
            f"TINGFENG_SOURCE=live, but {platform} is not in {TERMS_VARIABLE}. To name it there says that you have "
            f"read the terms of use of {platform}, collect with an account of your own, and for a purpose that the law "
            f"where you are allows. If so, set {TERMS_VARIABLE}={','.join(sorted({*accepted_terms(), platform}))}."
        )
    if platform in browser_platforms():
        require_browser(platform)
    else:
        cookie(platform)
