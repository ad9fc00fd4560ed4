"""Account set-up before anything trades: one-way mode, margin mode, leverage, and a key that cannot withdraw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from core.domain.errors import Refused
from core.venues.ccxt.margin import BY_HAND, margin_text, wanted_margin
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.traits import Traits
from core.venues.ccxt.verdicts import FINE, judge


async def set_up(traits: Traits, exchange: Any, listings: Mapping[int, Listing], network: str) -> None:
    """Bring the account into the state that the config states. Raises Refused, or what ccxt raises."""

    withdraws = await traits.may_withdraw(exchange)
    if withdraws:
        raise Refused(f"{traits.name}: this key may withdraw. Make one that may only trade, limited to this address")
    if why := await traits.unfit(exchange):
        raise Refused(f"{traits.name}: {why}")
    if traits.one_way:
        await _done_or_so(partial(exchange.set_position_mode, False))
    for listing in listings.values():
        await _set_margin(traits, exchange, listing)


async def _set_margin(traits: Traits, exchange: Any, listing: Listing) -> None:
    """The venue's no is a refusal that says what was wanted; a network fault stays one."""
    import ccxt

    margin = wanted_margin(listing.instrument)
    mode, leverage, symbol = margin[0], listing.instrument.leverage, listing.symbol
    try:
        if traits.margin_with_leverage:
            await _done_or_so(partial(exchange.set_margin_mode, mode, symbol, {"leverage": leverage}))
        else:
            await _done_or_so(partial(exchange.set_margin_mode, mode, symbol))
            await _done_or_so(partial(exchange.set_leverage, leverage, symbol))
    except ccxt.NotSupported:
        raise  # says its own next step
    except ccxt.ExchangeError as error:
        verdict = judge(error)
        if verdict.venue != FINE:
            raise
        text = f"Expected {margin_text(margin)} on {listing.instrument.symbol}, the venue refused it: {verdict.text}"
        raise Refused(f"{traits.name}: {text}. {BY_HAND}") from None


async def _done_or_so(ask: Callable[[], Awaitable[Any]]) -> None:
    """The venue saying "it is so already" is success (-4046, -4059)."""
    import ccxt
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(ccxt.NetworkError), stop=stop_after_attempt(3),
        wait=wait_random_exponential(0.2, max=2.0), reraise=True,
    ):  # fmt: skip
        with attempt:
            try:
                await ask()
            except ccxt.NoChange:
                return
            except ccxt.OperationRejected as error:
                if "-4059" not in str(error):
                    raise
