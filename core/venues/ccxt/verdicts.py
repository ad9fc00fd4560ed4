"""What an exception of ccxt means for a request: not sent, refused, gone, or unknown. The only reader of its classes.

The rule of LIVE_VENUES.md section 4: only what the venue said, or what provably never left, is a no. Everything else is
UNKNOWN and resolved by reads. Texts lose their URLs, signatures and keys here (R-X2).
"""

from __future__ import annotations

import re

import msgspec

from core.codec.text import clean
from core.domain.reasons import (
    BAD_REQUEST,
    DUPLICATE_ID,
    FILTER_MAX_QTY,
    FILTER_MIN_NOTIONAL,
    FILTER_MIN_QTY,
    FILTER_STEP,
    MARGIN,
    MAX_VALUE,
    NO_FILL,
    NO_LIQUIDITY,
    NO_SLOT,
    POST_ONLY_CROSS,
    PRICE_BAND,
    RATE_LIMIT,
    REDUCE_ONLY_REJECTED,
    UNKNOWN_ORDER_ID,
    VENUE_CLOSED,
)

NOT_SENT, REFUSED, UNKNOWN, GONE, DONE = "not_sent", "refused", "unknown", "gone", "done"
# what the venue is from now on: nothing special, banned until a time, keys refused, clock off, overloaded, closed
FINE, BANNED, AUTH, CLOCK, OVERLOADED, CLOSED = "ok", "banned", "auth", "clock", "overloaded", "closed"

MOST_SAID = 20_000
_BREAK = re.compile(r"\s+")
_URL = re.compile(r"(?:https?|wss?)://(?:[^/\s@]*@)?([^/\s?]+)\S*")  # what follows the host may be signed
_SECRET = re.compile(r"signature=\w+|(?i:(api_?key|secret|signature|listenKey)[\"']?\s*[=:]\s*[\"']?[\w-]+)")
_CODE = re.compile(r'"code"\s*:\s*"?(-?\d+)')
_TOO_MANY = re.compile(r"\b429\b")
_STATUS = re.compile(r"\b(4\d\d|5\d\d)\b")
_NOT_SENT_CAUSES = ("ClientConnectorError", "ClientConnectorDNSError", "DNSError", "gaierror", "ConnectionRefusedError")
_POST_ONLY = re.compile(r"post[ -]?only|would (have )?immediately match|could not be executed as maker", re.I)
_BINANCE = {
    -2018: MARGIN,
    -2019: MARGIN,
    -4164: FILTER_MIN_NOTIONAL,
    -1111: FILTER_STEP,
    -1013: FILTER_STEP,
    -4014: FILTER_STEP,
    -4023: FILTER_STEP,
    -4003: FILTER_STEP,
    -5022: POST_ONLY_CROSS,
    -5021: NO_FILL,
    -2022: REDUCE_ONLY_REJECTED,
    -4118: REDUCE_ONLY_REJECTED,
    -4116: DUPLICATE_ID,
    -4015: DUPLICATE_ID,
    -1015: RATE_LIMIT,
    -1008: VENUE_CLOSED,
    -2025: NO_SLOT,
    -2027: MAX_VALUE,
    -4004: FILTER_MIN_QTY,
    -4005: FILTER_MAX_QTY,
    -4016: PRICE_BAND,
    -4024: PRICE_BAND,
    -4108: VENUE_CLOSED,
    -4131: NO_LIQUIDITY,
}
_QUIET = (-4400, -4192)  # Binance: only reduce-only for a while, by its rule or by the owner's wish (cooling-off)
_DEFINITE = -1100  # Binance: codes from here down say what is wrong with the request, so it was not acted on
# venues without codes (Hyperliquid): by their words
_WORDS = tuple(
    (re.compile(pattern, re.I), reason)
    for pattern, reason in (
        ("minimum value", FILTER_MIN_NOTIONAL),
        ("divisible by tick size", FILTER_STEP),
        ("invalid size", FILTER_MIN_QTY),
        ("margin tier limit", MAX_VALUE),
        ("away from the reference price", PRICE_BAND),
        ("reduce only order would", REDUCE_ONLY_REJECTED),
        ("could not immediately match", NO_FILL),
        ("no liquidity available", NO_LIQUIDITY),
        ("too many open orders", NO_SLOT),
        ("trading is halted", VENUE_CLOSED),
    )
)


class Verdict(msgspec.Struct, frozen=True):
    """`state` of the request, `code` of core.domain.reasons when refused, `venue` as above, and a clean text."""

    state: str
    code: int = 0
    venue: str = FINE
    text: str = ""
    retry_after_s: float = 0.0


def clean_text(error: BaseException) -> str:
    """One line about an error with the host and the cause, without path, key or signature; 200 characters at most."""
    said = _BREAK.sub(" ", str(error)[:MOST_SAID])
    text = clean(_SECRET.sub("…", _URL.sub(r"\1", said)), MOST_SAID)  # a venue's words may hold anything (R-X4)
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ is not None else ""
    return f"{type(error).__name__}: {text}"[: 200 - len(cause)] + cause


def judge(error: BaseException, retry_after_s: float = 0.0) -> Verdict:
    """The verdict on a create or amend that raised. For cancels GONE means: the venue does not know it (a question)."""
    import ccxt

    text, code = clean_text(error), _code_of(error)
    cause = type(error.__cause__).__name__ if error.__cause__ is not None else ""

    def verdict(state: str, reason: int = 0, venue: str = FINE) -> Verdict:
        return Verdict(state, reason, venue, text, retry_after_s)

    if isinstance(error, ccxt.NetworkError) and any(name in cause for name in _NOT_SENT_CAUSES):
        return verdict(NOT_SENT, VENUE_CLOSED)
    if isinstance(error, ccxt.AuthenticationError):  # PermissionDenied is one
        venue = FINE if code in _QUIET else AUTH
        return verdict(REFUSED, BAD_REQUEST, venue)
    if isinstance(error, ccxt.OrderNotFound):
        return verdict(GONE, UNKNOWN_ORDER_ID)
    if code == -4116 or isinstance(error, ccxt.DuplicateOrderId):
        return verdict(UNKNOWN, DUPLICATE_ID)  # an order with this id may live: ours, sent before
    if isinstance(error, ccxt.InsufficientFunds):
        return verdict(REFUSED, MARGIN)
    if isinstance(error, ccxt.OrderNotFillable | ccxt.OrderImmediatelyFillable):
        return verdict(REFUSED, NO_FILL if code == -5021 else POST_ONLY_CROSS)
    if isinstance(error, ccxt.InvalidOrder | ccxt.BadRequest | ccxt.BadSymbol | ccxt.ArgumentsRequired):
        if _POST_ONLY.search(str(error)):
            return verdict(REFUSED, POST_ONLY_CROSS)
        return verdict(REFUSED, _reason(code, str(error)))
    if isinstance(error, ccxt.OnMaintenance):
        return verdict(REFUSED, VENUE_CLOSED, CLOSED)
    if isinstance(error, ccxt.InvalidNonce):
        return verdict(REFUSED, BAD_REQUEST, CLOCK)
    if isinstance(error, ccxt.RateLimitExceeded):  # an order rate, the venue's or our own budget; 429 is a ban
        return verdict(REFUSED, RATE_LIMIT, BANNED if _TOO_MANY.search(str(error)) else FINE)
    if isinstance(error, ccxt.DDoSProtection):
        return verdict(REFUSED, RATE_LIMIT, BANNED)
    if code == -1008:
        return verdict(REFUSED, VENUE_CLOSED, OVERLOADED)
    if isinstance(error, ccxt.OperationRejected | ccxt.NotSupported):
        return verdict(REFUSED, _reason(code, str(error)))
    if isinstance(error, ccxt.NetworkError | ccxt.OperationFailed):
        return verdict(UNKNOWN, 0, OVERLOADED if _is_5xx(error, code) else FINE)
    if isinstance(error, ccxt.ExchangeError) and (code in _BINANCE or code <= _DEFINITE):
        return verdict(REFUSED, _reason(code, str(error)))
    return verdict(UNKNOWN)


def _reason(code: int, text: str) -> int:
    """The reason of a refusal, by code where the venue has codes, else by its words."""
    if code in _BINANCE:
        return _BINANCE[code]
    return next((reason for pattern, reason in _WORDS if pattern.search(text)), BAD_REQUEST)


def _code_of(error: BaseException) -> int:
    found = _CODE.search(str(error))
    return int(found.group(1)) if found else 0


def _is_5xx(error: BaseException, code: int) -> bool:
    found = _STATUS.search(str(error))
    return code in (-1000, -1001, -1006, -1007) or bool(found and found.group(1).startswith("5"))
