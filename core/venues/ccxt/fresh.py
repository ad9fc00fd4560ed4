"""The venue's own grid for the closes of a stop, asked of the venue itself where the list came from a file.

A recorded lot or a kept list may be of before a change: then every close would be refused for its size. Asked beside
the cancels, so that it holds up nothing; before a close it is waited for, but not for long. A close that is refused for
its step or size has it asked again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core import tasks
from core.domain.reasons import BAD_REQUEST, FILTER_MAX_QTY, FILTER_MIN_NOTIONAL, FILTER_MIN_QTY, FILTER_STEP
from core.domain.units import NS_PER_S
from core.venues.ccxt.faults import FAULTS
from core.venues.ccxt.listed import renew
from core.venues.ccxt.verdicts import clean_text

if TYPE_CHECKING:
    from core.venues.ccxt.account import Account

WAIT_S = 2.0  # for an answer, before a close goes on the grid that is known
AGAIN_NS = 2 * NS_PER_S
REFUSED = (FILTER_STEP, FILTER_MIN_QTY, FILTER_MAX_QTY, FILTER_MIN_NOTIONAL, BAD_REQUEST)


class FreshTerms:
    """Of one account. `changed`: the grid is another one than when positions were listed."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.changed = False
        self._refused = False
        self._asked_at = 0
        self._task: asyncio.Task[None] | None = None

    def refused(self, code: int) -> None:
        """A close was refused with this reason of core.domain.reasons."""
        self._refused = self._refused or code in REFUSED

    async def look(self) -> None:
        """Before positions are listed: begin to ask where there is a reason to."""
        account = self.account
        if self._task is None and account.kept_markets and not account.careful:
            self._task = tasks.spawn(self._ask(), "fresh terms", lambda error: None)
        if self._refused and account.clock.monotonic() - self._asked_at > AGAIN_NS:
            self._refused = False
            await self._ask()
        self.changed = False  # the list that follows is read on the grid as it is now

    async def settled(self) -> bool:
        """Before a close: what was begun is over, or late. True where the grid has changed: the close is of another."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=WAIT_S)
        changed, self.changed = self.changed, False
        return changed

    async def _ask(self) -> None:
        """One question; a failure leaves what is known, and is noted."""
        account = self.account
        self._asked_at = account.clock.monotonic()
        exchange, known = account.exchange, account.exchange.markets or {}
        symbols = [entry.unified for entry in account.roster.entries if entry.unified in known]
        try:
            async with tasks.timeout(WAIT_S):
                found = await account.traits.markets_now(exchange, symbols)
        except FAULTS as error:
            account.note("venue", f"{account.traits.name}: terms not read anew: {clean_text(error)}")
            return
        for symbol, market in found.items():
            renew((exchange,), symbol, market)
        account.kept_markets = False
        told = account.roster.relist(exchange.markets, account.traits.fixed_tick)
        self.changed = self.changed or bool(told)
        if told:
            account.note("venue", f"{account.traits.name}: other terms than recorded: {', '.join(told)}")
