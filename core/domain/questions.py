"""What a console may ask beyond the picture, and the answers: pages of log lines, the configuration in force.

A question is answered beside the core's loop, from whatever thread asked; none of them changes anything.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.domain.history_page import HistoryPage
from core.domain.order_pages import BY_ACK, NEWEST, OrderListPage, OrderPage
from core.domain.snapshot import Check, LogRow
from core.domain.why_page import WhyPage


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="about", tag=str.lower):
    """Base of what may be asked."""


class LogLines(Question, frozen=True):
    """Lines after number `after` (0 = from the oldest that is kept), at most `most`. Answer: `LogPage`."""

    after: int = 0
    most: int = 2_000


class ConfigInForce(Question, frozen=True):
    """Every effective value with its origin, and the self-check. Answer: `ConfigPage`."""


class OrderTimeline(Question, frozen=True):
    """What one order went through: by client id, or by the number it is kept under. Answer: `OrderPage`."""

    cl_id: int = 0
    number: int = 0


class OrderList(Question, frozen=True):
    """Orders that are kept: `kind` worst | newest | refused, worst by `by` ack | slippage. Answer: `OrderListPage`."""

    kind: str = NEWEST
    by: str = BY_ACK
    most: int = 20


class WhyNot(Question, frozen=True):
    """Which stage says no, of each strategy on each instrument. Answer: `WhyPage`."""


class SpreadHistory(Question, frozen=True):
    """The newest `window_s` seconds of a pair's spread; `pair` "" = the mid with our quotes. Answer: `HistoryPage`."""

    window_s: int = 300
    pair: str = ""
    most: int = 480


class PnlHistory(Question, frozen=True):
    """The newest `window_s` seconds of the running round's net PnL. Answer: `HistoryPage`."""

    window_s: int = 86_400
    most: int = 480


AnyQuestion = LogLines | ConfigInForce | OrderTimeline | OrderList | WhyNot | SpreadHistory | PnlHistory


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


Page = LogPage | ConfigPage | OrderPage | OrderListPage | WhyPage | HistoryPage
PAGES: dict[type[Question], type[Any]] = {
    LogLines: LogPage, ConfigInForce: ConfigPage,
    OrderTimeline: OrderPage, OrderList: OrderListPage, WhyNot: WhyPage,
    SpreadHistory: HistoryPage, PnlHistory: HistoryPage,
}  # fmt: skip
