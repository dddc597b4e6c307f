"""Opens the browser in which an operator logs in to a platform by hand: python -m scrapers.login douyin

The profile is the one that live crawls of the platform open later. Nothing but the browser reads or writes it.
"""

import argparse
import subprocess
import sys

from core.environment import EnvironmentProblem, chromium, operator_profiles
from core.platforms import FACTS, Platform

LOGIN_PAGES: dict[Platform, str] = {name: facts.login_page for name, facts in FACTS.items() if facts.login_page}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scrapers.login", description=__doc__)
    parser.add_argument("platform", choices=sorted(LOGIN_PAGES))
    platform = parser.parse_args(arguments).platform
    try:
        command = login_command(platform)
    except EnvironmentProblem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"Log in to {platform} in the window that opens, then close it.\n")
    sys.stdout.flush()
    return subprocess.call(command)


def login_command(platform: Platform) -> list[str]:
    """The browser, with the platform's profile. Raises EnvironmentProblem where one of them is not named.

    Crawls open the profile without the desktop's keyring (Playwright starts Chromium so), so the login must be kept
    without it as well.
    """
    profile = operator_profiles() / platform
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        chromium(),
        f"--user-data-dir={profile}",
        "--password-store=basic",
        "--no-first-run",
        LOGIN_PAGES[platform],
    ]


if __name__ == "__main__":
    sys.exit(main())
