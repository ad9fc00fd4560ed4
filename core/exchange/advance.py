"""The loop of the market kernel: exchange half, wire and our half in one order of time.

At equal time: funding settlement, exchange feed, requests arriving, our feed, reports, timer. Everything of our half
at one instant is taken before returning, so there is one wake an instant.
"""

from __future__ import annotations

from core.domain.book import F_BBO, F_BOOK, F_TRADE, Feed
from core.domain.events import W_BBO, W_END, W_ERROR, W_FUNDING, W_MID, W_OWN, W_TIMER, W_TRADE, W_WAIT
from core.domain.instrument import Spec
from core.domain.order import FUNDED
from core.domain.units import BUY, FAR, SELL
from core.exchange.blocks import QUEUE, RING, Account, Market
from core.exchange.book import on_row
from core.exchange.orders import on_request
from core.exchange.venue_made import settle
from core.kernel import door, kernel
from core.models.funding import next_settlement


@kernel
def see(m: Market, f: Feed, i: int) -> int:
    """Row i becomes visible to us; returns the wake bits that it sets."""
    kind = f.kind[i]
    if kind == F_TRADE:
        return W_TRADE
    row = f.row[i]
    bid, ask = m.bid, m.ask
    if kind == F_BOOK:
        bid = f.book_px[row, BUY, 0]
        ask = f.book_px[row, SELL, 0]
    elif kind == F_BBO:
        if f.small[row, 0] == BUY:
            bid = f.small[row, 1]
        else:
            ask = f.small[row, 1]
    if bid == m.bid and ask == m.ask:
        return 0
    m.bid = bid
    m.ask = ask
    bits = W_BBO
    if bid > 0 and ask > 0 and abs(bid + ask - m.mid_ref) >= 2 * max(1, m.wake_mid_ticks):
        m.mid_ref = bid + ask
        bits |= W_MID
    return bits


@kernel
def wake(m: Market, f: Feed, t: int) -> int:
    """Everything of our half at t: feed rows, reports, timer. Returns their wake bits."""
    bits = 0
    while m.i_loc < m.i_ex and f.ts_recv[m.i_loc] <= t:
        bits |= see(m, f, m.i_loc)
        m.i_loc += 1
    while m.r_seen < m.r_tail and m.r_vis[m.r_seen % RING] <= t:
        bits |= W_OWN
        if m.r_kind[m.r_seen % RING] == FUNDED:
            bits |= W_FUNDING
        m.r_seen += 1
    if m.next_timer <= t:
        m.next_timer = FAR
        bits |= W_TIMER
    return bits


@kernel
def run(m: Market, a: Account, s: Spec, f: Feed, horizon: int) -> int:
    """See `advance`."""
    while True:
        t_feed = f.ts_exch[m.i_ex] if m.i_ex < m.n_feed else FAR
        t_loc = f.ts_recv[m.i_loc] if m.i_loc < m.i_ex else FAR
        t_req = m.q_ts[m.q_head % QUEUE] if m.q_head < m.q_tail else FAR
        t_rep = m.r_vis[m.r_seen % RING] if m.r_seen < m.r_tail else FAR
        if m.next_funding == 0 and t_feed != FAR:
            m.next_funding = next_settlement(t_feed, s.funding_interval_ns, s.funding_offset_ns)
        t_pay = m.next_funding if m.next_funding != 0 else FAR
        t_far = min(min(t_feed, t_loc), min(t_req, t_rep))
        if t_far == FAR and (horizon >= FAR or (m.next_timer >= horizon and t_pay > horizon)):
            return W_END
        t_ex = min(t_feed, t_pay)
        t = min(min(t_far, t_ex), m.next_timer)
        if t > horizon or (t == horizon and t != t_ex):
            return W_WAIT
        m.now = max(m.now, t)
        if t == t_pay:
            settle(m, a, s)
        elif t == t_feed:
            on_row(m, a, s, f, m.i_ex)
            m.i_ex += 1
        elif t == t_req:
            on_request(m, a, s)
        else:
            bits = wake(m, f, t)
            if bits & (m.wake_mask | W_TIMER) != 0 and m.err == 0:
                return bits
        if m.err != 0:
            return W_ERROR


@door
def advance(M: Market, A: Account, S: Spec, F: Feed, horizon: int) -> int:
    """Run until a wake condition of `wake_mask` (or the timer) holds; returns all W_* bits of that instant.

    W_END: the feed is exhausted and nothing is in flight (timers and settlements before a finite horizon still run).
    W_WAIT: nothing more before `horizon`; at the horizon itself only the exchange feed has run. W_ERROR: `Market.err`.
    """
    return run(M[0], A[0], S[0], F, horizon)


@door
def finish_instant(M: Market, A: Account, S: Spec, F: Feed, t: int) -> int:
    """What `advance` does at t after the exchange feed: requests, then our half. For drivers of several markets."""
    m = M[0]
    m.now = max(m.now, t)
    while m.q_head < m.q_tail and m.q_ts[m.q_head % QUEUE] <= t:
        on_request(m, A[0], S[0])
    bits = 0
    if m.err == 0:
        bits = wake(m, F, t)
    if m.err != 0:
        return W_ERROR
    if bits & (m.wake_mask | W_TIMER) != 0:
        return bits
    return W_WAIT


@door
def next_ts(M: Market, F: Feed) -> int:
    """Time of this market's next event of any kind, FAR = none: lets a driver interleave several markets."""
    m = M[0]
    t = m.next_timer
    if m.next_funding != 0 and m.i_ex < m.n_feed:
        t = min(t, m.next_funding)
    if m.i_ex < m.n_feed:
        t = min(t, F.ts_exch[m.i_ex])
    if m.i_loc < m.i_ex:
        t = min(t, F.ts_recv[m.i_loc])
    if m.q_head < m.q_tail:
        t = min(t, m.q_ts[m.q_head % QUEUE])
    if m.r_seen < m.r_tail:
        t = min(t, m.r_vis[m.r_seen % RING])
    return t
