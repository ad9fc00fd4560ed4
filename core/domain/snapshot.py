"""The immutable picture that consoles draw: 2 a second, plain values, no behaviour.

Times are ns since the epoch in core time. None is "unknown" and is drawn `--`, never as 0.
Prices and sizes arrive as display floats with their digits; strings were stripped of control characters at the codec.
"""

from __future__ import annotations

import msgspec

from core.domain.execution_picture import Execution as Execution
from core.domain.limit_rows import BandRow as BandRow
from core.domain.limit_rows import LimitRow as LimitRow
from core.domain.pair_picture import PairRow
from core.domain.venue_picture import Feed as Feed
from core.domain.venue_picture import FundingRow as FundingRow
from core.domain.venue_picture import Rest as Rest
from core.domain.venue_picture import VenueRow as VenueRow


class Row(msgspec.Struct, frozen=True, gc=False):
    """Base of table rows."""


class PositionRow(Row, frozen=True, gc=False):
    venue: str
    symbol: str
    size: float
    size_digits: int
    entry: float | None
    mark: float | None
    price_digits: int
    unrealised: float | None  # quote
    buffer: float | None  # |mark - liquidation| / mark; None = unknown, inf = no liquidation price
    liquidation: float | None
    margin: str  # isolated | cross
    ts: int  # of the newest figure in the row
    foreign: bool = False
    close_cost: float | None = None  # estimate of closing at market now: half spread, depth, taker fee
    owner: str = ""  # the strategy that holds it


class OrderRow(Row, frozen=True, gc=False):
    id: str
    venue: str
    symbol: str
    side: str  # BUY | SELL
    price: float
    price_digits: int
    size: float
    size_digits: int
    left: float
    state: str
    age_s: float
    queue: float | None  # share of the level ahead of us, 0 .. 1
    key: str  # layer 3, take profit, reduce ...
    ours: bool = True
    cl_id: int = 0  # our client id, what CancelOrder takes


class LatencyRow(Row, frozen=True, gc=False):
    name: str  # feed->book | tick->order | order->ack | loop lag
    p50_ns: int | None
    p95_ns: int | None
    p99_ns: int | None
    max_ns: int | None
    n: int
    band: str  # excellent | good | acceptable | degraded | unacceptable | -- (S0-23)
    spark: tuple[float, ...] = ()
    bins: tuple[tuple[int, int], ...] = ()  # (lower bound ns, count), neighbours, at most 24; tick->order, order->ack


class AlertRow(Row, frozen=True, gc=False):
    number: int
    ts: int
    level: str  # info | warn | crit
    code: str
    text: str
    acked: bool
    strategy: str = ""


class Pnl(Row, frozen=True, gc=False):
    """Of the running round, quote units."""

    net: float = 0.0
    price: float = 0.0
    fees: float = 0.0
    funding: float = 0.0
    realised: float = 0.0
    unrealised: float = 0.0
    equity: float = 0.0
    equity_start: float = 0.0
    day: float = 0.0
    drawdown: float = 0.0  # fraction of peak, <= 0
    max_drawdown: float = 0.0
    drawdown_limit: float | None = None  # fraction, > 0
    identity_ok: bool = True
    spark: tuple[float, ...] = ()


class Term(Row, frozen=True, gc=False):
    """One term of a quote's price or width and what it contributed, bps of mid."""

    name: str
    bps: float
    note: str = ""


class Quoter(Row, frozen=True, gc=False):
    """The market maker's own picture."""

    symbol: str = ""
    regime: str = "--"  # CALM | NORMAL | HIGH | EXTREME
    volatility: float | None = None  # bps per sqrt(second)
    vpin: float | None = None
    imbalance: float | None = None
    momentum: float | None = None
    reservation: float | None = None
    mid: float | None = None
    bid: float | None = None
    ask: float | None = None
    price_digits: int = 2
    spread_bps: float | None = None
    skew_bps: float | None = None
    pressure: float | None = None
    net_cap: float | None = None
    net_max: float | None = None
    layers_placeable: int = 0
    layers_wanted: int = 0
    suppressing: bool = False
    noise_level: int = 0
    quote_interval_s: float | None = None
    best_bid: float | None = None  # our own
    best_ask: float | None = None
    terms_bid: tuple[Term, ...] = ()
    terms_ask: tuple[Term, ...] = ()


class Chart(Row, frozen=True, gc=False):
    """The spread-bands pane: one series with its bands, newest last. Single-venue cores show quotes round the mid."""

    title: str = ""
    unit: str = "bp"
    ts: tuple[int, ...] = ()
    value: tuple[float | None, ...] = ()
    upper: tuple[float | None, ...] = ()
    lower: tuple[float | None, ...] = ()
    upper_name: str = "UB"
    lower_name: str = "LB"
    now: float | None = None
    z: float | None = None


class Round(Row, frozen=True, gc=False):
    number: int = 0
    started: int = 0
    length_ns: int = 0
    elapsed_ns: int = 0
    of: int = 0  # 0 = no end
    finishing: bool = False
    last_report: str = ""
    ends: int | None = None  # ts of its timer; None while none runs
    on_end: str = ""  # flatten | carry: what the end does with positions
    left: int | None = None  # rounds that follow this one; None = no end


class RoundRow(Row, frozen=True, gc=False):
    number: int
    started: int
    ended: int | None
    net: float | None
    report: str  # path, empty while running
    verdict: str  # running | flat | carried | not verified | cut off


class State(Row, frozen=True, gc=False):
    """Run state and why. `run`: STARTING PAUSED RUNNING COOLDOWN HALTING HALTED FLATTENING FLAT STOPPING."""

    run: str = "STARTING"
    since: int = 0
    reason: str = ""
    until: int | None = None
    attended: bool = True
    grace_until: int | None = None
    read_only: bool = False
    canary: bool = False
    orders_left: int = 0
    orders_at_stop: int = 0
    positions_left: int = 0
    verified: str = ""  # unverified | clean | sealed
    stop_id: str = ""
    t_gate_closed_ns: int | None = None  # key to closed gate
    foreign_orders: int = 0
    foreign_positions: int = 0
    history: tuple[tuple[int, str], ...] = ()  # ts, "RUNNING -> COOLDOWN shock"
    resumed_once: bool = False  # LIVE: the account name was given since this start
    evidence: str = ""  # path of the stop's report, once it is there
    trouble: str = ""  # why a venue does not let the stop end, and since when
    dust: str = ""  # FLAT but for it: what no order can close, with its value
    stop_code: int | None = None  # exit code of a stop that is done, by the venue's word


class Check(Row, frozen=True, gc=False):
    """One line of the checklist before a re-arm; `ok` None is unknown."""

    name: str
    ok: bool | None
    text: str = ""


class Holder(Row, frozen=True, gc=False):
    """Who holds the single-instance lock (UC-13)."""

    pid: int = 0
    host: str = ""
    tty: str = ""
    started: int = 0
    heartbeat_ns: int = 0
    path: str = ""


class Action(Row, frozen=True, gc=False):
    ts: int
    text: str
    ok: bool = True


class Kernels(Row, frozen=True, gc=False):
    form: str = "plain"  # plain | compiled
    done: int = 0
    of: int = 0
    why: str = ""


class LogRow(Row, frozen=True, gc=False):
    ts: int
    level: str
    tag: str
    text: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a console shows. `seq` is the last processed step, `ts` core time."""

    seq: int = 0
    ts: int = 0
    mode: str = "PAPER"  # PAPER | TESTNET | LIVE | REPLAY
    network: str = "simulated"
    account: str = ""
    venue: str = ""
    market: str = ""  # synthetic seed 7 | recording name at x60
    speed: float = 1.0
    version: str = ""
    config_sha256: str = ""
    state: State = State()
    round: Round = Round()
    pnl: Pnl = Pnl()
    positions: tuple[PositionRow, ...] = ()
    net: tuple[tuple[str, float], ...] = ()  # base, signed size over all venues
    gross: float = 0.0
    leverage: float | None = None
    margin_used: float | None = None
    buffer_min: float | None = None
    buffer_warn: float | None = None  # below: reducing slices (S0-41)
    buffer_halt: float | None = None  # below: flatten
    orders: tuple[OrderRow, ...] = ()
    latency: tuple[LatencyRow, ...] = ()
    execution: Execution = Execution()
    quoter: Quoter = Quoter()
    pairs: tuple[PairRow, ...] = ()
    chart: Chart = Chart()
    funding: tuple[FundingRow, ...] = ()
    venues: tuple[VenueRow, ...] = ()
    feeds: tuple[Feed, ...] = ()
    rest: Rest = Rest()
    weight_used: int = 0
    weight_limit: int = 0
    orders_used: int = 0
    orders_limit: int = 0
    limits: tuple[LimitRow, ...] = ()
    bands: tuple[BandRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    actions: tuple[Action, ...] = ()
    rounds: tuple[RoundRow, ...] = ()
    logs: tuple[LogRow, ...] = ()
    holder: Holder = Holder()
    rearm: tuple[Check, ...] = ()
    kernels: Kernels = Kernels()
    viewers: int = 0
    metrics_port: int | None = None
    dead_man: str = ""
    double_press_flattens: bool = True
