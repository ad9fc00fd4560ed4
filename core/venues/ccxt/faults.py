"""What a request of a stop may end in, what of it is the venue's no to our key, and several requests at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from core.codec.reasons import Hostile
from core.domain.errors import PerpError
from core.venues.ccxt.verdicts import AUTH, judge

_KEY = re.compile(r"User or API Wallet \S+ does not exist|Unable to recover signer", re.I)


def refuses_key(error: BaseException) -> bool:
    """True where the venue does not take our key. Hyperliquid says it in words that ccxt reads as a bad order."""
    import ccxt

    return isinstance(error, ccxt.BaseError) and (judge(error).venue == AUTH or bool(_KEY.search(str(error))))


async def together(*questions: Callable[[], Any]) -> list[Any]:
    """Their answers, asked for at once and each waited for. Raises what the first of them that failed raised."""
    found = await asyncio.gather(*(question() for question in questions), return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found


def _limits() -> tuple[type[BaseException], ...]:
    """A venue that wants fewer requests, and did nothing of what was asked."""
    import ccxt

    return ccxt.RateLimitExceeded, ccxt.DDoSProtection


def _faults() -> tuple[type[BaseException], ...]:
    """ccxt's own classes, the network's, and answers that cannot be read."""
    import aiohttp
    import ccxt

    return (
        ccxt.BaseError, aiohttp.ClientError, PerpError, Hostile, OSError, TimeoutError, LookupError, TypeError,
        ValueError, AttributeError, ArithmeticError, AssertionError, RuntimeError,
    )  # fmt: skip


LIMITS = _limits()
FAULTS = _faults()
