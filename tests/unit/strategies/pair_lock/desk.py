"""Two venues of one coin set by hand: 50,000.00 on both, tick 0.1, calm, funding 0.01 % per 8 h on both."""

from __future__ import annotations

from typing import Any

from core.domain.instrument import Instrument, Latency, Tier, spec_of
from core.domain.order import Ledger
from core.domain.pair import LONG, SHORT, PairStatus, Wish
from core.domain.units import FAR, MONEY
from core.kernel import Block, Kernels
from core.signals.blocks import Signals, new_view
from core.strategies.pair_lock.blocks import PairState, SpreadWindow
from core.strategies.pair_lock.decide import decide
from core.strategies.pair_lock.params import PairParams, pair_block

S = 1_000_000_000
HOUR = 3600 * S
T0 = 1_700_006_400 * S  # 2023-11-15 00:00 UTC: a settlement of every calendar here
NOON = T0 + 4 * HOUR  # far from a settlement of an 8 h calendar

# the source's configuration (S1-12 .. S1-26), in its own names
SOURCE: dict[str, Any] = {
    "symbol": "BTCUSDT", "leverage": 10, "base_qty": 0.01, "ema_fast": 21, "ema_slow": 55, "min_diff": 0.0008,
    "min_target_return": 0.0035, "funding_spread_bps": 1.0, "vol_band": {"vmin": 0.25, "vmax": 2.5}, "g_pct": 0.005,
    "band_sigma": 0.8, "lb": 0.2, "ub": 0.8, "t_max_sec": 14400, "epsilon_bp": 2.0,
    "risk": {"stop_loss_first_leg": 0.01, "net_delta_max_ratio": 0.10, "isolated_margin": True,
             "funding_guard_apr": 0.30},
    "fees": {"taker_bps": 2.0, "maker_rebate_bps": -0.5, "referral_rebate_bps": -0.2},
}  # fmt: skip


def perpetual(venue: str, **changes: Any) -> Instrument:
    """BTCUSDT without fees: tick 0.1, lot 0.001, so one tick x lot is 10,000 money units."""
    values: dict[str, Any] = {
        "venue": venue, "symbol": "BTCUSDT", "base": "BTC", "quote": "USDT", "tick": 0.1, "lot": 0.001, "unit": 10_000,
        "min_lots": 1, "max_lots": 1_000_000, "min_notional": 5 * MONEY, "band_ppm": 0, "maker_fee_ppm": 0,
        "taker_fee_ppm": 0, "referral_ppm": 0, "max_leverage": 20, "leverage": 10, "isolated": True,
        "tiers": (Tier(0, 5000, 20),), "funding_interval_ns": 8 * HOUR, "funding_offset_ns": 0, "funding_rate": 0,
        "funding_cap": 0, "entry": Latency(), "response": Latency(), "feed": Latency(), "book_stale_ns": 2 * S,
        "orders_per_10s": 300, "amend": True,
    }  # fmt: skip
    return Instrument(**{**values, **changes})


class PairDesk:
    """A decision at its desk; the setters change what it sees, `decide` advances the clock and returns the wish."""

    def __init__(
        self, form: str = "plain", long: Instrument | None = None, short: Instrument | None = None, **params: Any
    ) -> None:
        self.instruments = (long or perpetual("alpha"), short or perpetual("beta"))
        self.params = PairParams.model_validate(params)
        self.p = pair_block(self.params, *self.instruments)
        self.state, self.window, self.status, self.wish = PairState(), SpreadWindow(), PairStatus(), Wish()
        self.views, self.signals = (new_view(), new_view()), (Signals(), Signals())
        self.ledgers = (Ledger(), Ledger())
        self.specs = tuple(spec_of(one) for one in self.instruments)
        self.now = NOON
        self.fresh = [True, True]
        for leg in (LONG, SHORT):
            self.price(leg, 50_000.0)
            self.funding(leg, 0.0001)
        self._decide = Kernels(form).bind(
            decide, self.p, self.state, self.window, self.status, self.wish, *self.views, *self.signals, *self.ledgers,
            *self.specs,
        )  # fmt: skip

    def price(self, leg: int, px: float) -> None:
        """Mid, mark and index of a leg, quote units; a book two ticks wide."""
        ticks = px / self.instruments[leg].tick
        g, v = self.signals[leg].s, self.views[leg].s
        g.priced, g.mid, g.ts_priced = 1, ticks, self.now
        v.book_ok, v.mark, v.index, v.ts_recv = 1, round(ticks), round(ticks), self.now

    def funding(self, leg: int, rate: float | None, settlement: int = 0) -> None:
        """Rate per interval (None = the feed gives none) and the feed's next settlement (0 = none given)."""
        self.views[leg].s.funding_rate = FAR if rate is None else round(rate * 1e8)
        self.views[leg].s.next_funding = settlement

    def hold(self, leg: int, lots: int, entry: float = 50_000.0) -> None:
        """A position of `lots` (unsigned) in the leg's own direction, bought or sold at `entry`."""
        one = self.instruments[leg]
        pos = lots if leg == LONG else -lots
        self.ledgers[leg].s.pos = pos
        self.ledgers[leg].s.cost = round(pos * entry / one.tick * one.unit)

    def declare(self, state: int, first: int = LONG, **values: Any) -> None:
        """What the saga says; its legs are held at 50,000 (10 lots each) unless `hold` changes it."""
        self.status.s.state, self.status.s.first = state, first
        held = {0: (0, 0), 1: (1, 0) if first == LONG else (0, 1), 2: (1, 0) if first == LONG else (0, 1),
                3: (1, 1), 4: (1, 0), 5: (0, 1)}.get(state, (0, 0))  # fmt: skip
        for leg in (LONG, SHORT):
            self.hold(leg, 10 * held[leg])
        for name, value in values.items():
            self.status.set(name, value)

    def warm(self, leg: int, fast: float, slow: float, vol: float | None = None) -> None:
        """The trend's averages and the volatility as if they had been sampled."""
        s = self.state.s
        s.ema_n[leg], s.ema_fast[leg], s.ema_slow[leg] = 1000, fast, slow
        s.sample = s.ema_sample[leg] = self.now // S
        s.vol_ok[leg], s.vol[leg] = int(vol is not None), vol or 0.0
        s.vol_px[leg] = 0.0

    def trend(self, gap: float) -> None:
        """theta1 of both legs as seen by a long first leg: (fast - slow) / price."""
        for leg in (LONG, SHORT):
            px = self.signals[leg].s.mid * self.instruments[leg].tick
            s = self.state.s
            self.warm(leg, px * (1 + gap), px, s.vol[leg] if s.vol_ok[leg] else None)

    def volatility(self, vol: float | None) -> None:
        for leg in (LONG, SHORT):
            self.state.s.vol_ok[leg], self.state.s.vol[leg] = int(vol is not None), vol or 0.0

    def bands(self, lb: float, ub: float) -> None:
        """Bands as if 4 h had been sampled; they hold until the next sample."""
        w = self.window.s
        w.ok, w.lb, w.ub, w.mean, w.sigma = 1, lb, ub, (lb + ub) / 2, (ub - lb) / 1.6
        self.state.s.sample = self.now // S + 1_000_000  # no sample soon

    def decide(self, after_ns: int = 0, allowed: int = 1) -> Any:
        """Advance the clock; prices stay fresh unless `fresh[leg]` is off. The wish."""
        self.now += after_ns
        for leg in (LONG, SHORT):
            if self.fresh[leg]:
                self.signals[leg].s.ts_priced = self.views[leg].s.ts_recv = self.now
        self._decide(self.now, allowed)
        return self.wish.s

    def blocks(self) -> dict[str, Block]:
        return {"state": self.state, "window": self.window, "wish": self.wish}
