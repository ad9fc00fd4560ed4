"""What a console may ask beyond the picture, and the answers: pages of log lines, the configuration in force.

A question is answered beside the core's loop, from whatever thread asked; none of them changes anything.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain.snapshot import Check, LogRow


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="about", tag=str.lower):
    """Base of what may be asked."""


class LogLines(Question, frozen=True):
    """Lines after number `after` (0 = from the oldest that is kept), at most `most`. Answer: `LogPage`."""

    after: int = 0
    most: int = 2_000


class ConfigInForce(Question, frozen=True):
    """Every effective value with its origin, and the self-check. Answer: `ConfigPage`."""


AnyQuestion = LogLines | ConfigInForce


class LogPage(msgspec.Struct, frozen=True):
    """`first`: number of the first row, counted from 1 since the start; `last`: number of the newest line there is."""

    first: int
    last: int
    rows: tuple[LogRow, ...]


class ConfigRow(msgspec.Struct, frozen=True, gc=False):
    """`value` as the file would hold it, secrets masked; origin: default | file | env NAME | flag NAME."""

    key: str
    value: str
    origin: str


class ConfigPage(msgspec.Struct, frozen=True):
    file: str
    sha256: str
    rows: tuple[ConfigRow, ...]
    checks: tuple[Check, ...]


Page = LogPage | ConfigPage
PAGES: dict[type[Question], type[Any]] = {LogLines: LogPage, ConfigInForce: ConfigPage}
