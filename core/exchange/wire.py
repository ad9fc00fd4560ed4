"""The wire both ways: requests that arrive later, reports that we see later. Neither overtakes its own kind.

`respond` also keeps the change for the paper ledger; lost, doubled and delayed reports are faults of this wire only.
"""

from __future__ import annotations

from core.domain.order import REPORTS, Reports
from core.exchange.blocks import DRAWS, E_LOG, E_QUEUE, E_RING, QUEUE, RING, Market
from core.kernel import door, kernel


@kernel
def fail(m: Market, code: int, a: int, b: int) -> None:
    """Record the first error; `advance` then returns W_ERROR."""
    if m.err == 0:
        m.err = code
        m.err_a = a
        m.err_b = b


@kernel
def note(
    m: Market,
    kind: int,
    cl: int,
    venue: int,
    side: int,
    px: int,
    qty: int,
    left: int,
    trade: int,
    fee: int,
    maker: int,
    amount: int,
    code: int,
    tif: int,
    flags: int,
) -> None:
    """Keep one change of the exchange half, exactly once, for the ledger and for reads of recent trades."""
    if m.v_tail - m.v_head >= RING:
        if m.v_keep != 0:
            fail(m, E_LOG, kind, venue)
            return
        m.v_head += 1
    k = m.v_tail % RING
    m.v_kind[k] = kind
    m.v_ts[k] = m.now
    m.v_cl[k] = cl
    m.v_venue[k] = venue
    m.v_side[k] = side
    m.v_px[k] = px
    m.v_qty[k] = qty
    m.v_left[k] = left
    m.v_trade[k] = trade
    m.v_fee[k] = fee
    m.v_maker[k] = maker
    m.v_amount[k] = amount
    m.v_code[k] = code
    m.v_tif[k] = tif
    m.v_flags[k] = flags
    m.v_tail += 1


@kernel
def move(m: Market, a: int, b: int) -> None:
    """Copy the report at ring place a to place b."""
    m.r_vis[b] = m.r_vis[a]
    m.r_kind[b] = m.r_kind[a]
    m.r_ts[b] = m.r_ts[a]
    m.r_cl[b] = m.r_cl[a]
    m.r_venue[b] = m.r_venue[a]
    m.r_side[b] = m.r_side[a]
    m.r_px[b] = m.r_px[a]
    m.r_qty[b] = m.r_qty[a]
    m.r_left[b] = m.r_left[a]
    m.r_trade[b] = m.r_trade[a]
    m.r_fee[b] = m.r_fee[a]
    m.r_maker[b] = m.r_maker[a]
    m.r_amount[b] = m.r_amount[a]
    m.r_code[b] = m.r_code[a]


@kernel
def place(m: Market, vis: int, kind: int) -> int:
    """Room for a report that becomes visible at `vis`, in order of visibility; the ring place, -1 = full."""
    if m.r_tail - m.r_head >= RING:
        fail(m, E_RING, kind, m.r_tail - m.r_head)
        return -1
    k = m.r_tail
    while k > m.r_seen and m.r_vis[(k - 1) % RING] > vis:
        move(m, (k - 1) % RING, k % RING)
        k -= 1
    m.r_tail += 1
    m.r_vis[k % RING] = vis
    return k % RING


@kernel
def post(
    m: Market,
    kind: int,
    cl: int,
    venue: int,
    side: int,
    px: int,
    qty: int,
    left: int,
    trade: int,
    fee: int,
    maker: int,
    amount: int,
    code: int,
) -> None:
    """Put a report on the wire, subject to the armed faults; visible after the response latency, at least 1 ns."""
    if m.f_lose > 0:
        m.f_lose -= 1
        return
    vis = max(m.now + max(1, m.response_ns[m.i_response % DRAWS]), m.r_last)
    m.i_response += 1
    m.r_last = vis
    if m.f_delay > 0:
        m.f_delay -= 1
        vis += m.f_delay_ns
    copies = 1
    if m.f_double > 0:
        m.f_double -= 1
        copies = 2
    for _ in range(copies):
        k = place(m, vis, kind)
        if k < 0:
            return
        m.r_kind[k] = kind
        m.r_ts[k] = m.now
        m.r_cl[k] = cl
        m.r_venue[k] = venue
        m.r_side[k] = side
        m.r_px[k] = px
        m.r_qty[k] = qty
        m.r_left[k] = left
        m.r_trade[k] = trade
        m.r_fee[k] = fee
        m.r_maker[k] = maker
        m.r_amount[k] = amount
        m.r_code[k] = code


@kernel
def respond(m: Market, kind: int, slot: int, px: int, qty: int, left: int, code: int) -> None:
    """A report about the order in `slot` that is no fill: kept for the ledger and sent to us."""
    note(
        m, kind, m.o_cl[slot], m.o_venue[slot], m.o_side[slot], px, qty, left, 0, 0, 0, 0, code,
        m.o_tif[slot], m.o_flags[slot],
    )  # fmt: skip
    post(m, kind, m.o_cl[slot], m.o_venue[slot], m.o_side[slot], px, qty, left, 0, 0, 0, 0, code)


@door
def submit(
    M: Market,
    now: int,
    kind: int,
    cl_id: int,
    venue_id: int,
    side: int,
    px: int,
    qty: int,
    type: int,
    tif: int,
    flags: int,
) -> int:
    """Put a request on its way at `now`; it arrives after the entry latency, never before an earlier one.

    Returns the arrival ns, or -1 with `Market.err` = E_QUEUE where the ring is full (the request is not sent).
    """
    m = M[0]
    if m.q_tail - m.q_head >= QUEUE:
        fail(m, E_QUEUE, cl_id, kind)
        return -1
    arrival = max(max(now, m.now) + max(1, m.entry_ns[m.i_entry % DRAWS]), m.q_last)
    m.i_entry += 1
    m.q_last = arrival
    k = m.q_tail % QUEUE
    m.q_ts[k] = arrival
    m.q_kind[k] = kind
    m.q_cl[k] = cl_id
    m.q_venue[k] = venue_id
    m.q_side[k] = side
    m.q_px[k] = px
    m.q_qty[k] = qty
    m.q_type[k] = type
    m.q_tif[k] = tif
    m.q_flags[k] = flags
    m.q_tail += 1
    return arrival


@door
def drain(M: Market, R: Reports) -> int:
    """Move the visible reports to `R` (at most REPORTS, in order); returns how many visible ones remain."""
    m, r = M[0], R[0]
    n = min(m.r_seen - m.r_head, REPORTS)
    for i in range(n):
        k = (m.r_head + i) % RING
        r.kind[i] = m.r_kind[k]
        r.ts[i] = m.r_ts[k]
        r.cl_id[i] = m.r_cl[k]
        r.venue_id[i] = m.r_venue[k]
        r.side[i] = m.r_side[k]
        r.px[i] = m.r_px[k]
        r.qty[i] = m.r_qty[k]
        r.left[i] = m.r_left[k]
        r.trade_id[i] = m.r_trade[k]
        r.fee[i] = m.r_fee[k]
        r.maker[i] = m.r_maker[k]
        r.amount[i] = m.r_amount[k]
        r.code[i] = m.r_code[k]
    r.n = n
    m.r_head += n
    return m.r_seen - m.r_head
