"""A desk for the market maker on ETHUSDC with signals set by hand: flat, calm, balanced, at 2500.00."""

from __future__ import annotations

from typing import Any

from core.domain.instrument import Instrument, Latency, Tier, spec_of
from core.domain.order import Ledger, Target
from core.domain.units import MONEY
from core.kernel import Kernels
from core.signals.blocks import NORMAL, Signals, new_view
from core.strategies.asmm.params import AsmmParams
from core.strategies.asmm.strategy import Asmm
from core.strategies.sdk import Desk

S = 1_000_000_000
T0 = 1_700_000_000 * S


def ethusdc(**changes: Any) -> Instrument:
    """ETHUSDC with the filters of S3-29; one tick x lot is 1000 money units."""
    values: dict[str, Any] = {
        "venue": "paper", "symbol": "ETHUSDC", "base": "ETH", "quote": "USDC", "tick": 0.01, "lot": 0.001, "unit": 1000,
        "min_lots": 1, "max_lots": 1_000_000, "min_notional": 10 * MONEY, "band_ppm": 0, "maker_fee_ppm": 0,
        "taker_fee_ppm": 400, "referral_ppm": 0, "max_leverage": 20, "leverage": 5, "isolated": True,
        "tiers": (Tier(0, 5000, 20),), "funding_interval_ns": 8 * 3600 * S, "funding_offset_ns": 0, "funding_rate": 0,
        "funding_cap": 0, "entry": Latency(), "response": Latency(), "feed": Latency(), "book_stale_ns": 5 * S,
        "orders_per_10s": 300, "amend": True,
    }  # fmt: skip
    return Instrument(**{**values, **changes})


class MakerDesk:
    """One bound market maker; `set_*` change what it sees, `decide` returns the target's orders."""

    def __init__(self, form: str = "plain", instrument: Instrument | None = None, **params: Any) -> None:
        self.instrument = instrument or ethusdc()
        self.maker = Asmm("mm", ("paper:ETHUSDC",), AsmmParams.model_validate(params))
        self.view, self.signals, self.ledger, self.target = new_view(), Signals(), Ledger(), Target()
        self.spec = spec_of(self.instrument)
        self.signal_params = self.maker.signal_params(0)
        self.desk = Desk(
            (self.instrument,), (self.spec,), (self.view,), (self.signals,), (self.signal_params,), (self.ledger,),
            (self.target,),
        )  # fmt: skip
        self.maker.bind(Kernels(form), self.desk)
        self.now = T0
        self.set_book(249_999, 250_001)
        self.set_signals()

    @property
    def state(self) -> Any:
        return self.maker.state.s

    def set_book(self, bid: int, ask: int, lots: int = 1000) -> None:
        """One level a side, also as the others' best; the mark follows the mid."""
        v, g = self.view.s, self.signals.s
        for side, px in ((0, bid), (1, ask)):
            v.n_levels[side], v.px[side][0], v.sz[side][0] = 1, px, lots
        v.book_ok, v.mark = 1, (bid + ask) // 2
        g.priced, g.bid, g.ask, g.bid_lots, g.ask_lots = 1, bid, ask, lots, lots
        g.mid, g.ts_priced, g.ts_unpriced = (bid + ask) * 0.5, self.now, 0

    def set_signals(self, **values: float) -> None:
        """Calm figures, all known, VPIN low, book balanced; any field of `Signals` replaced."""
        calm = {
            "vol_ok": 1, "vol_short": 0.5, "vol_long": 0.5, "regime_ok": 1, "regime": NORMAL, "momentum_ok": 1,
            "momentum": 0.0, "depth_avg_ok": 1, "depth_average": 0.5, "vpin_ok": 1, "vpin": 0.2,
        }  # fmt: skip
        for name, value in {**calm, **values}.items():
            self.signals.set(name, value)

    def hold_position(self, lots: int, entry: float = 250_000.0) -> None:
        self.ledger.s.pos = lots
        self.ledger.s.cost = round(lots * entry * self.instrument.unit)

    def decide(self, why: int = 2, after_ns: int = 500_000_000) -> list[dict[str, int]]:
        """Advance the clock, keep the book fresh, decide; the wanted orders."""
        self.now += after_ns
        if self.signals.s.priced:
            self.signals.s.ts_priced = self.now
        self.maker.decide(self.now, why)
        return self.orders()

    def orders(self) -> list[dict[str, int]]:
        t = self.target.s
        names = ("key", "side", "px", "qty", "type", "tif", "flags", "tol")
        return [{name: int(getattr(t, name)[i]) for name in names} for i in range(t.n)]

    def side(self, side: int) -> list[dict[str, int]]:
        return [order for order in self.orders() if order["side"] == side and order["key"] < 48]

    def distance_bps(self, order: dict[str, int]) -> float:
        mid = self.signals.s.mid
        return (1 - 2 * order["side"]) * (mid - order["px"]) / mid * 1e4

    def rest(self) -> None:
        """The ledger as if every wanted order now rested at the venue."""
        ledger = self.ledger.s
        for slot in range(128):
            ledger.state[slot] = 0
        ledger.open_lots[0] = ledger.open_lots[1] = 0
        for slot, order in enumerate(self.orders()):
            ledger.state[slot], ledger.cl_id[slot] = 2, slot + 1
            for name in ("key", "side", "px", "qty"):
                getattr(ledger, name)[slot] = order[name]
            ledger.left[slot] = order["qty"]
            ledger.open_lots[order["side"]] += order["qty"]
        ledger.n_live = self.target.s.n
