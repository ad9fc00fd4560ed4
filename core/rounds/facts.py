"""What is known of one round when it is over: plain values, stored as JSON beside the report, read back for the diff.

Money is int 1e-8 quote, positions lots, prices in quote units, times ns. None is unknown. No behaviour but codec.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.domain.errors import DataError
from core.domain.snapshot import LatencyRow
from core.kpi.attribution import Attribution
from core.kpi.books import Money
from core.kpi.episodes import Episode
from core.kpi.pair import PairCosts, PairMoney
from core.kpi.pair_times import PairTimes
from core.kpi.settlements import Settlement, Upcoming
from core.rounds.scheduler import Ending

VERSION = 1


class Run(msgspec.Struct, frozen=True):
    """What was running: the same for every round of a process unless the config changes."""

    mode: str = "PAPER"
    network: str = "simulated"
    market: str = ""
    seed: int = 0
    version: str = ""
    config_sha256: str = ""
    config: dict[str, str] = {}
    equity_limits: dict[str, float] = {}  # pnlMin, stopLoss ... as shown in the report
    journal: str = ""


class Standing(msgspec.Struct):
    """One ledger at one moment: the snapshot of S3-51."""

    ts: int = 0
    pos: int = 0
    mid: float | None = None
    mark: float | None = None
    entry: float | None = None
    open_orders: int = 0


class Side(msgspec.Struct):
    """Orders and fills of one side."""

    placed: int = 0
    submitted: int = 0
    canceled: int = 0
    filled: int = 0
    touched: int = 0
    ordered_lots: int = 0
    filled_lots: int = 0
    fills: int = 0
    maker_fills: int = 0


class Layer(msgspec.Struct):
    layer: int
    placed: int
    submitted: int
    filled: int
    fills: int


class Slippage(msgspec.Struct):
    """Notional-weighted, positive = cost, against the mid at the decision."""

    kind: str
    side: str
    n: int
    mean_bps: float | None
    worst_bps: float


class MarkoutRow(msgspec.Struct):
    seconds: float
    maker_bps: float | None
    maker_n: int
    taker_bps: float | None
    taker_n: int
    unresolved: int
    adverse: float | None  # share of maker fills with a negative markout


class StreamFacts(msgspec.Struct):
    name: str
    uptime: float | None
    gaps: int
    lost: int
    reconnects: int
    drop_rate: float | None
    messages: int


class LedgerFacts(msgspec.Struct):
    """One strategy on one instrument."""

    name: str
    venue: str
    symbol: str
    base: str
    quote: str
    lot: float
    price_digits: int
    size_digits: int
    start: Standing
    end: Standing
    money: Money
    attribution: Attribution
    rebates: int = 0
    sides: tuple[Side, Side] = msgspec.field(default_factory=lambda: (Side(), Side()))
    layers: list[Layer] = []
    slippage: list[Slippage] = []
    markouts: list[MarkoutRow] = []
    time_to_fill: LatencyRow | None = None
    engine_refused: int = 0
    wire_refused: int = 0
    venue_rejected: int = 0
    lost: int = 0
    suppressed: int = 0
    dropped: int = 0
    quotes: int = 0
    max_long: int = 0
    max_short: int = 0
    net_max: float | None = None
    buffer_min: float | None = None
    longest_silence_ns: int = 0
    liquidations: int = 0


class PairFacts(msgspec.Struct):
    """One pair: its ledgers of the round's, the long venue's first, the backup's last. `split` is the round's money."""

    name: str
    legs: tuple[int, ...]  # numbers of its ledgers in `RoundFacts.ledgers`
    state: int | None  # 0 .. 5 of S0 .. S5
    busy: bool
    wish: str
    stuck: str
    split: PairMoney
    before: PairMoney = PairMoney()  # what the episode that ran into this round had made until then
    episodes: list[Episode] = []  # ended in this round, then the running one
    episodes_dropped: int = 0
    payments: list[Settlement] = []
    payments_dropped: int = 0
    upcoming: list[Upcoming] = []
    spread: float | None = None
    residual: float = 0.0
    adopted: int = 0
    costs: PairCosts = PairCosts()
    times: PairTimes = msgspec.field(default_factory=PairTimes)
    on_backup: int = -1  # leg that the backup venue plays, LONG or SHORT; -1 = none
    moved: int = 0  # times that a leg went to the backup venue


class Paths(msgspec.Struct):
    """Samples over the round, thinned for charts. `pos` (base units) and `mid` are of the first ledger."""

    ts: list[int] = []
    equity: list[float] = []
    drawdown: list[float] = []
    pos: list[float] = []
    mid: list[float | None] = []
    step_s: float = 1.0


class Mark(msgspec.Struct):
    """A fill on the chart."""

    ts: int
    side: str
    price: float


class Event(msgspec.Struct):
    """Something said by risk, an operator, or an alert. level: info | warn | crit."""

    ts: int
    level: str
    code: str
    text: str
    kind: str = "note"  # note | risk | alert | command


class Rest(msgspec.Struct):
    """The wire side."""

    requests: int = 0
    errors: int = 0
    latency: list[LatencyRow] = []
    buckets: list[tuple[float, int]] = []  # order->ack: at or below so many seconds, count
    acknowledged: int = 0
    weight_peak: float | None = None
    orders_peak: float | None = None
    conflated: int = 0
    refused_messages: int = 0


class Performance(msgspec.Struct):
    """From returns between one-minute samples of the round; annualised with 365 days, `returns` says how many."""

    returns: int = 0
    sharpe: float | None = None
    sortino: float | None = None
    max_drawdown: float | None = None
    calmar: float | None = None
    volatility: float | None = None


class RoundFacts(msgspec.Struct):
    """Everything a report is made of."""

    ending: Ending
    run: Run
    quote: str
    equity_start: int
    equity_end: int
    transfers: int
    ledgers: list[LedgerFacts]
    rejects: dict[str, int] = {}
    path: Paths = msgspec.field(default_factory=Paths)
    fills: list[Mark] = []
    performance: Performance = msgspec.field(default_factory=Performance)
    streams: list[StreamFacts] = []
    rest: Rest = msgspec.field(default_factory=Rest)
    events: list[Event] = []
    events_dropped: int = 0
    desk_uptime: float | None = None
    clock_offset_ns: int = 0
    log_tail: list[str] = []
    metrics: str = ""
    version: int = VERSION
    pairs: list[PairFacts] = []

    @property
    def paired(self) -> set[int]:
        """Numbers of the ledgers that are legs of a pair."""
        return {leg for pair in self.pairs for leg in pair.legs}

    @property
    def money(self) -> Money:
        return Money(**{n: sum(getattr(led.money, n) for led in self.ledgers) for n in Money.__struct_fields__})

    @property
    def attribution(self) -> Attribution:
        names = Attribution.__struct_fields__
        return Attribution(**{n: sum(getattr(led.attribution, n) for led in self.ledgers) for n in names})

    @property
    def identity_ok(self) -> bool:
        """Equity change = net PnL + transfers, net = its parts: to the last unit."""
        money, parts = self.money, self.attribution
        return self.equity_end - self.equity_start == money.net + self.transfers and parts.net == money.net


def encode(facts: RoundFacts) -> bytes:
    """Rounds without pairs are written as ever: they have no such key."""
    fields = msgspec.structs.asdict(facts)
    if not facts.pairs:
        del fields["pairs"]
    return msgspec.json.format(msgspec.json.encode(fields), indent=1)


def decode(raw: bytes, name: str) -> RoundFacts:
    """Raises DataError with the file's name for anything that is not the facts of a round, or of a newer version."""
    try:
        facts = msgspec.json.decode(raw, type=RoundFacts)
    except msgspec.MsgspecError as error:
        raise DataError(f"Expected the facts of a round, was {error}", name) from error
    if facts.version > VERSION:
        raise DataError(f"Expected round facts of version {VERSION} or older, was {facts.version}", name)
    return facts


def load(path: Path) -> RoundFacts:
    """Raises DataError, OSError."""
    return decode(path.read_bytes(), str(path))
