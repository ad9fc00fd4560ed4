"""What this venue answers when it refuses: its code, its words, the HTTP status; and our reject reasons as its codes.

Codes and words: the venue's page of futures error codes, as ccxt 4.5.90 knows them.
"""

from __future__ import annotations

from core.domain import reasons as why


class Refusal(Exception):
    """One refused request. `status` of HTTP; 4xx where nothing was done."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


_OF_REASON = {
    why.FILTER_STEP: (-4014, "Price not increased by tick size."),
    why.FILTER_MIN_QTY: (-4003, "Quantity less than or equal to zero."),
    why.FILTER_MAX_QTY: (-4005, "Quantity greater than max quantity."),
    why.MAX_VALUE: (-2027, "Exceeded the maximum allowable position at current leverage."),
    why.FILTER_MIN_NOTIONAL: (
        -4164,
        "Order's notional must be no smaller than the venue's minimum (unless you choose reduce only).",
    ),
    why.POST_ONLY_CROSS: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    why.SELF_TRADE: (-2010, "NEW_ORDER_REJECTED: the order would trade with one of the account's own."),
    why.PRICE_BAND: (-4016, "Limit price can't be higher or lower than its distance from the mark price allows."),
    why.MARGIN: (-2019, "Margin is insufficient."),
    why.REDUCE_ONLY_REJECTED: (-2022, "ReduceOnly Order is rejected."),
    why.REDUCE_ONLY_SIZE: (-2022, "ReduceOnly Order is rejected."),
    why.NO_LIQUIDITY: (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    why.NO_FILL: (-5021, "Due to the order could not be filled immediately, the FOK order has been rejected."),
    why.NO_SLOT: (-2025, "Reach max open order limit."),
    why.VENUE_CLOSED: (-4108, "This symbol is not open for new orders now."),
    why.UNKNOWN_ORDER_ID: (-2011, "Unknown order sent."),
}


def refusal_of(reason: int) -> Refusal:
    """The refusal of a create or amend that the exchange behind rejected with a reason of core.domain.reasons."""
    code, text = _OF_REASON.get(reason, (-2010, f"NEW_ORDER_REJECTED ({why.name_of(reason)})"))
    return Refusal(code, text)


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def malformed(name: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is as documented.")


NO_ORDER = Refusal(-2013, "Order does not exist.")
UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
INVALID_SYMBOL = Refusal(-1121, "Invalid symbol.")
NO_LISTEN_KEY = Refusal(-1125, "This listenKey does not exist.")
