"""What consoles draw of a venue: feeds, funding, account, wire and streams as the core knows them; no behaviour.

Plain values, part of the `Snapshot`. Times are core time in ns; None is unknown, drawn `--`; counts since the start.
"""

from __future__ import annotations

import msgspec


class Feed(msgspec.Struct, frozen=True, gc=False):
    """One stream: age and counters (S0-13, S0-24..27)."""

    venue: str
    symbol: str
    stream: str
    up: bool
    age_ns: int | None
    stale_ns: int
    per_s: float
    gaps: int
    lost: int
    dropped: int
    conflated: int
    reconnects: int


class Rest(msgspec.Struct, frozen=True, gc=False):
    """REST calls since the start (S3-31, S3-74)."""

    requests: int = 0
    errors: int = 0
    latency_ms: float | None = None  # mean of the last minute


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    venue: str
    symbol: str
    rate: float | None
    next_ts: int | None
    assumed: bool  # no stream: the config's figure
    paid_round: float
    interval_ns: int = 0  # between settlements, 0 = unknown


class StreamRow(msgspec.Struct, frozen=True, gc=False):
    """One subscription at a real venue, beneath the feeds that the engine reads."""

    name: str  # book BTCUSDT | mark BTCUSDT | trades BTCUSDT | orders | own trades
    up: bool
    age_ns: int | None  # of the newest news; None = none came yet
    stale_ns: int | None  # silent for longer: dialled again; None = it may be quiet
    per_s: float | None  # batches of news a second
    redials: int
    refused: int  # batches that could not be read
    why: str = ""  # it is down


class VenueRow(msgspec.Struct, frozen=True, gc=False):
    """One account of the core and its venue. A simulated venue has no wire: what only a wire has is None there."""

    venue: str
    network: str  # mainnet | testnet | demo | loopback | simulated
    feed: str = ""  # network of its prices where they come over a wire of their own (paper on a live feed)
    condition: str = ""  # ok | down | closed | banned | overloaded | auth | clock | opening; "" = no wire
    text: str = ""  # what brought it about
    next_step: str = ""  # for the operator
    until: int | None = None  # end of a ban, or the next probe
    weight_used: int | None = None  # of the running minute
    weight_limit: int | None = None
    orders_used: int | None = None  # of the last ten seconds
    orders_limit: int | None = None
    requests: int | None = None
    errors: int | None = None
    latency_ms: float | None = None  # mean of the REST round trips of the last minute
    clock_offset_ns: int | None = None  # the venue's clock minus ours
    clock_grade: str = ""  # ok | warn | stop: nothing new is sent
    dead_man: str = ""  # what cancels our orders when this process cannot; "" = none needed (simulated)
    dead_man_until: int | None = None  # when the venue would cancel; beats move it
    dead_man_held: bool = False  # no beat goes out: it will fire
    reconciled: bool = False  # a whole comparison with the account agreed since the start
    why: str = ""  # what does not agree now, or what is not yet known
    agreed_ts: int | None = None  # newest comparison that agreed
    foreign_orders: int | None = None  # not ours, never touched; None = not yet read
    foreign_positions: int | None = None
    terms_age_ns: int | None = None  # since tick, lot, bounds and state of our instruments were read; None = no wire
    terms_why: str = ""  # why the newest reading brought nothing, or what may not be traded now
    streams: tuple[StreamRow, ...] = ()
