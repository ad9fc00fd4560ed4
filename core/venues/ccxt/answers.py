"""What an answer must look like before ccxt reads it: what is missing or no figure is no answer, never "none" (R-B4).

ccxt makes None of a figure that it cannot read and an empty list of a shape that it does not know; both would say
"flat". A venue's file states for each question that money hangs on the fields that its answer must have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.codec.grid import decimal_of
from core.codec.reasons import BAD_FRAME, EMPTY, NEGATIVE, WRONG_TYPE, Hostile

Check = Callable[[Any], None]  # raises Hostile


def figure(value: Any) -> None:
    """A finite number, as text or plain."""
    if isinstance(value, bool):
        raise Hostile(WRONG_TYPE)
    decimal_of(value)


def amount(value: Any) -> None:
    """As `figure`, and not below zero."""
    figure(value)
    if decimal_of(value) < 0:
        raise Hostile(NEGATIVE)


def maybe_figure(value: Any) -> None:
    """As `figure`, or not told."""
    if value is not None:
        figure(value)


def number(value: Any) -> None:
    """A whole number above zero: an id, a time."""
    if _whole(value) == 0:
        raise Hostile(WRONG_TYPE)


def number_or_none(value: Any) -> None:
    """As `number`, or 0 for none: what a venue does of itself belongs to no order."""
    _whole(value)


def _whole(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < 20 else -1
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise Hostile(WRONG_TYPE)
    return value


def name(value: Any) -> None:
    """A printable name without blanks; venues list symbols in other scripts too."""
    if not isinstance(value, str) or not 0 < len(value) <= 128 or not value.isprintable() or " " in value:
        raise Hostile(WRONG_TYPE)


def one_of(*words: Any) -> Check:
    """Exactly one of these."""

    def check(value: Any) -> None:
        if value not in words or isinstance(value, bool) != isinstance(words[0], bool):
            raise Hostile(WRONG_TYPE)

    return check


def fields(**wanted: Check) -> Check:
    """An object with these fields; a check that takes None takes a missing one."""

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise Hostile(BAD_FRAME)
        for field, inner in wanted.items():
            inner(value.get(field))

    return check


def all_of(*checks: Check) -> Check:
    """Each of these."""

    def check(value: Any) -> None:
        for one in checks:
            one(value)

    return check


def rows(inner: Check) -> Check:
    """A list, each of it so; an empty one is an answer."""

    def check(value: Any) -> None:
        if not isinstance(value, list):
            raise Hostile(BAD_FRAME)
        for row in value:
            inner(row)

    return check


def levels(value: Any) -> None:
    """Price and size of each level of a book side, positive or zero."""
    if not isinstance(value, list):
        raise Hostile(BAD_FRAME)
    for level in value:
        if not isinstance(level, list) or len(level) < 2:
            raise Hostile(BAD_FRAME)
        amount(level[0])
        amount(level[1])


def checked(table: Mapping[str, Check], what: str, answer: Any) -> Any:
    """The answer, if the venue's table has nothing against it. Raises Hostile."""
    check = table.get(what)
    if check is not None:
        if answer is None:
            raise Hostile(EMPTY)
        check(answer)
    return answer
