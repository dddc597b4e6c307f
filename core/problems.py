"""The one base class of everything that a person has to fix."""


class Problem(Exception):
    """Something that a person has to fix: a setting, a file, an argument.

    The message names it and the remedy, a line for each problem. Commands print it on standard error without a
    traceback and exit with status 1.
    """
