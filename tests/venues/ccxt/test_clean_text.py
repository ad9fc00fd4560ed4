"""What is said of a venue's error: host and cause, never what may be signed (R-X3)."""

from __future__ import annotations

import ccxt
import pytest

from core.venues.ccxt.verdicts import clean_text

URL = "https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&timestamp=1&signature=0a1b2c"


def raised(text: str, cause: BaseException | None = None) -> BaseException:
    error = ccxt.ExchangeNotAvailable(text)
    error.__cause__ = cause
    return error


def test_the_host_and_the_cause_are_named_and_nothing_that_may_be_signed() -> None:
    said = clean_text(raised(f"binanceusdm GET {URL}", ConnectionRefusedError(111, "refused")))
    assert said == "ExchangeNotAvailable: binanceusdm GET fapi.binance.com (ConnectionRefusedError)"


@pytest.mark.parametrize(
    "text",
    [
        URL, "wss://user:pass1234@stream.example/ws/listenkey0a1b2c", 'apiKey: "0a1b2c"', "listenKey=0a1b2c",
        "secret=0a1b2c", "failed with signature=0a1b2c",
    ],
)  # fmt: skip
def test_no_key_signature_or_path_gets_through(text: str) -> None:
    said = clean_text(raised(text))
    assert "0a1b2c" not in said and "pass1234" not in said and "/" not in said


def test_it_is_one_line_of_200_characters_at_most() -> None:
    said = clean_text(raised("a\nb " + "x" * 500, TimeoutError()))
    assert "\n" not in said and len(said) == 200 and said.endswith("(TimeoutError)")
