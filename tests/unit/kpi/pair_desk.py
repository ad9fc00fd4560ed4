"""A desk with one pair, made by hand: two venues of different grids, the books' own arithmetic of fills and funding."""

from __future__ import annotations

import msgspec

from core.domain.instrument import Instrument
from core.domain.order import FUNDED, Report
from core.domain.pair import LONG, S0, SHORT, PairStatus
from core.domain.units import FAR, NS_PER_S, RATE
from core.execution.fills import book_fill
from core.kpi.books import GateSeen, PairLegs
from core.kpi.measures import Measures
from core.kpi.pairs import PairMeasures
from core.models.fees import fee_at
from core.models.funding import funding_payment
from tests.unit.kpi.desk import HOUR, T0, Desk, create, filled, instrument, step

# S1-26: taker 2.0 bps, maker rebate -0.5 bps, referral -0.2 bps of the notional (a tenth of the taker fee)
FEES = {"taker_fee_ppm": 200, "maker_fee_ppm": -50, "referral_ppm": 100_000}


def btc(venue: str, tick: float, lot: float, hours: int, **more: object) -> Instrument:
    unit = round(tick * lot * 1e8)
    return msgspec.structs.replace(
        instrument("BTCUSDT"), venue=venue, base="BTC", quote="USDT", tick=tick, lot=lot, unit=unit, price_digits=1,
        size_digits=4, funding_interval_ns=hours * HOUR, **FEES, **more,
    )  # fmt: skip


# one tick of one lot: 0.1 x 0.001 = 1e-4 quote = 10,000 units; 0.5 x 0.0001 = 5e-5 quote = 5,000 units
LONG_VENUE, SHORT_VENUE = btc("aster", 0.1, 0.001, 8), btc("hyperliquid", 0.5, 0.0001, 1)


SHUT = GateSeen("", (), False)


class Eyes:
    """What saga and strategy would say, set by hand."""

    def __init__(self) -> None:
        self.since = 0
        self.limit = NS_PER_S // 2
        self.asked = ("none", "too few conditions")
        self.gates: tuple[GateSeen, GateSeen] | None = (SHUT, SHUT)
        self.spread: tuple[float, float, float] | None = None

    def naked_since(self) -> int:
        return self.since

    def naked_limit_ns(self) -> int:
        return self.limit

    def wish(self) -> tuple[str, str]:
        return self.asked

    def gate(self) -> tuple[GateSeen, GateSeen] | None:
        return self.gates

    def bands(self) -> tuple[float, float, float] | None:
        return self.spread


class PairDesk(Desk):
    """Ledger 0 on the long venue, ledger 1 on the short venue. Without `eyes` nobody looks into saga and strategy."""

    def __init__(
        self, long: Instrument = LONG_VENUE, short: Instrument = SHORT_VENUE, eyes: Eyes | None = None
    ) -> None:
        super().__init__(("pair_lock", "pair_lock"))
        self.eyes = eyes
        self.instruments = [long, short]
        self.status = PairStatus(first=-1)
        self.wish = self.waits = ""
        for view in self.views:
            view.s.funding_rate = FAR

    def strategy(self, i: int) -> int:
        return 0

    def pairs(self) -> tuple[PairLegs, ...]:
        return (PairLegs("lock", LONG, SHORT, self.status, lambda: self.wish, lambda: self.waits, self.eyes),)


class Play:
    """Measures over a pair desk, moved by hand. Prices in quote units, sizes in base coins."""

    def __init__(self, desk: PairDesk | None = None) -> None:
        self.desk = desk or PairDesk()
        self.measures = Measures(self.desk, T0)
        self.now, self._id = T0, 0
        self.sinks = [self.measures.take]

    @property
    def pair(self) -> PairMeasures:
        return self.measures.pairs[0]

    def take(self, *reports: Report, **more: object) -> None:
        made = step(self.now, *reports, **more)
        for sink in self.sinks:
            sink(made)

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * NS_PER_S)
        self.take()

    def mid(self, leg: int, price: float, half: float | None = None) -> None:
        """A book around `price`, one tick on each side unless told, whose mark is its mid."""
        tick = self.desk.instruments[leg].tick
        half = half or tick
        self.desk.book(round((price - half) / tick), round((price + half) / tick), ts=self.now, i=leg)
        self.take()

    def blind(self, leg: int) -> None:
        self.desk.views[leg].s.book_ok = 0

    def trade(self, leg: int, side: int, price: float, coins: float, maker: bool = False, moved_to: float = 0.0) -> int:
        """A fill as the venue tells it and the ledger books it; returns its fee. `moved_to`: the mid between decision
        and fill."""
        x, ledger = self.desk.instruments[leg], self.desk.ledgers[leg].s
        px, qty = round(price / x.tick), round(coins / x.lot)
        fee = fee_at(px * qty * x.unit, x.maker_fee_ppm if maker else x.taker_fee_ppm, x.referral_ppm)
        self._id += 1
        self.take(requests=(create(self._id, side, px, qty, instrument=leg),))
        if moved_to:
            self.mid(leg, moved_to)
        book_fill(ledger, side, px, qty, x.unit)
        ledger.fees += fee
        self.take(filled(self._id, side, px, qty, fee=fee, maker=int(maker), instrument=leg, ts=self.now))
        return fee

    def settle(self, leg: int, rate: float, told: bool = True) -> int:
        """Funding at the mark on what is held, as the simulated venue pays it; returns the payment."""
        x, view, ledger = self.desk.instruments[leg], self.desk.views[leg].s, self.desk.ledgers[leg].s
        amount = funding_payment(ledger.pos, view.mark, x.unit, round(rate * RATE))
        if told:
            view.funding_rate, view.next_funding = round(rate * RATE), self.now
            self.take()
            view.next_funding = self.now + x.funding_interval_ns
        self.now += 3_000_000
        ledger.funding += amount
        side, ts = int(ledger.pos < 0), self.now - 3_000_000
        self._id += 1
        self.take(Report(leg, FUNDED, ts, 0, 0, side, view.mark, abs(ledger.pos), 0, self._id, 0, 0, amount))
        return amount

    def state(self, state: int, busy: int = 0, first: int | None = None) -> None:
        s = self.desk.status.s
        s.state, s.busy = state, busy
        if first is not None:
            s.first = first
        if state == S0:
            s.first = -1
        self.take()

    def home(self) -> None:
        """Back in S0, and a step later."""
        self.state(S0)
        self.take()
