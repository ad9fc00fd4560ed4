"""Every limit of the gate with its boundary, and what missing inputs do.

Rows S3-04, S3-16..S3-18, S3-65, S3-77, R-L1..R-L6.
"""

# ruff: noqa: C408  (rows of blocks read better as keywords)
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from core.domain.order import (
    ACCEPTED,
    AMEND,
    CANCEL,
    CLOSE_POSITION,
    CREATE,
    IOC,
    LIVE,
    LOST,
    MARKET,
    REDUCE_ONLY,
    STOP,
)  # fmt: skip
from core.domain.reasons import (
    BAD_REQUEST,
    COOLDOWN,
    DAILY_MAX,
    FILTER_MAX_QTY,
    FILTER_MIN_NOTIONAL,
    FILTER_MIN_QTY,
    HALTED,
    MAX_VALUE,
    MESSAGE_BUDGET,
    MISSING_INPUT,
    NET_CAP,
    OK,
    PAUSED,
    PRICE_BAND,
    PRICE_COLLAR,
    REDUCE_ONLY_MODE,
    REDUCE_ONLY_SIZE,
    SELF_MATCH,
    SINGLE_MAX,
    SLIPPAGE,
    STALE_DATA,
    UNKNOWN_ORDER,
)  # fmt: skip
from core.domain.units import MONEY
from core.execution.slots import place
from core.risk.blocks import STYLE_MARKET
from tests.unit.execution.desk import MID, Desk

NEW = dict(side=0, qty=9, px=MID - 100)
EXIT = dict(side=1, qty=5, px=MID + 100, flags=REDUCE_ONLY)
STOPPING = dict(side=1, qty=5, px=0, type=MARKET, tif=IOC, flags=REDUCE_ONLY | STOP)


def code_of(desk: Desk, **row: int) -> int:
    return desk.ask(row)[0]


def test_the_order_layer_stands_alone_and_refuses_what_a_broken_strategy_asks() -> None:
    """S3-04: no strategy check in sight."""
    assert code_of(Desk(), qty=61) == SINGLE_MAX


@pytest.mark.parametrize("side", [0, 1])
def test_net_cap_refuses_one_lot_above_and_passes_the_cap_itself(side: int) -> None:
    """S3-16: the second order sees the first, which has not even left."""
    sign = 1 - 2 * side
    row = dict(side=side, qty=60, px=MID - sign * 100)
    assert Desk().ask(row, row, row, row | dict(qty=30)) == [OK] * 4
    assert Desk().ask(row, row, row, row | dict(qty=31)) == [OK, OK, OK, NET_CAP]


def test_net_cap_counts_the_position_resting_orders_and_unknown_ones() -> None:
    desk = Desk()
    desk.hold(100)
    first = place(desk.ledger.s, 100, 0, 0, MID - 100, 50, 0, 1, 0, desk.now)
    desk.report(dict(kind=ACCEPTED, cl_id=first))
    second = place(desk.ledger.s, 101, 1, 0, MID - 120, 40, 0, 1, 0, desk.now)
    assert desk.ask(NEW | dict(qty=21), NEW | dict(qty=20)) == [NET_CAP, OK]
    assert (desk.risk.s.value[0], desk.risk.s.limit[0]) == (211, 210)
    desk.report(dict(kind=LOST, cl_id=second))
    assert desk.ledger.s.open_lots[0] == 110
    desk.ledger.s.n_unknown = 0  # past the UNKNOWN rule, the cap alone still counts it
    assert code_of(desk, **(NEW | dict(slot=9))) == NET_CAP


def test_other_strategies_and_foreign_orders_count_against_the_account_cap() -> None:
    desk = Desk({"accountNetMax": 0.3})
    desk.ledger.s.other_pos, desk.ledger.s.other_lots[0] = 200, 91
    assert desk.ask(NEW | dict(qty=10), NEW) == [NET_CAP, OK]


def test_the_adaptive_cap_binds_below_net_max_and_cannot_raise_it() -> None:
    """S3-77: an order above it but below 0.21 is refused net_cap."""
    desk = Desk()
    desk.cap = 20.9
    assert desk.ask(NEW | dict(qty=21), NEW | dict(qty=20)) == [NET_CAP, OK]
    desk = Desk()
    desk.cap = 1e6
    desk.hold(205)
    assert desk.ask(NEW | dict(qty=6), NEW | dict(qty=5)) == [NET_CAP, OK]


@pytest.mark.parametrize("cap", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300])
def test_a_missing_adaptive_cap_refuses_all_new_risk_and_no_exit(cap: float) -> None:
    desk = Desk()
    desk.hold(20)
    desk.cap = cap
    assert desk.ask(NEW, EXIT) == [MISSING_INPUT, OK]


def test_an_amend_counts_its_worst_case() -> None:
    desk = Desk()
    cl = place(desk.ledger.s, 9, 0, 0, MID - 100, 50, 0, 0, 0, desk.now)
    desk.report(dict(kind=ACCEPTED, cl_id=cl))
    desk.hold(155)
    amend = dict(kind=AMEND, slot=9, cl_id=cl, side=0, px=MID - 90)
    assert code_of(desk, **amend, qty=56) == NET_CAP
    desk.ledger.s.new_qty[9] = 0
    assert code_of(desk, **amend, qty=55) == OK
    assert desk.ledger.s.open_lots[0] == 55


def test_sizes_and_values_have_inclusive_bounds() -> None:
    """S3-17, S3-29"""
    assert [code_of(Desk(), qty=q) for q in (60, 61)] == [OK, SINGLE_MAX]
    assert [code_of(Desk(min_lots=5, min_notional=0), qty=q) for q in (4, 5)] == [FILTER_MIN_QTY, OK]
    assert [code_of(Desk(max_lots=8), qty=q) for q in (8, 9)] == [OK, FILTER_MAX_QTY]
    value = 9 * (MID - 100) * 1000
    assert [code_of(Desk(min_notional=value + d)) for d in (0, 1)] == [OK, FILTER_MIN_NOTIONAL]
    assert [code_of(Desk({"maxOrderValue": (value - d) / MONEY})) for d in (0, 1)] == [OK, MAX_VALUE]


def test_price_collar_holds_against_mid_and_mark() -> None:
    """R-L1: 5 % of 250,000 ticks is 12,500."""
    assert [code_of(Desk(band_ppm=0), px=MID - d) for d in (12_500, 12_501)] == [OK, PRICE_COLLAR]
    assert code_of(Desk(band_ppm=0), side=1, px=MID + 12_501) == PRICE_COLLAR
    desk = Desk(band_ppm=0)
    desk.book(MID, mark=MID + 13_500)
    assert code_of(desk) == PRICE_COLLAR
    assert code_of(Desk(), type=MARKET, px=0) == PRICE_COLLAR


def test_the_venues_price_band_is_kept() -> None:
    assert [code_of(Desk(band_ppm=10_000), px=MID - d) for d in (2500, 2501)] == [OK, PRICE_BAND]


def test_no_order_matches_our_own_or_another_strategys() -> None:
    """R-L6"""
    desk = Desk()
    ask = dict(side=1, px=MID + 100, qty=9)
    assert desk.ask(ask, dict(px=MID + 100), dict(px=MID + 99)) == [OK, SELF_MATCH, OK]
    desk = Desk()
    desk.ledger.s.other_best[1] = MID + 50
    assert desk.ask(dict(px=MID + 50), dict(px=MID + 49)) == [SELF_MATCH, OK]


def test_the_gate_has_a_message_budget_of_its_own_that_cancels_and_exits_overdraw() -> None:
    desk = Desk(orders_per_10s=10)  # 8 messages, a burst of 4
    desk.hold(5)
    codes = desk.ask(*[NEW] * 6, EXIT)
    assert codes == [OK] * 4 + [MESSAGE_BUDGET] * 2 + [OK]
    cl = desk.requests.s.cl_id[0]
    desk.report(dict(kind=ACCEPTED, cl_id=cl))
    assert code_of(desk, kind=CANCEL, slot=0, cl_id=cl) == OK


def test_a_stale_or_broken_book_passes_only_the_stop() -> None:
    def stale(desk: Desk) -> None:
        desk.view.s.ts_recv = desk.now - desk.limits.s.book_stale_ns - 1

    def bad(desk: Desk) -> None:
        desk.view.s.book_ok = 0

    for spoil in (stale, bad):
        desk = Desk()
        desk.hold(20)
        spoil(desk)
        assert desk.ask(NEW, EXIT, STOPPING) == [STALE_DATA, STALE_DATA, OK]
    desk = Desk()
    desk.view.s.ts_recv = desk.now - desk.limits.s.book_stale_ns
    assert code_of(desk) == OK


@pytest.mark.parametrize(
    ("field", "code"),
    [("paused", PAUSED), ("cooldown_until", COOLDOWN), ("day_stop", DAILY_MAX), ("reduce_only", REDUCE_ONLY_MODE)],
)
def test_exits_pass_and_new_risk_does_not(field: str, code: int) -> None:
    """S3-18, S3-22, S3-23"""
    desk = Desk()
    desk.hold(20)
    setattr(desk.risk.s, field, desk.now + 1 if field == "cooldown_until" else 1)
    assert desk.ask(NEW, EXIT, STOPPING) == [code, OK, OK]


def test_halted_passes_cancels_and_the_stops_own_reduces_only() -> None:
    desk = Desk()
    desk.hold(20)
    desk.ask(NEW)
    cl = desk.requests.s.cl_id[0]
    desk.report(dict(kind=ACCEPTED, cl_id=cl))
    desk.risk.s.halted = 1
    rows = [NEW, EXIT, STOPPING, NEW | dict(flags=STOP), dict(kind=CANCEL, cl_id=cl)]
    slots = [dict(slot=10 + n) for n in range(4)] + [dict(slot=0)]
    assert desk.ask(*({**row, **slot} for row, slot in zip(rows, slots, strict=True))) == [
        HALTED,
        HALTED,
        OK,
        HALTED,
        OK,
    ]


def test_unknown_orders_block_new_risk_on_the_instrument() -> None:
    desk = Desk()
    desk.hold(20)
    desk.ask(NEW | dict(slot=60))
    desk.report(dict(kind=LOST, cl_id=desk.requests.s.cl_id[0]))
    assert desk.ask(NEW, dict(side=1, px=MID + 100), EXIT) == [UNKNOWN_ORDER, UNKNOWN_ORDER, OK]


def test_reduce_only_is_clamped_to_the_position_and_refused_without_one() -> None:
    desk = Desk()
    desk.hold(20)
    assert desk.ask(EXIT | dict(qty=50), EXIT | dict(side=0)) == [OK, REDUCE_ONLY_SIZE]
    assert desk.requests.s.qty[0] == 20
    assert code_of(Desk(), **EXIT) == REDUCE_ONLY_SIZE


def test_an_exit_pays_at_most_the_slippage_bound_until_the_market_trigger() -> None:
    """S3-24: 3 bps of 250,000 ticks are 75."""
    desk = Desk()
    desk.hold(20)
    bound = dict(side=1, qty=5, flags=REDUCE_ONLY, tif=IOC)
    market = bound | dict(type=MARKET, px=0)
    assert desk.ask(bound | dict(px=MID - 75), bound | dict(px=MID - 76), market) == [OK, SLIPPAGE, SLIPPAGE]
    desk.risk.s.reduce_style = STYLE_MARKET
    assert code_of(desk, **market, slot=9) == OK


def test_a_close_position_order_may_be_below_the_minimum() -> None:
    desk = Desk(min_lots=10)
    desk.hold(5)
    assert desk.ask(EXIT, EXIT | dict(flags=REDUCE_ONLY | CLOSE_POSITION)) == [FILTER_MIN_QTY, OK]


@pytest.mark.parametrize(
    "bad",
    [
        dict(kind=0), dict(kind=7), dict(side=2), dict(side=-1), dict(slot=-1), dict(slot=128), dict(qty=0),
        dict(qty=-3), dict(px=0), dict(px=-5), dict(qty=1 << 40), dict(kind=AMEND, cl_id=5),
    ],
)  # fmt: skip
def test_requests_that_make_no_sense_are_refused_and_touch_nothing(bad: dict[str, int]) -> None:
    desk = Desk()
    before = desk.ledger.image()
    assert code_of(desk, **bad) == BAD_REQUEST
    assert desk.ledger.image() == before


def test_a_notional_that_would_wrap_is_refused() -> None:
    assert code_of(Desk(), qty=1 << 30, px=1 << 40) == MAX_VALUE


def _zero(block: str, field: str) -> Callable[[Desk], None]:
    return lambda desk: setattr(getattr(desk, block).s, field, 0)


def _nan(block: str, field: str) -> Callable[[Desk], None]:
    return lambda desk: setattr(getattr(desk, block).s, field, math.nan)


def _index(block: str, field: str, *at: int) -> Callable[[Desk], None]:
    def spoil(desk: Desk) -> None:
        cell: Any = getattr(getattr(desk, block).s, field)
        for i in at[:-1]:
            cell = cell[i]
        cell[at[-1]] = 0

    return spoil


MISSING: dict[str, Callable[[Desk], None]] = {
    **{f"limits.{n}": _zero("limits", n) for n in ("net_max", "account_max", "single_max", "max_value", "book_stale_ns",
                                                   "budget", "collar")},
    "limits.collar nan": _nan("limits", "collar"),
    **{f"spec.{n}": _zero("spec", n) for n in ("unit", "min_lots", "max_lots")},
    **{f"view.{n}": _zero("view", n) for n in ("mark", "book_ok", "ts_recv")},
    "view.bid": _index("view", "px", 0, 0),
    "view.ask": _index("view", "px", 1, 0),
    "cap": lambda desk: setattr(desk, "cap", math.nan),
    "min_notional negative": lambda desk: setattr(desk.spec.s, "min_notional", -1),
    "band negative": lambda desk: setattr(desk.spec.s, "band_ppm", -1),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_every_missing_input_fails_closed(name: str) -> None:
    desk = Desk()
    MISSING[name](desk)
    if name == "limits.budget":
        desk.risk.s.credit = 0
    assert code_of(desk) != OK
    assert desk.ledger.s.open_lots[0] == 0
    good = Desk()
    assert code_of(good) == OK


@pytest.mark.parametrize("spoil", [_nan("limits", "slip"), _zero("view", "book_ok"), _index("view", "px", 0, 0)])
def test_a_missing_input_of_the_slippage_bound_refuses_the_exit(spoil: Callable[[Desk], None]) -> None:
    desk = Desk()
    desk.hold(20)
    spoil(desk)
    assert desk.ask(EXIT)[0] in (SLIPPAGE, STALE_DATA)


def test_refusals_are_counted_by_reason_with_the_figures_that_decided() -> None:
    """S3-65"""
    desk = Desk()
    desk.ask(dict(qty=61), dict(qty=62), dict(px=MID - 20_000))
    assert (desk.risk.s.n_refused[SINGLE_MAX], desk.risk.s.n_refused[PRICE_COLLAR]) == (2, 1)
    assert (desk.risk.s.value[1], desk.risk.s.limit[1]) == (62, 60)


def test_an_approved_create_is_pending_with_an_id_of_its_slot() -> None:
    desk = Desk()
    desk.ask(NEW, NEW)
    o, q = desk.ledger.s, desk.requests.s
    assert [q.cl_id[n] % 128 for n in range(2)] == [0, 1]
    assert q.cl_id[0] != q.cl_id[1]
    assert (o.open_lots[0], o.n_live, o.n_created[0]) == (18, 2, 2)
    assert CREATE == 1
    assert o.state[0] != LIVE
