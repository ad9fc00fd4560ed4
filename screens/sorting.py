"""How a person sorts a table: which column, which way round, and the sign that says so in its header. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from screens.theme import Theme
from screens.widgets.table import Column

Sort = tuple[str, bool]  # column, largest first
Row = TypeVar("Row")


def turned(now: Sort | None, column: str, down: bool) -> Sort | None:
    """The next press on `column`: its natural way (`down`), the other way round, then as it was."""
    if now is None or now[0] != column:
        return column, down
    return (column, not down) if now[1] == down else None


def ordered(rows: Sequence[Row], sort: Sort | None, keys: Mapping[str, Callable[[Row], Any]]) -> list[Row] | None:
    """The rows sorted as chosen, unknown values last whichever way; None when nothing is chosen."""
    if sort is None:
        return None
    key = keys[sort[0]]
    known = [row for row in rows if key(row) is not None]
    unknown = [row for row in rows if key(row) is None]
    return [*sorted(known, key=key, reverse=sort[1]), *unknown]


def headed(columns: Sequence[Column], sort: Sort | None, theme: Theme) -> list[Column]:
    """The columns with the sign of the sorted one; it is not dropped for want of room."""
    if sort is None:
        return list(columns)
    sign = theme.sign("down" if sort[1] else "up")
    return [replace(c, name=c.name + sign, rank=0) if c.name == sort[0] else c for c in columns]
