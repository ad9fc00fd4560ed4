"""One coin on several synthetic venues: one hidden price for all, a basis, book, flow and funding of each venue's own.

Every venue draws the shared path from a stream of the coin, not of the venue, so none waits for another and the order
in which they are asked or named changes nothing. The first venue by name has no basis; the others' are against it. One
venue, drawn, leads; the quotes of the others follow it late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core import rng
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_MS, NS_PER_S
from core.market.basis import BasisCharacter, BasisProcess
from core.market.dice import Dice
from core.market.synthetic import SyntheticMarket
from core.market.synthetic_price import BLOCK_NS, MOVE, SCALE, STEPS, Character, Floats, Path, PriceProcess

START_BPS = 20.0  # marks of two venues further apart than this are of different times: the basis begins anew
NS_PER_H = 3600 * NS_PER_S
OWN = 0.2  # a venue's spread, depth and flow lie within this share of the calibrated character
BEHIND_NS = 100 * NS_PER_MS  # followers: largest cross-correlation of the recorded pair that has a lag
KEPT = 4  # updates of the last block, 1 s: no follower is further behind
HOW = "one seeded price, OU basis with jumps"


class RateCharacter(NamedTuple):
    """Funding of one coin over venues, bps per 8 h: a part that all share and one of each venue's own.

    Defaults: sd and lag-1 autocorrelation of Binance BTC 2019-2025; mean correlation of binance, bybit, gate and htx
    2021-2023; own_kept = lag-1 autocorrelation of the differences between them (core/market/basis_calibration.json).
    """

    sd_bps: float = 2.15
    shared: float = 0.7
    shared_kept: float = 0.79
    own_kept: float = 0.3


class VenueRates:
    """Funding rate of one venue, block after block: 1e-8 an interval of its own calendar."""

    def __init__(self, instrument: Instrument, shared: Dice, own: Dice, character: RateCharacter) -> None:
        c, blocks = character, 8 * NS_PER_H / BLOCK_NS
        self.instrument = instrument
        self.hours = instrument.funding_interval_ns / NS_PER_H
        self.cap = abs(instrument.funding_cap) or 1 << 40
        self._parts = [
            _Pulled(shared, c.sd_bps * c.shared**0.5, c.shared_kept ** (1.0 / blocks)),
            _Pulled(own, c.sd_bps * (1.0 - c.shared) ** 0.5, c.own_kept ** (1.0 / blocks)),
        ]

    def block(self) -> int:
        """The rate of the next block; 0 where nothing settles."""
        away_bps = sum(part.step() for part in self._parts)
        rate = self.instrument.funding_rate + away_bps * 1e4 * self.hours / 8.0
        return int(np.clip(round(rate), -self.cap, self.cap)) if self.hours > 0 else 0


class _Pulled:
    """An AR(1) about zero with stationary `sd`, of which `kept` is left after a step."""

    def __init__(self, generator: Dice, sd: float, kept: float) -> None:
        self.dice, self.kept = generator, kept
        self.push = sd * (1.0 - kept * kept) ** 0.5
        self.value = sd * float(generator.standard_normal())

    def step(self) -> float:
        self.value = self.kept * self.value + self.push * float(self.dice.standard_normal())
        return self.value


def widths(slope: float) -> dict[float, float]:
    """Factor on the basis by the scale of each volatility regime; its mean square over the long run is one."""
    ahead = np.linalg.matrix_power(np.array(MOVE), 1 << 12)[0]
    wide = np.array(SCALE) ** slope
    mean = float(np.sqrt(ahead @ (wide * wide)))
    return dict(zip(SCALE, (wide / mean).tolist(), strict=True))


class VenuePath:
    """A `PriceProcess` in ticks of one venue: the shared price as of its own book updates, shifted by its basis.

    `behind_ns`: how late its quotes are; what is hidden in them grows by what they have not followed yet.
    """

    def __init__(
        self,
        shared: PriceProcess,
        basis: BasisProcess | None,
        generator: Dice,
        tick: float,
        behind_ns: int = 0,
    ) -> None:
        self.shared, self.basis, self.dice, self.tick = shared, basis, generator, tick
        self.behind_ns, self._wide = behind_ns, widths(basis.character.regime_slope) if basis else {}
        self._last = np.array([[0.0] * KEPT, [shared.efficient] * KEPT, [shared.quote] * KEPT, [0.0] * KEPT])
        self._seen = 0

    def block(self, start_ns: int) -> Path:
        """The path of one block from `start_ns` on."""
        path = self.shared.block(start_ns)
        step_ns = BLOCK_NS // STEPS
        early = (self.dice.random(STEPS) * 0.8 * step_ns).astype(np.int64)
        t = (start_ns + np.arange(1, STEPS + 1) * step_ns - early) // NS_PER_MS * NS_PER_MS
        first_ms = -(-start_ns // NS_PER_MS) * NS_PER_MS
        t[0] = max(int(t[0]), first_ms)
        since = (path.t - start_ns).astype(np.float64)
        rows = np.concatenate([self._last, np.stack([since, path.efficient, path.quote, path.hidden])], axis=1)
        at, late = (np.searchsorted(rows[0], t - start_ns - by, "right") - 1 for by in (0, self.behind_ns))
        _, efficient, known, hidden = rows[:, np.maximum(at, 0)]
        quote = rows[2, np.maximum(late, 0)]
        hidden = np.clip(hidden + (known - quote) / (0.5 * self.shared.hold_at(path.scale) * known), -4.0, 4.0)
        self._last = rows[:, -KEPT:].copy()
        self._last[0] -= BLOCK_NS
        factor: Floats = np.full(STEPS, 1.0 / self.tick)
        if self.basis is not None:
            steps = np.diff(t, prepend=self._seen or start_ns) / NS_PER_S
            factor *= 1.0 + 1e-4 * self.basis.walk(steps, self._wide[path.scale])
        self._seen = int(t[-1])
        return Path(first_ms, t, efficient * factor, quote * factor, hidden, path.scale, known / self.tick)


class Venue(NamedTuple):
    """One instrument of the coin: where its price stood last (None = never), and its venue file's price."""

    instrument: Instrument
    mark: float | None
    reference: float

    @property
    def key(self) -> str:
        return f"{self.instrument.venue}:{self.instrument.symbol}"


def pair_markets(
    venues: Sequence[Venue],
    seed: int,
    start_ns: int,
    basis: BasisCharacter | None = None,
    rates: RateCharacter | None = None,
) -> list[SyntheticMarket]:
    """A market for each venue of one coin, in the order given.

    Goes on from the last marks; marks further apart than START_BPS are of different times, then the first venue's
    holds. Raises Refused as SyntheticMarket does.
    """
    ordered = sorted(venues, key=lambda venue: venue.key)
    first = ordered[0]
    coin = f"synthetic pair/{first.instrument.base}"
    character, calibrated = basis or BasisCharacter(), Character()
    bases: dict[str, BasisProcess] = {}
    for venue in ordered[1:]:
        begin = None
        if first.mark and venue.mark:
            apart = 1e4 * (venue.mark / first.mark - 1.0)
            begin = apart if abs(apart) <= START_BPS else None
        bases[venue.key] = BasisProcess(character, rng.stream(seed, f"{coin}/{venue.key}/basis"), begin)
    price = first.mark or 0.0
    for venue in ordered[1:]:
        price = price or (venue.mark or 0.0) / (1.0 + 1e-4 * bases[venue.key].now_bps)
    price = price or first.reference
    leader = ordered[int(rng.stream(seed, f"{coin}/leader").integers(len(ordered)))].key
    made: dict[str, SyntheticMarket] = {}
    for venue in ordered:

        def dice(what: str, key: str = venue.key) -> Dice:
            stream: Dice = rng.stream(seed, f"{coin}/{key}/{what}")
            return stream

        x = venue.instrument
        shared = PriceProcess(calibrated, rng.stream(seed, f"{coin}/price"), price)
        own = bases.get(venue.key)
        path = VenuePath(shared, own, dice("updates"), x.tick, 0 if venue.key == leader else BEHIND_NS)
        wide, deep, busy = (1.0 - OWN + 2.0 * OWN * dice("character").random(3)).tolist()
        mine = calibrated._replace(
            spread_bps=calibrated.spread_bps * wide,
            level_quote=calibrated.level_quote * deep,
            orders_per_s=calibrated.orders_per_s * busy,
        )
        funding = VenueRates(x, rng.stream(seed, f"{coin}/funding"), dice("funding"), rates or RateCharacter())
        at = price * (1.0 + 1e-4 * (own.now_bps if own else 0.0))
        made[venue.key] = SyntheticMarket(x, seed, start_ns, at, mine, path, funding)
    return [made[venue.key] for venue in venues]
