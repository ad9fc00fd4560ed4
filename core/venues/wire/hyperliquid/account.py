"""The margin account as /info and the stream clearinghouseState show it. Reads the exchange, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.exchange.accounts import equity_of, maintenance_of, margin_free, unrealised
from core.venues.wire.behind import WireExchange
from core.venues.wire.hyperliquid.ledger import Ledger
from core.venues.wire.hyperliquid.market import Coin
from core.venues.wire.hyperliquid.text import text8

Json = dict[str, Any]


def clearinghouse_state(exchange: WireExchange, ledger: Ledger, coins: Sequence[Coin], ms: int) -> Json:
    """Everything about margin and positions."""
    a = exchange.exchange.account.s
    positions, total, cross = [], _Sum(), _Sum()
    maintenance = 0
    value = equity_of(a)
    cross.value = value
    for coin in coins:
        i = coin.i
        lots = int(a.pos[i])
        if lots == 0:
            continue
        notional = abs(lots) * coin.mark * coin.instrument.unit
        pnl = int(unrealised(a, i))
        isolated = bool(a.isolated[i])
        initial = -(-notional // max(1, int(a.leverage[i])))
        used = int(a.iso[i]) + pnl if isolated else initial
        total.add(notional, used, lots)
        if isolated:
            cross.value -= used
        else:
            cross.add(notional, used, lots)
            maintenance += int(maintenance_of(a, i))
        positions.append({"type": "oneWay", "position": _position(exchange, ledger, coin, notional, used, pnl)})
    total.value = value
    return {
        "marginSummary": total.row(),
        "crossMarginSummary": cross.row(),
        "crossMaintenanceMarginUsed": text8(maintenance),
        "withdrawable": text8(max(0, int(margin_free(a, 0, 0)))),
        "assetPositions": positions,
        "time": ms,
    }


def _position(exchange: WireExchange, ledger: Ledger, coin: Coin, notional: int, used: int, pnl: int) -> Json:
    a, i, grid = exchange.exchange.account.s, coin.i, coin.grid
    lots, cost = int(a.pos[i]), int(a.cost[i])
    leverage: Json = {"type": "isolated" if a.isolated[i] else "cross", "value": int(a.leverage[i])}
    if a.isolated[i]:
        leverage["rawUsd"] = text8(used - (notional if lots > 0 else -notional))
    liquidation = exchange.exchange.liquidation_px(i)
    paid = text8(-int(a.funding_of[i]))
    since = text8(-ledger.funded[i])
    entry_margin = -(-abs(cost) // max(1, int(a.leverage[i])))
    return {
        "coin": coin.name,
        "szi": grid.sz(lots),
        "leverage": leverage,
        "entryPx": text8(abs(cost) * grid.tick // (abs(lots) * coin.instrument.unit)),
        "positionValue": text8(notional),
        "unrealizedPnl": text8(pnl),
        "returnOnEquity": text8(pnl * 100_000_000 // entry_margin) if entry_margin else "0.0",
        "liquidationPx": grid.px(liquidation) if liquidation > 0 else None,
        "marginUsed": text8(used),
        "maxLeverage": coin.instrument.max_leverage,
        "cumFunding": {"allTime": paid, "sinceOpen": since, "sinceChange": since},
    }


def spot_state(exchange: WireExchange) -> Json:
    """No spot balance: this venue trades perpetuals only."""
    zero = "0.0"
    return {"balances": [{"coin": "USDC", "token": 0, "hold": zero, "total": zero, "entryNtl": zero}]}


def empty_state(ms: int) -> Json:
    """What the venue shows of an address that it does not know."""
    none = _Sum().row()
    return {
        "marginSummary": none, "crossMarginSummary": none, "crossMaintenanceMarginUsed": "0.0", "withdrawable": "0.0",
        "assetPositions": [], "time": ms,
    }  # fmt: skip


class _Sum:
    """One margin summary, 1e-8 quote."""

    def __init__(self) -> None:
        self.value = self.notional = self.used = self.signed = 0

    def add(self, notional: int, used: int, lots: int) -> None:
        self.notional += notional
        self.used += used
        self.signed += notional if lots > 0 else -notional

    def row(self) -> Json:
        return {
            "accountValue": text8(self.value),
            "totalNtlPos": text8(self.notional),
            "totalRawUsd": text8(self.value - self.signed),
            "totalMarginUsed": text8(self.used),
        }
