"""The command line, called in this process, so that tests capture its output."""

from collections.abc import Sequence

from orchestration.cli.app import app


def tingfeng(*arguments: object) -> int:
    """``tingfeng <arguments>``; returns the exit status."""
    try:
        app([str(argument) for argument in arguments])
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def import_command(sources: Sequence[object]) -> int:
    """``tingfeng import <sources>``."""
    return tingfeng("import", *sources)
