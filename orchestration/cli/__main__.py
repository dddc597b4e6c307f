"""``python -m orchestration.cli``: the same as ``tingfeng``."""

from orchestration.cli.app import main

main()
