"""Our reject reasons as the venue words them: the text of an answer and the status of an order row.

Texts: the venue's page of error responses and the table in ccxt 4.5.90; where neither knows one, it is ours.
"""

from __future__ import annotations

from core.domain import reasons as why

_TEXTS = {
    why.FILTER_STEP: "Price must be divisible by tick size.",
    why.FILTER_MIN_QTY: "Order has invalid size.",
    why.FILTER_MAX_QTY: "Order would cause position to exceed margin tier limit at current leverage.",
    why.MAX_VALUE: "Order would cause position to exceed margin tier limit at current leverage.",
    why.FILTER_MIN_NOTIONAL: "Order must have minimum value of $10.",
    why.POST_ONLY_CROSS: "Post only order would have immediately matched, bbo was {bbo}.",
    why.SELF_TRADE: "Post only order would have immediately matched, bbo was {bbo}.",
    why.PRICE_BAND: "Order price cannot be more than 80% away from the reference price.",
    why.MARGIN: "Insufficient margin to place order.",
    why.REDUCE_ONLY_REJECTED: "Reduce only order would increase position.",
    why.NO_LIQUIDITY: "No liquidity available for market order.",
    why.NO_FILL: "Order could not immediately match against any resting orders.",
    why.NO_SLOT: "Too many open orders.",
    why.VENUE_CLOSED: "Trading is halted.",
}
_STATUSES = {
    why.FILTER_STEP: "tickRejected",
    why.FILTER_MIN_NOTIONAL: "minTradeNtlRejected",
    why.POST_ONLY_CROSS: "badAloPxRejected",
    why.SELF_TRADE: "badAloPxRejected",
    why.PRICE_BAND: "oracleRejected",
    why.MARGIN: "perpMarginRejected",
    why.REDUCE_ONLY_REJECTED: "reduceOnlyRejected",
    why.NO_LIQUIDITY: "marketOrderNoLiquidityRejected",
    why.MAX_VALUE: "perpMaxPositionRejected",
    why.FILTER_MAX_QTY: "perpMaxPositionRejected",
}
_LAPSED = {
    why.SELF_TRADE: "selfTradeCanceled",
    why.MARGIN: "marginCanceled",
    why.LIQUIDATION_BUFFER: "liquidatedCanceled",
    why.REDUCE_ONLY_REJECTED: "reduceOnlyCanceled",
    why.REDUCE_ONLY_SIZE: "reduceOnlyCanceled",
}

MISSING = "Order was never placed, already canceled, or filled."
UNMODIFIABLE = "Cannot modify canceled or filled order"


def error_text(code: int, asset: int, bbo: str) -> str:
    """What a refused order is answered."""
    text = _TEXTS.get(code) or f"Order was rejected ({why.name_of(code)})."
    return f"{text.format(bbo=bbo)} asset={asset}"


def rejected_status(code: int) -> str:
    """Status of an order that never was."""
    return _STATUSES.get(code, "rejected")


def lapse_status(code: int, filled: bool) -> str:
    """Status of an order that ended without being filled whole; `filled`: in part, or it had rested."""
    if code == why.NO_FILL and not filled:
        return "iocCancelRejected"
    return _LAPSED.get(code, "canceled")
