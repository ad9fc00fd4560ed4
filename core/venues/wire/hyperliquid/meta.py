"""What is listed: the universe of perpetuals, the spot tokens and pairs, and their contexts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.venues.wire.figures import E8, decimals_of
from core.venues.wire.hyperliquid.market import Coin
from core.venues.wire.hyperliquid.text import text8
from core.venues.wire.terms import TRADING

Json = dict[str, Any]
WRAPPED = {"BTC": "UBTC", "ETH": "UETH", "SOL": "USOL"}  # names of bridged coins on the spot side


def meta(coins: Sequence[Coin]) -> Json:
    """Perpetuals in order of their asset ids, with their margin tables."""
    universe, tables = [], []
    for k, coin in enumerate(coins):
        x, shown = coin.instrument, coin.exchange.shown[coin.i]
        if not shown.listed:
            continue
        market = coin.exchange.exchange.markets[coin.i].s
        step = coin.grid.lot * (max(market.qty_step, 1) if shown.lot >= 1 else shown.lot) / E8
        row = {
            "szDecimals": 99 if shown.broken else decimals_of(step),
            "name": coin.name,
            "maxLeverage": shown.leverage or x.max_leverage,
            "marginTableId": 50 + k,
        }
        universe.append(row if shown.state == TRADING else {**row, "isDelisted": True})
        tiers = [{"lowerBound": text8(t.floor), "maxLeverage": t.max_leverage} for t in x.tiers]
        tables.append([50 + k, {"description": "", "marginTiers": tiers}])
    return {"universe": universe, "marginTables": tables, "collateralToken": 0}


def meta_and_contexts(coins: Sequence[Coin]) -> list[Any]:
    return [meta(coins), [coin.context() for coin in coins if coin.exchange.shown[coin.i].listed]]


def spot_meta(coins: Sequence[Coin]) -> Json:
    """Tokens stand at their index, as clients look them up by either."""
    tokens = [_token("USDC", 0, 8)]
    universe = []
    for k, coin in enumerate(coins):
        tokens.append(_token(WRAPPED.get(coin.name, coin.name), k + 1, coin.grid.decimals))
        pair = {"tokens": [k + 1, 0], "name": coin.spot_name, "index": coin.spot_index, "isCanonical": False}
        universe.append(pair)
    return {"universe": universe, "tokens": tokens}


def spot_meta_and_contexts(coins: Sequence[Coin]) -> list[Any]:
    """Contexts stand at the index of their pair; pairs that this venue does not have are empty ones."""
    by_index = {coin.spot_index: coin.spot_context() for coin in coins}
    contexts = [by_index.get(k) or _no_context(k) for k in range(max(by_index) + 1)]
    return [spot_meta(coins), contexts]


def _token(name: str, index: int, decimals: int) -> Json:
    return {
        "name": name, "szDecimals": decimals, "weiDecimals": 8, "index": index, "tokenId": f"0x{index:032x}",
        "isCanonical": index == 0, "evmContract": None, "fullName": None, "deployerTradingFeeShare": "0.0",
    }  # fmt: skip


def _no_context(index: int) -> Json:
    zero = "0.0"
    return {
        "prevDayPx": zero, "dayNtlVlm": zero, "markPx": zero, "midPx": None, "circulatingSupply": zero,
        "coin": f"@{index}", "totalSupply": zero, "dayBaseVlm": zero,
    }  # fmt: skip
