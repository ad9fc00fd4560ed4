"""Orders: request and report vocabulary, our order table, and the blocks that travel between kernels."""

from __future__ import annotations

import msgspec

from core.kernel import Block, i64, i64s

SLOTS = 128  # orders one strategy may have alive on one instrument
TARGETS = 64  # orders one strategy may want at a time on one instrument
REQUESTS = 128
REPORTS = 256
SEEN = 8192  # trade ids remembered, two generations of half this

# request kinds
CREATE, CANCEL, AMEND = 1, 2, 3
# order types and times in force
LIMIT, MARKET = 0, 1
GTC, POST_ONLY, IOC, FOK = 0, 1, 2, 3
# flags (bits)
REDUCE_ONLY, CLOSE_POSITION, STOP = 1, 2, 4  # STOP: request of an emergency stop; carries the stop's own right to pass
# report kinds
ACCEPTED, REJECTED, CANCELED, FILLED, AMENDED, CANCEL_REJECTED, AMEND_REJECTED, EXPIRED, LOST = range(1, 10)
FUNDED, LIQUIDATED, DELEVERAGED, TRANSFERRED = 20, 21, 22, 23
# order states. PENDING_NEW and UNKNOWN count at worst case; RESTING_REJECT waits for the next decision
FREE, PENDING_NEW, LIVE, PENDING_CANCEL, PENDING_AMEND, UNKNOWN, RESTING_REJECT = range(7)
STATE_NAMES = ("FREE", "PENDING_NEW", "LIVE", "PENDING_CANCEL", "PENDING_AMEND", "UNKNOWN", "REJECTED")
# purpose of an order: 0 .. 47 grid layer (side * 24 + i); then
KEY_TAKE_PROFIT, KEY_REDUCE, KEY_FLATTEN, KEY_HEDGE = 48, 50, 52, 54


class Target(Block):
    """What a strategy wants to stand at the venue for one instrument: the whole truth, not a difference."""

    n: i64
    key: i64s[TARGETS]
    side: i64s[TARGETS]
    px: i64s[TARGETS]
    qty: i64s[TARGETS]
    type: i64s[TARGETS]
    tif: i64s[TARGETS]
    flags: i64s[TARGETS]
    tol: i64s[TARGETS]  # ticks: a live order this near on the passive side is still good (cancel suppression)
    hold: i64  # 1 = leave every order as it is (no decision this time)


class Ledger(Block):
    """Our side of one strategy on one instrument: orders, position, money. Lots, ticks, 1e-8 quote, ns.

    `open_lots[side]` counts every order that may still fill: resting, in flight, being cancelled, UNKNOWN, and for an
    amend in flight the larger of both sizes. `other_*` is the same of other strategies and of foreign orders here.
    """

    next_seq: i64
    state: i64s[SLOTS]
    cl_id: i64s[SLOTS]
    venue_id: i64s[SLOTS]
    key: i64s[SLOTS]
    side: i64s[SLOTS]
    px: i64s[SLOTS]
    qty: i64s[SLOTS]
    left: i64s[SLOTS]
    flags: i64s[SLOTS]
    tif: i64s[SLOTS]
    type: i64s[SLOTS]
    new_px: i64s[SLOTS]  # amend in flight
    new_qty: i64s[SLOTS]
    ts_sent: i64s[SLOTS]
    ts_placed: i64s[SLOTS]  # of the last create or amend alone: what can still arrive left no later
    ts_ack: i64s[SLOTS]
    n_live: i64
    open_lots: i64s[2]
    other_lots: i64s[2]
    other_pos: i64
    other_best: i64s[2]  # best resting price of others on each side, 0 = none
    n_unknown: i64
    oldest_unknown: i64  # ts_sent of the oldest UNKNOWN order, 0 = none
    pos: i64
    cost: i64  # signed cost basis: unrealised = pos * mark * unit - cost
    realised: i64
    fees: i64
    funding: i64
    traded_lots: i64s[2]
    buy_notional: i64
    sell_notional: i64
    n_created: i64s[2]
    n_canceled: i64s[2]
    n_rejected: i64
    n_fills: i64s[2]
    n_filled_orders: i64s[2]
    n_maker: i64
    n_duplicate: i64  # fills seen twice and not counted twice
    seen_now: i64
    seen_n: i64
    seen: i64s[2, SEEN]
    err: i64
    err_a: i64


class Requests(Block):
    """The planner's output. `code` is filled by the gate: 0 = approved, else a reason of `core.domain.reasons`."""

    n: i64
    kind: i64s[REQUESTS]
    slot: i64s[REQUESTS]
    cl_id: i64s[REQUESTS]
    venue_id: i64s[REQUESTS]
    key: i64s[REQUESTS]
    side: i64s[REQUESTS]
    px: i64s[REQUESTS]
    qty: i64s[REQUESTS]
    type: i64s[REQUESTS]
    tif: i64s[REQUESTS]
    flags: i64s[REQUESTS]
    code: i64s[REQUESTS]
    n_suppressed: i64  # live orders left alone though not exactly at target
    n_dropped: i64  # changes given up for the message budget, outermost first


class Reports(Block):
    """Order and account reports of one instant, in order. From the simulated exchange or from a venue's codec."""

    n: i64
    kind: i64s[REPORTS]
    ts: i64s[REPORTS]  # exchange time
    cl_id: i64s[REPORTS]
    venue_id: i64s[REPORTS]
    side: i64s[REPORTS]
    px: i64s[REPORTS]
    qty: i64s[REPORTS]  # of this fill, or of the order
    left: i64s[REPORTS]
    trade_id: i64s[REPORTS]
    fee: i64s[REPORTS]  # 1e-8 quote, positive = paid
    maker: i64s[REPORTS]
    amount: i64s[REPORTS]  # funding or transfer, 1e-8 quote, positive = received
    code: i64s[REPORTS]


class Request(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One request on its way to a venue; what the journal stores and a replay compares."""

    strategy: int
    instrument: int
    kind: int
    cl_id: int
    venue_id: int
    side: int
    px: int
    qty: int
    type: int
    tif: int
    flags: int
    key: int


class Report(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One report as an event; fields as in `Reports`."""

    instrument: int
    kind: int
    ts: int
    cl_id: int = 0
    venue_id: int = 0
    side: int = 0
    px: int = 0
    qty: int = 0
    left: int = 0
    trade_id: int = 0
    fee: int = 0
    maker: int = 0
    amount: int = 0
    code: int = 0


class Refusal(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A request that a gate refused, with the reason code and the figures that decided."""

    request: Request
    code: int
    value: int = 0
    limit: int = 0
