"""The chart of the spread-bands pane: our quotes round the mid, or the spread of the pair that is featured.

One point a second each; a pair's spread and bands in bp of the middle of both prices (K-36).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from core.domain.pair_picture import PairRow
from core.domain.snapshot import Chart, Quoter

TRAIL = 240
Point = tuple[int, float | None, float | None, float | None]


def featured(pairs: Sequence[PairRow]) -> PairRow:
    """Where there is room for one: the first that is not S0, else the first."""
    return next((pair for pair in pairs if pair.state), pairs[0])


def in_bps(pair: PairRow, value: float | None) -> float | None:
    """A price difference in bp; None while a price is unknown."""
    long, short = pair.legs[0].price, pair.legs[1].price
    if value is None or long is None or short is None or not long + short > 0:
        return None
    return value / (long + short) * 2e4


class Trails:
    """Points of the past; `chart` draws those of the featured pair, without pairs those of our quotes."""

    def __init__(self) -> None:
        self._quotes: deque[Point] = deque(maxlen=TRAIL)
        self._pairs: dict[str, deque[Point]] = {}

    def quoted(self, now: int, quoter: Quoter | None) -> None:
        """Reservation, best ask and best bid against the mid; nothing where there is no mid."""
        if quoter is None or not quoter.mid:
            return
        mid = quoter.mid

        def off(price: float | None) -> float | None:
            return None if price is None else (price / mid - 1.0) * 1e4

        self._quotes.append((now, off(quoter.reservation), off(quoter.best_ask), off(quoter.best_bid)))

    def spread(self, now: int, pairs: Sequence[PairRow]) -> None:
        """Spread and bands of every pair; an unknown one leaves a gap."""
        for pair in pairs:
            trail = self._pairs.setdefault(pair.name, deque(maxlen=TRAIL))
            trail.append((now, in_bps(pair, pair.spread), in_bps(pair, pair.upper), in_bps(pair, pair.lower)))

    def chart(self, pairs: Sequence[PairRow]) -> Chart:
        """What the pane draws now."""
        if pairs:
            pair = featured(pairs)
            points = self._pairs.get(pair.name, ())
            title, names, z = f"{pair.name} spread", ("UB", "LB"), pair.z
        else:
            points, title, names, z = self._quotes, "quotes round the mid", ("ask", "bid"), None
        if not points:
            return Chart(title=title)
        ts, value, upper, lower = zip(*points, strict=True)
        return Chart(
            title=title, ts=ts, value=value, upper=upper, lower=lower, upper_name=names[0], lower_name=names[1],
            now=value[-1], z=z,
        )  # fmt: skip
