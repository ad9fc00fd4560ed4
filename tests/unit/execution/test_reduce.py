"""Reduce work as targets, and the review of its fills. Rows S3-24, S3-26, S3-62, S0-41."""

# ruff: noqa: C408
from __future__ import annotations

import pytest

from core.domain.order import (
    CREATE,
    FILLED,
    GTC,
    IOC,
    KEY_REDUCE,
    KEY_TAKE_PROFIT,
    LIMIT,
    MARKET,
    POST_ONLY,
    REDUCE_ONLY,
    TARGETS,
)  # fmt: skip
from core.domain.reasons import OK
from core.execution.reduce import ReduceReview, reduce, review
from core.execution.slots import place
from core.risk.blocks import STYLE_MAKER, STYLE_MARKET, STYLE_TAKER
from tests.unit.execution.desk import MID, Desk


def reducing(style: int, lots: int = 40, held: int = 100) -> Desk:
    desk = Desk()
    desk.hold(held)
    r = desk.risk.s
    r.reduce_active, r.reduce_lots, r.reduce_side, r.reduce_style = 1, lots, 1 if held > 0 else 0, style
    return desk


def rows(desk: Desk) -> list[tuple[int, ...]]:
    t = desk.target.s
    return [(t.key[j], t.side[j], t.px[j], t.qty[j], t.type[j], t.tif[j]) for j in range(t.n) if t.qty[j] > 0]


def call(desk: Desk) -> int:
    return reduce(desk.limits.plain, desk.risk.plain, desk.ledger.plain, desk.view.plain, desk.spec.plain,
                  desk.target.plain)  # fmt: skip


@pytest.mark.parametrize("held", [100, -100])
def test_a_maker_reduce_rests_at_our_best_price(held: int) -> None:
    desk = reducing(STYLE_MAKER, held=held)
    assert call(desk) == 40
    side = 1 if held > 0 else 0
    assert rows(desk) == [(KEY_REDUCE, side, desk.view.s.px[side][0], 40, LIMIT, POST_ONLY)]
    assert desk.target.s.flags[0] == REDUCE_ONLY


@pytest.mark.parametrize("held", [100, -100])
def test_a_taker_reduce_pays_at_most_the_bound_and_takes_a_quarter_of_its_depth(held: int) -> None:
    """S3-24: 3 bps of 250,000 are 75 ticks; 20 levels of 4 lots are within."""
    desk = reducing(STYLE_TAKER, held=held)
    desk.book(MID, size=4)
    assert call(desk) == 20
    px = MID - 75 if held > 0 else MID + 75
    assert rows(desk) == [(KEY_REDUCE, 1 if held > 0 else 0, px, 20, LIMIT, IOC)]


def test_a_spread_wider_than_the_bound_makes_the_taker_rest_at_the_bound() -> None:
    desk = reducing(STYLE_TAKER)
    desk.book(MID, half=200)
    call(desk)
    assert rows(desk) == [(KEY_REDUCE, 1, MID - 75, 40, LIMIT, GTC)]


def test_market_reduces_go_in_slices_of_the_depth() -> None:
    desk = reducing(STYLE_MARKET)
    desk.book(MID, size=4)
    assert call(desk) == 20
    assert rows(desk)[0][4:] == (MARKET, IOC)


@pytest.mark.parametrize("style", [STYLE_MAKER, STYLE_TAKER, STYLE_MARKET])
def test_every_style_passes_planner_and_gate(style: int) -> None:
    desk = reducing(style)
    desk.risk.s.pull_quotes = desk.risk.s.paused = 1
    desk.want((0, 0, MID - 100, 9), (KEY_TAKE_PROFIT, 1, MID + 500, 100, REDUCE_ONLY))
    call(desk)
    desk.plan()
    desk.commit()
    assert [(row[0], row[3], row[4]) for row in desk.sent()] == [(CREATE, 40, OK)]


def test_with_quotes_pulled_only_exits_stay() -> None:
    desk = Desk()
    desk.hold(20)
    desk.risk.s.pull_quotes = 1
    desk.want((0, 0, MID - 100, 9), (KEY_TAKE_PROFIT, 1, MID + 500, 20, REDUCE_ONLY), (24, 1, MID + 100, 9))
    desk.target.s.hold = 1
    assert call(desk) == 0
    assert [row[0] for row in rows(desk)] == [KEY_TAKE_PROFIT]
    assert desk.target.s.hold == 0


def test_a_full_target_list_still_holds_the_reduce() -> None:
    desk = reducing(STYLE_MAKER)
    desk.want(*((n % 48, 0, MID - 100 - n, 9) for n in range(TARGETS)))
    assert call(desk) == 40
    assert desk.target.s.n == TARGETS


def test_nothing_is_reduced_without_a_book() -> None:
    desk = reducing(STYLE_MARKET)
    desk.view.s.book_ok = 0
    assert call(desk) == 0


def test_the_review_compares_the_average_fill_with_the_mid() -> None:
    """S3-62: 10 lots 25 ticks under the mid and 30 at the mid: 1 bp and 0 bp paid; duplicates once."""
    desk = reducing(STYLE_TAKER)
    cl = place(desk.ledger.s, 3, KEY_REDUCE, 1, MID - 75, 40, 0, IOC, REDUCE_ONLY, desk.now)
    block = ReduceReview()
    fills = [dict(kind=FILLED, cl_id=cl, side=1, px=MID - 25, qty=10, trade_id=801),
             dict(kind=FILLED, cl_id=cl, side=1, px=MID, qty=30, trade_id=802, maker=1)]  # fmt: skip
    for fill in (*fills, fills[0]):
        r = desk.reports.s
        r.n = 1
        for name in ("kind", "cl_id", "side", "px", "qty", "trade_id", "maker"):
            getattr(r, name)[0] = fill.get(name, 0)
        review(block.plain, desk.ledger.plain, desk.view.plain, desk.reports.plain)
        desk.report(fill)
    w = block.s
    assert (w.n_fills, w.lots, w.maker_lots, w.worst_bps) == (2, 40, 30, 1.0)
    assert w.slip_lots / w.lots == pytest.approx(0.25)
    assert w.mid_lots / w.lots - w.px_lots / w.lots == pytest.approx(6.25)
