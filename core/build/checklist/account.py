"""The part of the go-live checklist about the account: modes, leverage, liquidation bound, what lies there already.

Reads only: a live start is what sets modes and leverage. S1-55, R-W5.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.build.checklist.items import NOTE, OK, Checklist
from core.build.checklist.running import buffer_of
from core.domain.events import HeldPosition, Read
from core.domain.units import MONEY, lots_down
from core.risk.params import RiskParams
from core.venues.ccxt.margin import margin_of, margin_text, wanted_margin
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.venue import CcxtVenue
from core.venues.identity import NARROW_BITS

STARTS = "nothing to do: a live start sets it while the instrument is flat"
CLOSE = "close the position or set it by hand at the venue: it cannot be changed safely while a position is held"
UNTOLD = "the venue does not say"


class Account:
    """`held`: positions as the venue lists them, None while it has not said. `epochs` of our earlier runs here; `legs`:
    numbers of the instruments that are a leg of a pair."""

    def __init__(
        self, venue: CcxtVenue, items: Checklist, ours: dict[int, int], epochs: frozenset[int],
        legs: frozenset[int] = frozenset(),
    ) -> None:  # fmt: skip
        self.venue, self.items, self.ours, self.epochs, self.legs = venue, items, ours, epochs, legs
        self.held: tuple[HeldPosition, ...] | None = None
        self._seen: set[tuple[int, int]] = set()

    # what lies there -------------------------------------------------------------------------------------------------

    async def read(self) -> None:
        """Orders of both books and positions, ours and foreign counted. Nothing is touched."""
        reader, items = self.venue.reader, self.items
        orders, held = await reader.read(Read("orders", 0)), await reader.read(Read("positions", 0))
        again = "ask again: a start trades nothing before both lists were read"
        if not orders.error:
            ours = sum(order.cl_id != 0 for order in orders.orders)
            foreign = len(orders.orders) - ours
            items.add(
                "open orders",
                NOTE if orders.orders else OK,
                f"{ours} of ours, {foreign} foreign",
                "ours are taken over by a live start, foreign ones are never touched",
                ("R-B1",),
            )
        else:
            items.judge("open orders", False, orders.error, again, ("R-B1",))
        if held.error:
            items.judge("positions", False, held.error, again, ("R-B1",))
            return
        self.held = held.positions
        foreign = sum(p.pos != self.ours.get(p.instrument, 0) for p in held.positions)
        gone = sum(lots != 0 and n not in {p.instrument for p in held.positions} for n, lots in self.ours.items())
        step = "a position that is not on our record stays as it is; close it or trade another account"
        items.add(
            "positions",
            NOTE if foreign or gone else OK,
            f"{len(held.positions) - foreign} of ours, {foreign} not on our record, {gone} gone since",
            step,
            ("R-B1",),
        )
        self._seen = set(self.venue.ids.others)

    async def others(self) -> None:
        """R-W5, after some seconds: orders with our mark that came meanwhile are another core's."""
        reply = await self.venue.reader.read(Read("orders", 0))
        name, step = "another core", "end the other core, or give this one an account of its own"
        if reply.error:
            self.items.judge(name, False, reply.error, "ask again", ("R-W5",))
            return
        if self.venue.traits.id_form in NARROW_BITS:
            self.items.add(
                name,
                NOTE,
                "ids of this venue are too narrow for a mark: another core cannot be seen",
                "make sure by hand that nothing else trades this account",
                ("R-W5",),
            )
            return
        fresh = self.venue.ids.others - self._seen
        strange = sorted({f"{epoch:06x}" for epoch, _ in self.venue.ids.others if epoch not in self.epochs})
        if fresh:
            found = f"{len(fresh)} orders with our mark came meanwhile: another core trades this account"
            self.items.judge(name, False, found, step, ("R-W5",))
        elif strange:
            self.items.add(
                name,
                NOTE,
                f"orders rest with the mark of {', '.join(strange)}, which never ran here; no new one meanwhile",
                step,
                ("R-W5",),
            )
        else:
            self.items.add(name, OK, "no order with the mark of another instance", rows=("R-W5",))

    def _holds(self, number: int) -> bool:
        return self.held is None or any(p.instrument == number and p.pos for p in self.held)

    # modes -----------------------------------------------------------------------------------------------------------

    async def position_mode(self) -> None:
        """One-way, where the account knows another."""
        if not self.venue.traits.one_way:
            self.items.add("position mode", OK, "one-way: this venue's adapter knows no other", rows=("S1-55",))
            return
        symbol = next(iter(self.venue.listings.values())).symbol
        told = await self.venue.instances.data.fetch_position_mode(symbol)
        if not told["hedged"]:
            self.items.add("position mode", OK, "one-way", rows=("S1-55",))
        elif any(self._holds(number) for number in self.venue.listings):
            self.items.judge("position mode", False, "hedge mode, and a position is held", CLOSE, ("S1-55",))
        else:
            self.items.add("position mode", NOTE, "hedge mode", STARTS, ("S1-55",))

    async def margin(self, listing: Listing) -> None:
        """Margin mode and leverage, as they stand now against what the venue file says."""
        x = listing.instrument
        name, wanted = f"margin {x.symbol}", margin_text(wanted_margin(x))
        most = listing_limit(self.venue, listing)
        if most is not None and x.leverage > most:
            self.items.judge(
                name,
                False,
                f"{wanted} configured, the venue allows {most:g}x",
                "lower margin.default_leverage of the venue file",
                ("S1-55",),
            )
            return
        told = await margin_of(self.venue.traits, self.venue.instances.data, self.venue.access.keys, listing)
        if told is None and listing.number in self.legs:
            text = f"{UNTOLD}, and a pair needs {wanted} by its word"
            self.items.judge(name, False, text, "trade the pair on a venue that says it", ("S1-24", "S1-55"))
            return
        if told is None:
            self.items.add(name, NOTE, f"{UNTOLD}; a live start sets {wanted}", "look at the venue's page", ("S1-55",))
            return
        found = margin_text(told)
        if told != wanted_margin(x):
            text = f"{found} at the venue, {wanted} configured"
            if self._holds(listing.number):
                self.items.judge(name, False, f"{text}, and a position is held", CLOSE, ("S1-55",))
            else:
                self.items.add(name, NOTE, text, STARTS, ("S1-55",))
        elif x.isolated:
            self.items.add(name, OK, found, rows=("S1-55",))
        else:
            step = "mode: isolated in the venue file bounds the loss to the margin of the position"
            self.items.add(name, NOTE, f"{found}: the whole account stands behind it", step, ("S1-55",))

    # money -----------------------------------------------------------------------------------------------------------

    async def money(self, margins: Sequence[float]) -> None:
        """The wallet against the margin of every netMax at once."""
        reply = await self.venue.reader.read(Read("balance", 0))
        if reply.error:
            self.items.judge("balance", False, reply.error, "ask again", ("S1-55",))
            return
        wallet = reply.balance / MONEY
        self.items.judge(
            "balance",
            wallet >= sum(margins),
            f"{wallet:,.2f}, {sum(margins):,.2f} needed as margin at every netMax",
            "deposit, or lower netMax",
            ("S1-55",),
        )

    def liquidation(self, listing: Listing, risk: RiskParams, mark: float) -> float:
        """S1-55: where a position of netMax opened now would be liquidated. Returns its initial margin, quote."""
        x = listing.instrument
        size, name = x.size(lots_down(risk.net_max / x.lot)), f"liquidation {x.symbol}"
        margin = size * mark / x.leverage
        if not x.isolated:
            self.items.add(
                name,
                NOTE,
                "cross margin: no bound of its own, the whole account stands behind it",
                "mode: isolated in the venue file",
                ("S1-55",),
            )
            return margin
        buffers = [buffer_of(x, sign, size, mark, margin) for sign in (1, -1)]
        least = min(buffers)
        bound = max(risk.buffer_redline_pct, risk.buffer_flatten_pct)
        self.items.judge(
            name,
            least > bound,
            f"netMax {size:g} at {x.leverage}x, {mark:,.{x.price_digits}f}: long {buffers[0]:.1%}, "
            f"short {buffers[1]:.1%} away, limit {bound:.0%}; at most {margin:,.2f} can be lost",
            "lower the leverage of the venue file: the liquidation guard would cut every position at entry",
            ("S1-55",),
        )
        return margin


def listing_limit(venue: CcxtVenue, listing: Listing) -> float | None:
    """The highest leverage that the venue's own listing names, None where it names none."""
    market = venue.instances.data.markets.get(listing.symbol) or {}
    told = ((market.get("limits") or {}).get("leverage") or {}).get("max") or (market.get("info") or {}).get(
        "maxLeverage"
    )
    return float(told) if told else None
