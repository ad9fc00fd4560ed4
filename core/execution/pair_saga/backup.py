"""The third venue of a pair: a leg goes over to another ledger, and what comes where no leg is gets closed (S1-54).

Decides nothing: when a leg may move is the seat's. Writes the saga's figures of that leg and `bound` of its wish; for a
venue that plays no leg its `Stray` and its target, which only ever reduces.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import IOC, KEY_HEDGE, LIVE, REDUCE_ONLY, SLOTS, Ledger, Target
from core.domain.units import BUY, SELL
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.events import second_untouched
from core.execution.pair_saga.legs import CHILD_KEYS, anchor
from core.execution.pair_saga.words import S2_LOCKING
from core.execution.pair_saga.work import MAX_DOUBLINGS, clear, row
from core.execution.reduce import bound_px, depth_within
from core.kernel import Block, door, i64, kernel

IDLE, CLOSING, DUST, NOT_OURS = range(4)  # what a venue that plays no leg holds


class Stray(Block):
    """What came on a venue while it plays no leg of the pair."""

    ours: i64  # 1 = it was seen flat or played a leg: what it holds since is the pair's to close
    since: i64  # when the position came, ns; 0 = there is none
    kid: i64
    kid_ts: i64
    asked: i64
    asked_traded: i64
    tries: i64  # in a row that got nothing


@door
def take_over(S: Saga, W: Wish, L: Ledger, leg: int, venue: int) -> int:
    """From now on L is the ledger of `leg`, on its primary venue (0) or the backup (1). Of this episode nothing was
    traded there; the leg's intent grows again from what the other holds. Returns `venue`."""
    s, w, o = S[0], W[0], L[0]
    w.bound[leg] = venue
    s.venue[leg] = venue
    anchor(s, leg, o, 0, 0)
    s.seen_buy[leg] = o.traded_lots[BUY]
    s.seen_sell[leg] = o.traded_lots[SELL]
    s.seen_rejected[leg] = o.n_rejected
    s.pos[leg] = o.pos
    s.held[leg] = o.pos * s.sign[leg]
    s.bought[leg] = 0
    s.sold[leg] = 0
    s.sold_ok[leg] = 0
    s.intent[leg] = 0
    s.asked[leg] = 0
    s.pulled[leg] = 0
    s.rejects[leg] = 0
    s.tries[leg] = 0
    s.min_lots[leg] = 0
    s.min_open[leg] = 0
    return venue


@door
def give_up(S: Saga, most: int) -> int:
    """Before `advance`, where a backup waits: a second leg of which nothing is filled, and whose last `most` children
    got nothing, counts as refused (returns 1), so that what is left of `naked_ns` is the backup's."""
    s = S[0]
    second = 1 - s.first
    if s.state != S2_LOCKING or s.tries[second] < most or s.rejects[second] > 0 or second_untouched(s) == 0:
        return 0
    s.rejects[second] = 1
    return 1


@kernel
def keep_taker(o: Ledger, t: Target) -> None:
    """An IOC that is LIVE is left to its end; whatever else stands is not wanted."""
    for i in range(SLOTS):
        if o.state[i] == LIVE and o.tif[i] == IOC:
            row(t, o.key[i], o.side[i], o.px[i], o.left[i], IOC, o.flags[i])


@kernel
def settle_stray(d: Stray, o: Ledger) -> None:
    """What became of the last close, once nothing of it is alive."""
    if d.asked == 1:
        d.asked = 0
        got = o.traded_lots[BUY] + o.traded_lots[SELL] - d.asked_traded
        d.tries = 0 if got > 0 else d.tries + 1


@kernel
def stray_gap(d: Stray, p: PairParams) -> int:
    """Wait after closes that got nothing, doubled with each."""
    if d.tries <= 0:
        return 0
    return min(p.retry_max_ns, p.retry_ns << min(12, d.tries - 1))


@kernel
def stray_slip(d: Stray, p: PairParams) -> float:
    """Bound of the next close against the mid: `exit_slip`, doubled with each that got nothing."""
    slip = p.exit_slip
    for _k in range(min(MAX_DOUBLINGS, d.tries)):
        slip = slip * 2.0
    return min(slip, p.exit_slip_max)


@door
def close_stray(
    D: Stray, L: Ledger, V: View, X: Spec, T: Target, P: PairParams, down_ns: int, now: int
) -> int:  # fmt: skip
    """Each wake, for a venue that plays no leg, in place of the saga: nothing stands there, and what was filled there
    all the same is closed reduce-only at once. Returns IDLE .. NOT_OURS.

    A position that was there before anybody looked is not touched.
    """
    d, o, v, x, t, p = D[0], L[0], V[0], X[0], T[0], P[0]
    clear(t)
    if o.pos == 0:
        d.ours = 1
        d.since = 0
        d.asked = 0
        d.tries = 0
        return IDLE
    if d.ours == 0:
        return NOT_OURS
    if d.since == 0:
        d.since = now
    if o.n_live > 0:
        keep_taker(o, t)
        return CLOSING
    settle_stray(d, o)
    least = max(1, x.min_lots)
    if abs(o.pos) < least:
        return DUST
    side = SELL if o.pos > 0 else BUY
    fresh = v.book_ok == 1 and v.px[BUY][0] > 0 and v.px[SELL][0] > v.px[BUY][0] and now - v.ts_recv <= down_ns
    if not fresh or (d.tries > 0 and now - d.kid_ts < stray_gap(d, p)):
        return CLOSING
    px = bound_px(v, side, stray_slip(d, p))
    qty = min(min(abs(o.pos), x.max_lots), depth_within(v, side, px))
    d.kid_ts = now
    if qty < least:
        d.tries += 1
        return CLOSING
    d.kid += 1
    d.asked = 1
    d.asked_traded = o.traded_lots[BUY] + o.traded_lots[SELL]
    row(t, KEY_HEDGE + d.kid % CHILD_KEYS, side, px, qty, IOC, REDUCE_ONLY)
    return CLOSING
