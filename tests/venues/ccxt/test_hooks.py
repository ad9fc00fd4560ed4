"""The private places of ccxt that we override or lean on: an upgrade that moves one fails here, by name."""

from __future__ import annotations

import inspect
from typing import Any

import ccxt.pro
import pytest
from ccxt.async_support.base.ws.client import Client

from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.wiring import HOOKS, wired

VENUES: list[Traits] = [BinanceUsdm(), Hyperliquid()]


@pytest.mark.parametrize("traits", VENUES, ids=lambda traits: traits.name)
def test_every_hook_exists_in_the_class_that_we_wrap(traits: Traits) -> None:
    base = getattr(ccxt.pro, traits.ccxt_id)
    assert ccxt.__version__ == "4.5.90"
    for name in HOOKS:
        assert callable(getattr(base, name)), name
        assert name in wired(base).__dict__, name
    expected = {
        "throttle": ["cost"],
        "fetch": ["url", "method", "headers", "body"],
        "client": ["url"],
        "handle_message": ["client", "message"],
        "on_error": ["client", "error"],
        "on_close": ["client", "error"],
    }
    for name, names in expected.items():
        assert list(inspect.signature(getattr(base, name)).parameters)[1:] == names, name


def test_the_websocket_client_calls_what_we_replace() -> None:
    source = inspect.getsource(Client)
    assert "self.handle_message(" in source and "self.on_message_callback(self" in source


def test_the_overrides_of_each_venue_exist() -> None:
    binance, hyperliquid = ccxt.pro.binanceusdm, ccxt.pro.hyperliquid
    assert list(inspect.signature(binance.get_exceptions_by_url).parameters)[1:] == ["url", "exactOrBroad"]
    assert "linear" in binance().exceptions
    assert inspect.iscoroutinefunction(hyperliquid.initialize_client)
    assert callable(hyperliquid.sign_l1_action) and callable(hyperliquid.incrementing_nonce)
    names = list(inspect.signature(hyperliquid.handle_errors).parameters)[1:]
    assert names[:4] == ["code", "reason", "url", "method"] and names[6] == "response"


@pytest.mark.parametrize("traits", VENUES, ids=lambda traits: traits.name)
def test_ccxt_never_sends_again_by_itself(traits: Traits) -> None:
    """R-O1: its retries re-post a create."""
    made: Any = traits.subclass(wired(getattr(ccxt.pro, traits.ccxt_id)))(traits.options())
    assert int(made.options.get("maxRetriesOnFailure") or 0) == 0
