"""Errors by meaning: what the caller must do next, not where it happened."""

from __future__ import annotations


class PerpError(Exception):
    """Base of all errors that carry a message for the operator. Message form: `Expected X, was Y`."""

    code = 70


class Unavailable(PerpError):
    """Ask again: a venue, file or peer did not answer."""


class Defer(PerpError):
    """Not now: the state does not allow it yet."""


class FailClosed(PerpError):
    """No new risk: an input of a limit is missing or not a number."""


class Degraded(PerpError):
    """Go on and say so: something useful is off, nothing is unsafe."""


class Fatal(PerpError):
    """Stop: continuing would act on a state that we do not know."""


class Unverified(PerpError):
    """It was asked for and sent, and no venue said that it is done. Exit code 3."""

    code = 3


class Refused(PerpError):
    """The operator asked for something that is refused, with the reason and the next step. Exit code 1."""

    code = 1


class ConfigError(Refused):
    """A config value: file, line, what was expected, what was found."""

    def __init__(self, message: str, file: str = "", line: int = 0) -> None:
        self.file, self.line = file, line
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + message)


class DataError(Refused):
    """A recording or column file: file, row, what was expected, what was found."""

    def __init__(self, message: str, file: str = "", row: int | None = None) -> None:
        self.file, self.row = file, row
        where = f"{file}" + (f" row {row}" if row is not None else "")
        super().__init__(f"{where}: {message}" if where else message)
