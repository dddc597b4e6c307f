"""Starts the browser in which the operator logs in to a platform by hand.

Live crawls use the same browser profile. Only the browser reads or writes it.
"""

from core.environment import chromium, operator_profiles
from core.platforms import FACTS
from core.problems import ArgumentProblem

LOGIN_PAGES: dict[str, str] = {name: facts.login_page for name, facts in FACTS.items() if facts.login_page}


def login_command(platform: str) -> list[str]:
    """The command that opens the platform's login page with the platform's profile.

    Raises ArgumentProblem if the platform needs no browser, and Problem if the browser or the folder for profiles is
    not configured.

    Playwright starts Chromium without the desktop's keyring, so the login must be stored without it as well.
    """
    if platform not in LOGIN_PAGES:
        raise ArgumentProblem(
            f"{platform!r} is not collected through a browser; choose from {', '.join(sorted(LOGIN_PAGES))}."
        )
    profile = operator_profiles() / platform
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        chromium(),
        f"--user-data-dir={profile}",
        "--password-store=basic",
        "--no-first-run",
        LOGIN_PAGES[platform],
    ]
