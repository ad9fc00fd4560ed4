"""A trade of the venue as a FILLED report: keyed by its trade id, priced in ticks, its fee rounded against us."""

from __future__ import annotations

from typing import Any

from core.codec.reasons import WRONG_TYPE, Hostile
from core.domain.order import FILLED, LIQUIDATED, Report
from core.domain.reasons import OK, VENUE_ACTION
from core.venues.ccxt.ids import Ids
from core.venues.ccxt.markets import Listing, id_number, side_of
from core.venues.ccxt.traits import Traits, ns_of_ms


def trade_number(traits: Traits, found: Any) -> int:
    """The key of a fill. What is no id must not look like one that is new, or the fill would count twice (R-O2)."""
    text = "" if found is None else str(found)
    if not text or (traits.digit_ids and not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 62)):
        raise Hostile(WRONG_TYPE)
    return id_number(text)


def order_of(trade: Any) -> str | None:
    """The venue's id of a trade's order; None where it has none."""
    order = trade.get("order")
    return str(order) if order and str(order) != "0" else None


def kind_of(traits: Traits, trade: Any) -> int:
    """What a trade is by itself. Of order 0 are the venue's own acts, whatever it calls them."""
    kind = traits.fill_kind(trade.get("info") or {})
    return LIQUIDATED if kind == FILLED and str(trade.get("order")) == "0" else kind


def fill_report(traits: Traits, ids: Ids, listing: Listing, trade: Any, kind: int | None = None) -> Report | None:
    """One unified trade. None where it belongs to no order of ours. Raises Hostile, KeyError, TypeError, ValueError.

    `kind`: what its order said, where the trade itself does not tell.
    """
    info = trade.get("info") or {}
    order = order_of(trade)
    kind = kind_of(traits, trade) if kind is None else kind
    cl_id, venue_id = ids.learn(traits.client_of(info), order)
    if kind == FILLED and cl_id == 0:
        return None
    side = side_of(trade["side"])
    px, qty = listing.fill(trade["price"], trade["amount"], side, kind == FILLED and listing.fixed_tick)
    number = trade_number(traits, trade["id"])
    fee, _ = listing.fill_fee(trade.get("fee"), px, qty)
    return Report(
        listing.number, kind, ns_of_ms(trade["timestamp"]), cl_id, venue_id, side, px, qty, 0, number,
        fee, int(traits.is_maker(trade)), code=OK if kind == FILLED else VENUE_ACTION,
    )  # fmt: skip
