"""The base class of every error that the user has to fix."""


class Problem(Exception):
    """An error that the user has to fix: a setting, a file, an argument.

    The message names what is wrong and the remedy, one line per problem. Commands print it to standard error without a
    traceback and exit with status 1. Subclass it only where a caller handles the subclass differently.
    """


class ArgumentProblem(Problem):
    """An argument of a command that cannot be used, whatever the data; the command exits with status 2."""
