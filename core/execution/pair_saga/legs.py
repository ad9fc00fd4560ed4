"""Reading one leg: its ledger and its book into the saga's fields, and what became of the child sent last.

A ledger that does not follow from the one seen before was rebuilt (a restart): the trades on the way are not known, so
the leg's change counts as bought or sold by its direction, and `lost` is set. Writes the saga only.
"""

from __future__ import annotations

from core.domain.book import View
from core.domain.instrument import Spec
from core.domain.order import FREE, KEY_HEDGE, LIVE, REDUCE_ONLY, RESTING_REJECT, SLOTS, UNKNOWN, Ledger
from core.domain.units import BUY, SELL
from core.execution.pair_saga.blocks import PairParams, Saga, Wish
from core.execution.pair_saga.words import PASSIVE, S0_FLAT
from core.kernel import kernel

CHILD_KEYS = 8  # a refused child rests under its key; the next one has another


@kernel
def key_of(s: Saga, leg: int) -> int:
    """Key of the leg's child at work."""
    return KEY_HEDGE + s.kid[leg] % CHILD_KEYS


@kernel
def anchor(s: Saga, leg: int, o: Ledger, bought: int, sold: int) -> None:
    """From now on the ledger's traded lots mean `bought` and `sold` of this episode."""
    opening = o.traded_lots[BUY]
    closing = o.traded_lots[SELL]
    if s.sign[leg] < 0:
        opening, closing = closing, opening
    s.base_open[leg] = opening - bought
    s.base_close[leg] = closing - sold


@kernel
def follow(s: Saga, leg: int, o: Ledger) -> None:
    """Notice a ledger that was rebuilt, and count what changed meanwhile by its direction."""
    pos = o.pos
    buy = o.traded_lots[BUY]
    sell = o.traded_lots[SELL]
    if s.n_wakes == 0:
        anchor(s, leg, o, 0, 0)
        if pos != 0:
            s.foreign = 1
    else:
        more = buy - s.seen_buy[leg]
        less = sell - s.seen_sell[leg]
        if more < 0 or less < 0 or pos - s.pos[leg] != more - less:
            change = (pos - s.pos[leg]) * s.sign[leg]
            anchor(s, leg, o, s.bought[leg] + max(0, change), s.sold[leg] + max(0, -change))
            s.asked[leg] = 0
            s.seen_rejected[leg] = o.n_rejected
            s.lost = 1
    s.seen_buy[leg] = buy
    s.seen_sell[leg] = sell
    s.pos[leg] = pos
    s.held[leg] = pos * s.sign[leg]
    if s.sign[leg] < 0:
        s.bought[leg] = sell - s.base_open[leg]
        s.sold[leg] = buy - s.base_close[leg]
    else:
        s.bought[leg] = buy - s.base_open[leg]
        s.sold[leg] = sell - s.base_close[leg]


@kernel
def count_orders(s: Saga, leg: int, o: Ledger) -> int:
    """Orders that may still fill, those of them that open, the one that is LIVE; 1 = the last child was refused."""
    s.alive[leg] = 0
    s.alive_open[leg] = 0
    s.unknown[leg] = 0
    s.live_slot[leg] = -1
    refused = 0
    if o.n_rejected > s.seen_rejected[leg]:
        refused = 1
    s.seen_rejected[leg] = o.n_rejected
    if o.n_live == 0 and s.asked[leg] == 0:
        return refused
    for i in range(SLOTS):
        state = o.state[i]
        if state == FREE:
            continue
        if state == RESTING_REJECT:
            if o.key[i] == key_of(s, leg):
                refused = 1
            continue
        s.alive[leg] += 1
        if o.flags[i] & REDUCE_ONLY == 0:
            s.alive_open[leg] += 1
        if state == UNKNOWN:
            s.unknown[leg] += 1
        if state == LIVE:
            s.live_slot[leg] = i
    return refused


@kernel
def settle_child(s: Saga, leg: int, o: Ledger, refused: int, now: int) -> None:
    """What became of the child: once, when nothing of it is alive any more."""
    if s.asked[leg] == 0 or s.alive[leg] > 0:
        return
    s.asked[leg] = 0
    traded = o.traded_lots[BUY] + o.traded_lots[SELL]
    got = traded - s.asked_traded[leg]
    s.ended[leg] = now if got < s.asked_lots[leg] else 0
    if refused == 1 and got == 0:
        s.rejects[leg] += 1
        s.tries[leg] += 1
    elif got > 0:
        s.rejects[leg] = 0
        s.tries[leg] = 0
    else:
        s.tries[leg] += 1
    if s.style[leg] == PASSIVE and s.pulled[leg] == 0 and (refused == 1 or got == 0):
        s.passive_over = 1  # refused, or gone unasked: from now on it takes


@kernel
def read_book(s: Saga, p: PairParams, w: Wish, leg: int, o: Ledger, v: View, x: Spec, now: int) -> None:
    """Mid, price of the stop, smallest orders, and whether the venue can be acted on."""
    bid = v.px[BUY][0]
    ask = v.px[SELL][0]
    ok = v.book_ok == 1 and bid > 0 and ask > bid and now - v.ts_recv <= p.down_ns[leg] and x.unit > 0
    s.down[leg] = 1
    if ok and w.shut[leg] == 0 and s.unbound[leg] == 0:
        s.down[leg] = 0
    s.px[leg] = 0
    if ok:
        s.mid[leg] = (bid + ask) * 0.5
        s.px[leg] = v.mark if v.mark > 0 else (bid + ask) // 2
        s.min_lots[leg] = max(1, x.min_lots)
        value = bid * x.unit
        s.min_open[leg] = max(s.min_lots[leg], (x.min_notional + value - 1) // value)
    if s.min_lots[leg] <= 0:
        s.min_lots[leg] = max(1, x.min_lots)
        s.min_open[leg] = s.min_lots[leg]
    s.entry[leg] = 0.0
    if o.pos != 0 and x.unit > 0:
        s.entry[leg] = o.cost / (o.pos * x.unit)


@kernel
def survey(s: Saga, p: PairParams, w: Wish, leg: int, o: Ledger, v: View, x: Spec, now: int) -> None:
    """Everything of one leg that this wake needs. A leg whose new venue is not bound yet is not read."""
    s.unbound[leg] = 0
    if s.n_wakes == 0:
        s.venue[leg] = w.bound[leg]
    if w.bound[leg] != s.venue[leg]:
        if s.state != S0_FLAT:
            s.unbound[leg] = 1
            s.down[leg] = 1
            s.px[leg] = 0
            return
        s.venue[leg] = w.bound[leg]
        s.pos[leg] = o.pos
        s.seen_buy[leg] = o.traded_lots[BUY]
        s.seen_sell[leg] = o.traded_lots[SELL]
        if o.pos != 0:
            s.foreign = 1
    follow(s, leg, o)
    settle_child(s, leg, o, count_orders(s, leg, o), now)
    read_book(s, p, w, leg, o, v, x, now)
