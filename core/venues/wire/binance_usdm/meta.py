"""What is listed and by which rules: exchangeInfo, leverage brackets, funding intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.units import NS_PER_S
from core.venues.wire.binance_usdm import algo, desk
from core.venues.wire.binance_usdm.limits import Limits
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.figures import fixed8
from core.venues.wire.terms import TRADING

Json = dict[str, Any]
TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
FOREVER_MS = 4_133_404_800_000
HOUR_NS = 3_600 * NS_PER_S


def exchange_info(symbols: Sequence[Symbol], limits: Limits, now_ms: int) -> Json:
    """All symbols with their filters."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight.most),
            _limit("ORDERS", "MINUTE", 1, limits.orders_1m.most),
            _limit("ORDERS", "SECOND", 10, limits.orders_10s.most),
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": quote, "marginAvailable": True, "autoAssetExchange": "0"}
            for quote in sorted({s.instrument.quote for s in symbols})
        ],
        "symbols": [_symbol(symbol) for symbol in symbols if symbol.exchange.shown[symbol.i].listed],
    }


def _limit(kind: str, interval: str, n: int, most: int) -> Json:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": n, "limit": most}


def _symbol(symbol: Symbol) -> Json:
    x, grid = symbol.instrument, symbol.grid
    shown, market = symbol.exchange.shown[symbol.i], symbol.exchange.exchange.markets[symbol.i].s
    most = symbol.exchange.exchange.specs[symbol.i].s.max_lots
    status = "PENDING_TRADING" if shown.state == TRADING and market.f_cancel_only else shown.state
    tick = grid.px(max(market.px_step, 1)) if shown.tick >= 1 else fixed8(round(grid.tick * shown.tick))
    lot = grid.sz(max(market.qty_step, 1)) if shown.lot >= 1 else fixed8(round(grid.lot * shown.lot))
    if shown.broken:
        tick = lot = "0"
    size = {"minQty": grid.sz(market.min_lots), "maxQty": grid.sz(most), "stepSize": lot}
    return {
        "symbol": symbol.name,
        "pair": symbol.name,
        "contractType": "PERPETUAL",
        "deliveryDate": FOREVER_MS,
        "onboardDate": 1_569_398_400_000,
        "status": status,
        **({} if shown.contract == 1 else {"contractSize": shown.contract}),
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": x.base,
        "quoteAsset": x.quote,
        "marginAsset": x.quote,
        "pricePrecision": grid.px_decimals,
        "quantityPrecision": grid.sz_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": f"{x.band_ppm / 1e6:.2f}",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": grid.px(1),
                "maxPrice": grid.px(1 << 30),
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", **size},
            {"filterType": "MARKET_LOT_SIZE", **size},
            {"filterType": "MAX_NUM_ORDERS", "limit": desk.MOST},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": algo.MOST},
            {"filterType": "MIN_NOTIONAL", "notional": fixed8(market.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": f"{1 + x.band_ppm / 1e6:.4f}",
                "multiplierDown": f"{1 - x.band_ppm / 1e6:.4f}",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def leverage_brackets(symbols: Sequence[Symbol]) -> list[Json]:
    """Maintenance tiers of each symbol."""
    out = []
    for symbol in symbols:
        a = symbol.exchange.exchange.account.s
        tiers = symbol.instrument.tiers
        rows = []
        for n, tier in enumerate(tiers):
            cap = tiers[n + 1].floor if n + 1 < len(tiers) else 1 << 62
            rows.append(
                {
                    "bracket": n + 1,
                    "initialLeverage": tier.max_leverage,
                    "notionalCap": cap // 100_000_000,
                    "notionalFloor": tier.floor // 100_000_000,
                    "maintMarginRatio": tier.mmr_ppm / 1e6,
                    "cum": a.tier_cum[symbol.i][n] / 1e8,
                }
            )
        out.append({"symbol": symbol.name, "notionalCoef": 1.0, "brackets": rows})
    return out


def funding_info(symbols: Sequence[Symbol]) -> list[Json]:
    return [
        {
            "symbol": s.name,
            "adjustedFundingRateCap": fixed8(s.instrument.funding_cap),
            "adjustedFundingRateFloor": fixed8(-s.instrument.funding_cap),
            "fundingIntervalHours": s.instrument.funding_interval_ns // HOUR_NS,
        }
        for s in symbols
    ]
