"""Settings from environment variables: what to collect from, and where to store it. Invalid values raise Problem."""

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

# Variables with the Cookie header of the operator's own account, as the browser sends it.
COOKIE_VARIABLES: dict[Platform, str] = {
    platform: f"TINGFENG_{platform.upper()}_COOKIE" for platform in CRAWLED_PLATFORMS
}
TERMS_VARIABLE = "TINGFENG_TERMS_ACCEPTED"
OWN_USER_AGENT = "Tingfeng/0.1 (social listening; runs with the operator's own account)"
BROWSER_VARIABLE = "TINGFENG_BROWSER"
PROFILE_VARIABLE = "TINGFENG_BROWSER_PROFILE"
CHROMIUM_VARIABLE = "TINGFENG_CHROMIUM"


def data_dir() -> Path:
    """TINGFENG_DATA, the folder of raw, enriched, warehouse and serving data; ./data by default. An absolute path."""
    return Path(os.environ.get("TINGFENG_DATA") or "data").resolve()


def source() -> Source:
    """TINGFENG_SOURCE: sandbox (the default) or live."""
    value = os.environ.get("TINGFENG_SOURCE") or "sandbox"
    if value not in get_args(Source):
        raise Problem(f"TINGFENG_SOURCE is {value!r}; set it to 'sandbox' or 'live'.")
    return value  # type: ignore[return-value]  # narrowed by get_args


_STARTED = time.monotonic()


def now() -> datetime:
    """The current time in UTC.

    For the sandbox, TINGFENG_NOW (ISO 8601 with a time zone) sets the time at which this process's clock starts. The
    sandbox and its crawls both use it.
    """
    value = os.environ.get("TINGFENG_NOW", "").strip()
    if not value:
        return datetime.now(UTC)
    try:
        start = datetime.fromisoformat(value)
    except ValueError as error:
        raise Problem(f"TINGFENG_NOW is {value!r}; write it as 2026-01-06T12:00+08:00.") from error
    if start.tzinfo is None:
        raise Problem(f"TINGFENG_NOW is {value!r}, without a time zone; add one, such as +08:00.")
    if source() == "live":
        raise Problem("TINGFENG_NOW is set, but TINGFENG_SOURCE=live uses the real clock; unset one of them.")
    return start.astimezone(UTC) + timedelta(seconds=time.monotonic() - _STARTED)


def sandbox_url() -> str:
    """TINGFENG_SANDBOX_URL, the base URL of the sandbox; http://127.0.0.1:8718 by default. No trailing slash."""
    return (os.environ.get("TINGFENG_SANDBOX_URL") or "http://127.0.0.1:8718").rstrip("/")


def cookie(platform: Platform) -> str:
    """The operator's Cookie header for a platform. Never log or store it."""
    variable = COOKIE_VARIABLES[platform]
    value = os.environ.get(variable, "").strip()
    if not value:
        raise Problem(
            f"TINGFENG_SOURCE=live, but {variable} is not set. Log in to {platform} in your browser and set "
            f"{variable} to the Cookie header that the browser sends."
        )
    return value


def accepted_terms() -> set[str]:
    """TINGFENG_TERMS_ACCEPTED: the platforms whose terms of use the operator has read and accepted."""
    accepted = {name.strip() for name in os.environ.get(TERMS_VARIABLE, "").split(",")} - {""}
    if unknown := accepted - set(CRAWLED_PLATFORMS):
        raise Problem(
            f"{TERMS_VARIABLE} names {', '.join(sorted(unknown))}; valid names are {', '.join(CRAWLED_PLATFORMS)}, "
            "separated by commas."
        )
    return accepted


def daily_requests() -> int | None:
    """TINGFENG_DAILY_REQUESTS: the most requests per platform and day; None for no limit.

    The default for live sites is 2,000, about five and a half hours at 10 s per request; the sandbox has no default
    limit.
    """
    value = os.environ.get("TINGFENG_DAILY_REQUESTS", "").strip()
    if not value:
        return 2_000 if source() == "live" else None
    if not (value.isascii() and value.isdigit() and int(value)):
        raise Problem(f"TINGFENG_DAILY_REQUESTS is {value!r}; set it to a whole number above 0.")
    return int(value)


def user_agent() -> str:
    """TINGFENG_USER_AGENT, which should be that of the browser the cookie comes from; OWN_USER_AGENT by default."""
    return os.environ.get("TINGFENG_USER_AGENT", "").strip() or OWN_USER_AGENT


def browser_platforms() -> frozenset[Platform]:
    """The platforms that are collected through a browser.

    Live: all platforms that sign their requests. Sandbox: only those in TINGFENG_BROWSER, since plain requests work
    there as well and a new user may have no Chromium.
    """
    if source() == "live":
        return SIGNED_PLATFORMS
    chosen = {name.strip() for name in os.environ.get(BROWSER_VARIABLE, "").split(",")} - {""}
    if unknown := chosen - SIGNED_PLATFORMS:
        raise Problem(
            f"{BROWSER_VARIABLE} names {', '.join(sorted(unknown))}; the platforms that can be collected through a "
            f"browser are {', '.join(sorted(SIGNED_PLATFORMS))}."
        )
    return frozenset(platform for platform in SIGNED_PLATFORMS if platform in chosen)


def browser_profiles() -> Path:
    """The folder of the crawls' Chromium profiles: the operator's when live, else one inside the data folder.

    The sandbox never sees the operator's profiles.
    """
    return operator_profiles() if source() == "live" else data_dir() / "browser"


def operator_profiles() -> Path:
    """TINGFENG_BROWSER_PROFILE: the folder of the profiles that hold the operator's logins, as secret as passwords.

    It has one profile per platform: crawls run side by side, and only one process can open a profile at a time.
    """
    value = os.environ.get(PROFILE_VARIABLE, "").strip()
    if not value:
        raise Problem(
            f"{PROFILE_VARIABLE} is not set. Set it to a folder for browser profiles, outside the repository and the "
            "data folder, and log in with 'tingfeng login douyin'."
        )
    return Path(value).expanduser().resolve()


def chromium() -> str:
    """The path of the browser's executable: TINGFENG_CHROMIUM, by default ``chromium`` on the PATH."""
    setting = os.environ.get(CHROMIUM_VARIABLE, "").strip()
    executable = shutil.which(setting or "chromium")
    if executable is None:
        raise Problem(
            f"{CHROMIUM_VARIABLE} is {setting!r}, which cannot be run; set it to the path of Chromium."
            if setting
            else f"There is no chromium on the PATH. Install it (apt install chromium), or set {CHROMIUM_VARIABLE}."
        )
    return executable


def require_browser(platform: Platform) -> None:
    """Raise Problem if a platform cannot be collected through a browser: no Chromium or, live, no login."""
    chromium()
    if source() == "live":
        profile = browser_profiles() / platform
        if not profile.is_dir():
            raise Problem(
                f"There is no browser profile {profile}. Log in to {platform} with 'tingfeng login {platform}'."
            )
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise Problem(
                "Live collection opens a browser window, and there is no display. On a server, start it under xvfb-run."
            )


def require_live_access(platform: Platform) -> None:
    """Raise Problem if live collection of a platform cannot start: terms not accepted, no login."""
    if platform not in accepted_terms():
        raise Problem(
            f"TINGFENG_SOURCE=live, but {platform} is not in {TERMS_VARIABLE}. Adding it states that you have read the "
            f"terms of use of {platform}, collect with an account of your own, and for a purpose that the law "
            f"where you are allows. If so, set {TERMS_VARIABLE}={','.join(sorted({*accepted_terms(), platform}))}."
        )
    if platform in browser_platforms():
        require_browser(platform)
    else:
        cookie(platform)
