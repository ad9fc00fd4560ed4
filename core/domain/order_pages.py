"""What one order went through and lists of orders, as a console asks for them. Plain values, no behaviour.

Prices, sizes and fees are display floats (quote units, base coins); times ns of core time; None = unknown, drawn `--`.
"""

from __future__ import annotations

import msgspec

# what an event of an order is
DECIDED, GATE, SENT, NOT_SENT = "decided", "risk gate", "sent", "not sent"
ACKNOWLEDGED, REJECTED, NO_ANSWER, FOUND, ABSENT = "acknowledged", "rejected", "no answer", "found", "absent"
AMEND_ASKED, AMENDED, AMEND_REFUSED = "amend asked", "amended", "amend refused"
CANCEL_ASKED, CANCEL_REFUSED, CANCELED, EXPIRED = "cancel asked", "cancel refused", "canceled", "expired"
FILL, FILLED, MARKOUT = "fill", "filled", "markout"

# lists that may be asked for
WORST, NEWEST, REFUSED = "worst", "newest", "refused"
LISTS = (WORST, NEWEST, REFUSED)
BY_ACK, BY_SLIPPAGE = "ack", "slippage"
MOST = 200  # rows of one list


class OrderItem(msgspec.Struct, frozen=True, gc=False):
    """One order in short. `number` counts kept orders and refusals of this core; an order that the risk gate refused
    never got a client id: `cl_id` 0."""

    number: int
    cl_id: int
    strategy: str
    venue: str
    symbol: str
    side: str  # BUY | SELL
    what: str  # layer 3, take profit, hedge ...
    type: str  # limit post-only | limit | market ...
    price: float | None  # None = a market order
    price_digits: int
    size: float
    size_digits: int
    filled: float
    state: str  # sent | live | canceling | filled | canceled | expired | rejected | refused | unknown | absent
    code: str  # the reason of its end, "" = none given
    decided: int
    woken: tuple[str, ...]  # what woke the strategy
    away_bps: float | None  # price behind the mid at the decision, > 0 = passive
    ack_ns: int | None  # decision to the venue's word
    slippage_bps: float | None  # of all its fills against the mid at the decision, > 0 = cost
    fees: float | None
    newest: int  # ts of its newest event
    times: int = 1  # refusals alike, this one the newest


class OrderEvent(msgspec.Struct, frozen=True, gc=False):
    """One line of a timeline. `bps`: distance behind the mid (decided, amend asked), slippage (fill)."""

    ts: int | None
    what: str
    price: float | None = None
    size: float | None = None
    bps: float | None = None
    maker: bool | None = None
    fee: float | None = None
    code: str = ""
    note: str = ""
    marks: tuple[float | None, ...] = ()  # markout: bps at `OrderPage.horizons_s`, > 0 = good for us


class OrderPage(msgspec.Struct, frozen=True):
    """`item` None: not among the orders that are kept. `ended`: nothing but markouts can follow."""

    now: int
    item: OrderItem | None
    events: tuple[OrderEvent, ...] = ()
    horizons_s: tuple[float, ...] = ()
    omitted: int = 0  # amends of its middle that are not kept
    ended: bool = False


class OrderListPage(msgspec.Struct, frozen=True):
    """`kept`: how many orders were looked through."""

    now: int
    kind: str
    by: str
    rows: tuple[OrderItem, ...]
    kept: int
