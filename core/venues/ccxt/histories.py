"""Own trades and funding of an account since a time, whole: page by page, span by span where a venue sees no longer.

A page is full by what the venue answered, before anything of it is left out: a venue may count the rows of all
instruments together. Rows may come twice; who counts them knows them by their ids.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.venues.ccxt.traits import Traits

Ask = Callable[[int, dict[str, Any]], Awaitable[list[Any]]]  # since ms, further parameters


async def own_trades(traits: Traits, exchange: Any, symbols: Sequence[str], since_ms: int, now_ms: int) -> list[Any]:
    """Unified trades of these symbols (or of all) up to now. Raises what ccxt raises."""
    found: list[Any] = []
    for symbol, limit in _questions(traits, symbols, traits.trade_page):

        async def ask(since: int, more: dict[str, Any], symbol: Any = symbol, limit: Any = limit) -> list[Any]:
            return list(await exchange.fetch_my_trades(symbol, since, limit, more))

        found += await _walk(ask, since_ms, now_ms, traits.trade_page, traits.trade_span_ms)
    return found


async def funding(traits: Traits, exchange: Any, symbols: Sequence[str], since_ms: int) -> list[tuple[str, Any]]:
    """Unified payments beside the symbol that was asked for; "" where all were. Raises what ccxt raises."""
    found: list[tuple[str, Any]] = []
    for symbol, limit in _questions(traits, symbols, traits.funding_page):

        async def ask(since: int, more: dict[str, Any], symbol: Any = symbol, limit: Any = limit) -> list[Any]:
            return list(await exchange.fetch_funding_history(symbol, since, limit))

        found += [(symbol or "", row) for row in await _walk(ask, since_ms, since_ms, traits.funding_page, 0)]
    return found


def _questions(traits: Traits, symbols: Sequence[str], page: int) -> list[tuple[str | None, int | None]]:
    """(symbol, limit) of each; without a symbol and so without a limit of ccxt's where the answer is about all."""
    return [(None, None)] if traits.answers_for_all else [(symbol, page or None) for symbol in symbols]


async def _walk(ask: Ask, since: int, now: int, page: int, span: int) -> list[Any]:
    """`page` 0: one answer is all. Ends with an answer that is not full and reaches now."""
    found: list[Any] = []
    while True:
        until = since + span if span and now - since > span else 0
        rows = await ask(since, {"until": until} if until else {})
        found += rows
        newest = max((int(row["timestamp"]) for row in rows), default=since)
        if page and len(rows) >= page and newest > since:
            since = newest
        elif until:
            since = until
        else:
            return found
