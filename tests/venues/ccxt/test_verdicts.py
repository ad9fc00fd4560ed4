"""Exceptions of ccxt into verdicts: the table of LIVE_VENUES section 4, row by row (S3-30, R-O1, R-X2)."""

from __future__ import annotations

import ccxt
import pytest

from core.domain import reasons
from core.venues.ccxt.verdicts import GONE, NOT_SENT, REFUSED, UNKNOWN, clean_text, judge


class ClientConnectorError(Exception):
    """Named as the library's: the verdict goes by the name of the cause."""


class ServerDisconnectedError(Exception):
    """After the request was sent."""


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def body(code: int) -> str:
    return f'binanceusdm {{"code":{code},"msg":"x"}}'


TABLE = [
    (ccxt.InvalidOrder("below min"), REFUSED, reasons.BAD_REQUEST, "ok"),
    (ccxt.ArgumentsRequired("symbol"), REFUSED, reasons.BAD_REQUEST, "ok"),
    (ccxt.BadSymbol("x"), REFUSED, reasons.BAD_REQUEST, "ok"),
    (caused(ccxt.ExchangeNotAvailable("x"), ClientConnectorError()), NOT_SENT, reasons.VENUE_CLOSED, "ok"),
    (ccxt.RequestTimeout("x"), UNKNOWN, 0, "ok"),
    (caused(ccxt.ExchangeNotAvailable("x"), ServerDisconnectedError()), UNKNOWN, 0, "ok"),
    (ccxt.ExchangeNotAvailable("binanceusdm POST 502 Bad Gateway"), UNKNOWN, 0, "overloaded"),
    (ccxt.OperationFailed(body(-1000)), UNKNOWN, 0, "overloaded"),
    (ccxt.OperationFailed(body(-1006)), UNKNOWN, 0, "overloaded"),
    (ccxt.RequestTimeout(body(-1007)), UNKNOWN, 0, "overloaded"),
    (ccxt.OperationFailed(body(-1008)), REFUSED, reasons.VENUE_CLOSED, "overloaded"),
    (ccxt.DDoSProtection("429"), REFUSED, reasons.RATE_LIMIT, "banned"),
    (ccxt.RateLimitExceeded(body(-1015)), REFUSED, reasons.RATE_LIMIT, "ok"),
    (ccxt.InvalidNonce(body(-1021)), REFUSED, reasons.BAD_REQUEST, "clock"),
    (ccxt.OrderNotFillable(body(-5022)), REFUSED, reasons.POST_ONLY_CROSS, "ok"),
    (ccxt.OrderNotFillable(body(-5021)), REFUSED, reasons.NO_FILL, "ok"),
    (ccxt.InvalidOrder("Post only order would have immediately matched"), REFUSED, reasons.POST_ONLY_CROSS, "ok"),
    (ccxt.InsufficientFunds(body(-2019)), REFUSED, reasons.MARGIN, "ok"),
    (ccxt.InvalidOrder(body(-4164)), REFUSED, reasons.FILTER_MIN_NOTIONAL, "ok"),
    (ccxt.OperationRejected(body(-4118)), REFUSED, reasons.REDUCE_ONLY_REJECTED, "ok"),
    (ccxt.InvalidOrder(body(-2022)), REFUSED, reasons.REDUCE_ONLY_REJECTED, "ok"),
    (ccxt.PermissionDenied(body(-4400)), REFUSED, reasons.BAD_REQUEST, "ok"),
    (ccxt.PermissionDenied(body(-4192)), REFUSED, reasons.BAD_REQUEST, "ok"),  # cooling-off: the key is none the worse
    (ccxt.InvalidOrder(body(-4116)), UNKNOWN, reasons.DUPLICATE_ID, "ok"),
    (ccxt.OrderNotFound(body(-2011)), GONE, reasons.UNKNOWN_ORDER_ID, "ok"),
    (ccxt.AuthenticationError(body(-2015)), REFUSED, reasons.BAD_REQUEST, "auth"),
    (ccxt.OnMaintenance("x"), REFUSED, reasons.VENUE_CLOSED, "closed"),
    (ccxt.ExchangeError("words nobody knows"), UNKNOWN, 0, "ok"),
    (RuntimeError("a bug of ours"), UNKNOWN, 0, "ok"),
]


@pytest.mark.parametrize(
    ("error", "state", "code", "venue"), TABLE, ids=[f"{type(e[0]).__name__}-{k}" for k, e in enumerate(TABLE)]
)
def test_the_verdict_of_each_row(error: Exception, state: str, code: int, venue: str) -> None:
    verdict = judge(error)
    assert (verdict.state, verdict.code, verdict.venue) == (state, code, venue)


def test_every_network_error_without_proof_leaves_the_order_unknown() -> None:
    """R-O1: a guess here is a doubled or a lost order."""
    plain = [ccxt.NetworkError, ccxt.ExchangeNotAvailable, ccxt.RequestTimeout, ccxt.OperationFailed]
    assert [judge(kind("x")).state for kind in plain] == [UNKNOWN] * len(plain)


def test_texts_lose_addresses_and_signatures() -> None:
    """R-X2: ccxt puts the whole signed address into its messages."""
    secret = "CANARY" * 4
    error = ccxt.RequestTimeout(
        f"binanceusdm POST https://fapi.example/fapi/v1/order?signature={secret}&apiKey={secret}"
    )
    assert "CANARY" not in clean_text(error) and "https" not in clean_text(error)
    assert "CANARY" not in clean_text(ccxt.ExchangeError(f'{{"apiKey":"{secret}"}}'))
    assert len(clean_text(ccxt.ExchangeError("x" * 5_000))) <= 200
