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
    why.FILTER_MIN_QTY: (-4004, "Quantity less than min quantity."),
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
    why.SELF_TRADE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    why.MARGIN: (-2019, "Margin is insufficient."),
    why.REDUCE_ONLY_REJECTED: (-2022, "ReduceOnly Order is rejected."),
    why.REDUCE_ONLY_SIZE: (-2022, "ReduceOnly Order is rejected."),
    why.NO_LIQUIDITY: (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    why.NO_FILL: (-5021, "Due to the order could not be filled immediately, the FOK order has been rejected."),
    why.NO_SLOT: (-2025, "Reach max open order limit."),
    why.VENUE_CLOSED: (-4108, "Symbol is on delivering or delivered or settling or closed or pre-trading."),
    why.UNKNOWN_ORDER_ID: (-2011, "Unknown order sent."),
}


def refusal_of(reason: int, above: bool = True) -> Refusal:
    """The refusal of a create or amend that the exchange behind rejected with a reason of core.domain.reasons.

    `above`: whether the limit price lies above the mark. Stricter than the real venue, which lets a limit far on the
    passive side rest.
    """
    if reason == why.PRICE_BAND:
        if above:
            return Refusal(-4016, "Limit price can't be higher than the mark price and its multiplier allow.")
        return Refusal(-4024, "Limit price can't be lower than the mark price and its multiplier allow.")
    code, text = _OF_REASON.get(reason, (-2010, f"NEW_ORDER_REJECTED ({why.name_of(reason)})"))
    return Refusal(code, text)


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def malformed(name: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is as documented.")


def unwanted(name: str) -> Refusal:
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def not_valid(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


NO_ORDER = Refusal(-2013, "Order does not exist.")
UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
INVALID_SYMBOL = Refusal(-1121, "Invalid symbol.")
NO_LISTEN_KEY = Refusal(-1125, "This listenKey does not exist.")
