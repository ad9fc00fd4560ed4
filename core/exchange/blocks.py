"""State of the simulated exchange: one `Market` an instrument, one `Account` a venue, and their constants.

Prices ticks, sizes lots, money 1e-8 quote, times ns. Only kernels of core/exchange write these; the driver may set
`next_timer`, `wake_mask`, `wake_mid_ticks` and `n_feed`.
"""

from __future__ import annotations

from core.domain.book import LEVELS
from core.domain.instrument import TIERS
from core.kernel import Block, f64, f64s, i64, i64s

ORDERS = 256  # live orders one instrument may have
QUEUE = 1024  # requests on their way
RING = 2048  # reports on their way, and changes not yet in the paper ledger
DRAWS = 1024  # latencies drawn ahead, used round and round
ACCOUNTS = 16  # instruments of one account
SEEN_IDS = 4096  # client ids remembered against a second create
UNSEEN = float(1 << 50)  # queue ahead at a price beyond the displayed depth

# queue models
RISK_AVERSE, POWER, LOG = 0, 1, 2

# `Market.err`: bugs or exhausted rings, never a venue's refusal
E_QUEUE, E_RING, E_LOG, E_SLOTS, E_SPEC = 1, 2, 3, 4, 5
ERROR_NAMES = {
    E_QUEUE: "request ring full",
    E_RING: "report ring full",
    E_LOG: "changes not taken by the ledger",
    E_SLOTS: "instrument index out of range",
    E_SPEC: "instrument without margin tiers",
}


class Market(Block):
    """The exchange half of one instrument, the wire to it, and what wakes us.

    Orders live in slots 0..ORDERS-1 (`o_live`); `own[side][0 .. n_own[side])` are slots in price-time priority.
    Rings count up without end and are indexed modulo their size. `front` is lots ahead in the queue.
    """

    now: i64
    n_feed: i64
    i_ex: i64  # next feed row of the exchange half
    i_loc: i64  # next feed row of our half: rows below are visible
    next_timer: i64
    wake_mask: i64
    wake_mid_ticks: i64
    bid: i64  # our half, for wake conditions only
    ask: i64
    mid_ref: i64  # bid + ask at the last MID wake
    err: i64
    err_a: i64
    err_b: i64
    # the exchange's book
    book_ok: i64
    px: i64s[2, LEVELS]
    sz: i64s[2, LEVELS]
    took: i64s[2, LEVELS]  # what we took of a level since its last row
    any_took: i64
    last_px: i64
    has_mark: i64  # the feed carries mark rows; otherwise the mark is the mid
    funding_rate: i64
    next_funding: i64  # 0 = not yet known
    # orders
    n_live: i64
    n_own: i64s[2]
    own: i64s[2, ORDERS]
    n_reduce: i64  # live reduce-only orders
    next_prio: i64
    o_live: i64s[ORDERS]
    o_cl: i64s[ORDERS]
    o_venue: i64s[ORDERS]
    o_side: i64s[ORDERS]
    o_px: i64s[ORDERS]
    o_qty: i64s[ORDERS]
    o_left: i64s[ORDERS]
    o_tif: i64s[ORDERS]
    o_flags: i64s[ORDERS]
    o_prio: i64s[ORDERS]
    o_front: f64s[ORDERS]
    o_level: i64s[ORDERS]  # level quantity at the last book row, -1 = not displayed
    o_traded: i64s[ORDERS]  # traded at its price since then
    seen_cl: i64s[SEEN_IDS]
    # queue model
    q_model: i64
    q_variant: i64
    q_n: f64
    # requests on their way
    q_head: i64
    q_tail: i64
    q_last: i64  # arrival of the newest
    q_ts: i64s[QUEUE]
    q_kind: i64s[QUEUE]
    q_cl: i64s[QUEUE]
    q_venue: i64s[QUEUE]
    q_side: i64s[QUEUE]
    q_px: i64s[QUEUE]
    q_qty: i64s[QUEUE]
    q_type: i64s[QUEUE]
    q_tif: i64s[QUEUE]
    q_flags: i64s[QUEUE]
    # reports on their way: r_head .. r_seen are visible, r_seen .. r_tail are not
    r_head: i64
    r_seen: i64
    r_tail: i64
    r_last: i64
    r_vis: i64s[RING]
    r_kind: i64s[RING]
    r_ts: i64s[RING]
    r_cl: i64s[RING]
    r_venue: i64s[RING]
    r_side: i64s[RING]
    r_px: i64s[RING]
    r_qty: i64s[RING]
    r_left: i64s[RING]
    r_trade: i64s[RING]
    r_fee: i64s[RING]
    r_maker: i64s[RING]
    r_amount: i64s[RING]
    r_code: i64s[RING]
    # every change of the exchange half, for the paper ledger; faults on the wire do not touch it
    v_keep: i64  # 1 = a reader takes them; then an overflow is an error
    v_head: i64
    v_tail: i64
    v_kind: i64s[RING]
    v_ts: i64s[RING]
    v_cl: i64s[RING]
    v_venue: i64s[RING]
    v_side: i64s[RING]
    v_px: i64s[RING]
    v_qty: i64s[RING]
    v_left: i64s[RING]
    v_trade: i64s[RING]
    v_fee: i64s[RING]
    v_maker: i64s[RING]
    v_amount: i64s[RING]
    v_code: i64s[RING]
    v_tif: i64s[RING]
    v_flags: i64s[RING]
    # latencies drawn ahead
    i_entry: i64
    i_response: i64
    entry_ns: i64s[DRAWS]
    response_ns: i64s[DRAWS]
    # refusals drawn ahead: 1 = the create that arrives as number i_create is refused
    i_create: i64
    busy: i64s[DRAWS]
    # faults
    f_reject: i64  # reason code given to every create and amend, 0 = none
    f_cancel_only: i64
    f_lose: i64  # how many of the next reports are lost
    f_double: i64
    f_delay: i64
    f_delay_ns: i64
    px_step: i64
    qty_step: i64
    min_lots: i64  # current filters: of the Spec until a fault changes them
    min_notional: i64
    n_fills: i64
    n_liquidations: i64


class Account(Block):
    """One margin account: wallet 1e-8 quote, up to ACCOUNTS instruments. Marks of all instruments live here.

    `wallet` is the whole balance, isolated margin included; equity = wallet + sum(pos * mark * unit - cost).
    wallet = start + realised - fees + funding + transfers, to the last unit.
    """

    wallet: i64
    start: i64
    transfers: i64
    realised: i64
    fees: i64
    funding: i64
    next_trade: i64
    next_venue: i64
    n: i64
    pos: i64s[ACCOUNTS]
    cost: i64s[ACCOUNTS]  # signed cost basis
    mark: i64s[ACCOUNTS]
    unit: i64s[ACCOUNTS]
    leverage: i64s[ACCOUNTS]
    isolated: i64s[ACCOUNTS]
    iso: i64s[ACCOUNTS]  # part of the wallet set aside for an isolated position
    open_lots: i64s[ACCOUNTS, 2]  # resting lots that may add to a position
    realised_of: i64s[ACCOUNTS]
    fees_of: i64s[ACCOUNTS]
    funding_of: i64s[ACCOUNTS]
    n_tiers: i64s[ACCOUNTS]
    tier_floor: i64s[ACCOUNTS, TIERS]
    tier_mmr_ppm: i64s[ACCOUNTS, TIERS]
    tier_cum: i64s[ACCOUNTS, TIERS]
