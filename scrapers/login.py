"""The browser in which an operator logs in to a platform by hand.

The profile is the one that live crawls of the platform open later. Only the browser reads or writes it.
"""

from core.environment import chromium, operator_profiles
from core.platforms import FACTS
from core.problems import Problem

LOGIN_PAGES: dict[str, str] = {name: facts.login_page for name, facts in FACTS.items() if facts.login_page}


def login_command(platform: str) -> list[str]:
    """The browser's command with the platform's profile. Raises Problem if platform, browser or profile is unknown.

    Crawls open the profile without the desktop's keyring (Playwright starts Chromium so), so the login must be kept
    without it as well.
    """
    if platform not in LOGIN_PAGES:
        raise Problem(f"{platform!r} is not collected through a browser; choose from {', '.join(sorted(LOGIN_PAGES))}.")
    profile = operator_profiles() / platform
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        chromium(),
        f"--user-data-dir={profile}",
        "--password-store=basic",
        "--no-first-run",
        LOGIN_PAGES[platform],
    ]
