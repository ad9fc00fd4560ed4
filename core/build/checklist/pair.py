"""The part of the go-live checklist about pairs: rollback, backup venue, and what both legs would cost now.

Reads only. What the venues say of a leg's margin is in `checklist_account`. S1-53, S1-54, S1-56.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from core.build.checklist.items import NOTE, OK, Checklist
from core.config.load import Loaded
from core.config.settings import StrategySettings
from core.strategies.pair_lock.params import PairParams
from core.venues.ccxt.markets import Listing

DEPTH = 50  # levels asked for
ROUND_TRIPS = 2.0  # of the slower venue, that a naked leg must be allowed at least


class Leg(NamedTuple):
    """How one leg opens: base coins, bought on the long venue, sold on the short one."""

    buys: bool
    size: float


class Looked(NamedTuple):
    """What one venue showed: cost of each leg there by key, bp of its mid; the median of its answers, ms."""

    costs: dict[str, float]
    median_ms: float


def leg_sizes(loaded: Loaded) -> dict[str, Leg]:
    """By key, venue:symbol; empty without a pair."""
    return {
        f"{venue}:{symbol}": Leg(n == 0, params.base_qty)
        for settings, params in zip(loaded.settings.strategies, loaded.params, strict=True)
        if settings.legs and isinstance(params, PairParams)
        for n, (venue, symbol) in enumerate(settings.places)
    }


async def cost_of(exchange: Any, listing: Listing, leg: Leg) -> float:
    """Bp of mid by which taking the leg now would be worse than mid; inf where the book is too thin."""
    book = await exchange.fetch_order_book(listing.symbol, DEPTH)
    if not book["bids"] or not book["asks"]:
        return math.inf
    mid = (float(book["bids"][0][0]) + float(book["asks"][0][0])) / 2
    left, paid = leg.size, 0.0
    for price, contracts, *_ in book["asks" if leg.buys else "bids"]:
        taken = min(left, float(contracts) * listing.contract)
        paid, left = paid + taken * float(price), left - taken
        if left <= 1e-12:
            return abs(paid / leg.size / mid - 1.0) * 1e4
    return math.inf


def pair_items(loaded: Loaded, looked: Mapping[str, Looked], items: Checklist) -> None:
    """Rows of each pair, once its venues were asked; `looked` by venue."""
    for settings, params in zip(loaded.settings.strategies, loaded.params, strict=True):
        if settings.legs and isinstance(params, PairParams):
            venues = [leg.venue for leg in settings.legs]
            slowest = max((looked[name].median_ms for name in venues if name in looked), default=math.nan)
            _rollback(settings.name, params, slowest, items)
            _backup(settings, params, slowest, looked, items)
            costs = [cost for name in venues if name in looked for cost in looked[name].costs.values()]
            _slippage(settings.name, params, costs if len(costs) == len(venues) else [], items)


def _rollback(name: str, params: PairParams, slowest_ms: float, items: Checklist) -> None:
    what = "is taken back" if params.on_lock_fail == "flatten" else "is taken back or, with nothing filled, kept"
    found = f"{name}: what is not hedged after {params.naked_ms} ms {what}; slowest venue {slowest_ms:.0f} ms an answer"
    enough = params.naked_ms >= ROUND_TRIPS * slowest_ms
    step = "raise nakedMs above two answers of the slower venue: else good second legs are taken back"
    items.add("atomic rollback", OK if enough else NOTE, found, step, ("S1-53",))


def _backup(
    settings: StrategySettings, params: PairParams, slowest_ms: float, looked: Mapping[str, Looked], items: Checklist
) -> None:  # fmt: skip
    """Where a failed second leg goes, what it costs there now, and whether there is time for it."""
    if settings.backup is None:
        items.add(
            "backup venue", NOTE, f"{settings.name}: none; a second leg that fails is not sent elsewhere",
            "nothing to do; with onLockFail: keep the first leg stays with its stop", ("S1-54",),
        )  # fmt: skip
        return
    there = looked.get(settings.backup.venue)
    cost = min(there.costs.values(), default=math.inf) if there is not None else math.inf
    answer_ms = there.median_ms if there is not None else math.nan
    told = f"{cost:.2f} bp" if cost < math.inf else "not to be had: its book is too thin or was not told"
    where = f"{settings.backup.venue} {settings.backup.symbol}"
    found = f"{settings.name}: {where}; {params.base_qty:g} sold there now {told}, {answer_ms:.0f} ms an answer"
    fits = cost <= params.epsilon_bp and params.naked_ms >= ROUND_TRIPS * (slowest_ms + answer_ms)
    step = "raise nakedMs above two answers of each: a refusal and an order there; or epsilonBp above what it costs"
    items.add("backup venue", OK if fits else NOTE, found, step, ("S1-54",))


def _slippage(name: str, params: PairParams, costs: list[float], items: Checklist) -> None:
    total = sum(costs) if costs else math.inf
    told = f"{total:.2f} bp" if total < math.inf else "not to be had: a book is too thin or was not told"
    found = f"{name}: both legs of {params.base_qty:g} now {told}, epsilonBp {params.epsilon_bp:g}"
    step = (
        "the pair opens nothing while it costs more (slippage-budget-exceeded): wait, lower baseQty or raise epsilonBp"
    )
    items.add("slippage budget", OK if total <= params.epsilon_bp else NOTE, found, step, ("S1-56",))
