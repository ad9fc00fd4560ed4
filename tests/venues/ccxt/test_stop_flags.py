"""The core and `panic` read one order alike: by these flags a halt keeps the operator's protective stops."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.clock import SteadyClock
from core.config.instruments import find_instrument
from core.domain.events import Read, ReadReply
from core.domain.order import REDUCE_ONLY, STOP
from core.engine.inbox import Inbox
from core.execution.emergency import Emergency
from core.execution.stopping import StopPlan, Tick
from core.venues.ccxt.account import Account
from core.venues.ccxt.instances import Access
from core.venues.ccxt.markets import Listing
from core.venues.ccxt.reads import Reader
from core.venues.ccxt.roster import Roster
from core.venues.ccxt.venue import CcxtVenue
from tests.venues.ccxt.emergency_hall import KEYS, PAIR, TRAITS, At, both
from tests.venues.ccxt.live_hall import with_fees
from tests.venues.ccxt.test_emergency_scope import stops, symbol


@pytest.mark.parametrize("name", ["binance_usdm", "hyperliquid"])
@pytest.mark.parametrize(
    ("words", "conditional", "flags"),
    [
        ({}, False, 0),
        ({"reduceOnly": True}, False, REDUCE_ONLY),
        ({"reduceOnly": True, "triggerPrice": 1800.0}, False, REDUCE_ONLY | STOP),
        ({"reduceOnly": True, "price": None, "triggerPrice": 1800.0}, True, REDUCE_ONLY | STOP),
        ({"reduceOnly": False, "triggerPrice": 1800.0}, True, STOP),
    ],
)
def test_both_readers_give_one_raw_order_the_same_flags(
    name: str, words: dict[str, Any], conditional: bool, flags: int
) -> None:
    traits = TRAITS[name]()
    instrument = find_instrument(name, PAIR[name])
    raw = {"id": "77", "symbol": traits.symbol(instrument), "side": "sell", "price": 1800.0, "remaining": 0.01,
           "amount": 0.01, "clientOrderId": "web_hand"} | words  # fmt: skip
    ids: Any = SimpleNamespace(learn=lambda client, number: (0, int(number)))
    core: Any = Reader.__new__(Reader)
    core.traits, core.ids = traits, ids
    stop: Any = Account.__new__(Account)
    stop.traits, stop.roster, stop._listed = traits, Roster(), {}
    stop.exchange = SimpleNamespace(markets={})
    read = core._order(Listing(0, instrument, traits), raw, conditional)
    assert read.flags == stop._order(raw, conditional).flags == flags


def adapter(at: At) -> CcxtVenue:
    """As the core opens it."""
    traits = TRAITS[at.name]()
    access = Access("loopback", KEYS[at.name], traits.addresses(at.venue.url))
    listed = with_fees(find_instrument(at.name, PAIR[at.name]))
    return CcxtVenue(traits, access, [(0, listed)], Inbox(1), SteadyClock(), epoch=7)


async def test_a_cores_own_halt_of_the_whole_account_keeps_the_operators_stops(state_dir: Any) -> None:
    """R-E3, `on_halt.keep_stops`: both dialects, what a hand placed on the venue's page."""
    async with both(state_dir) as at:
        for one in at.each:
            one.hold(20)
            await stops(one, 90, 91, ours=False)
            one.rest(2, ours=False, first=50)
            venue = adapter(one)
            await venue.open(listen=False)
            try:
                table = Emergency(StopPlan("s", "halt", "panic --halt-only", 1, scope="account", keep_stops=True))
                reply: ReadReply = await venue.read(Read("orders", table.on(Tick(), 1).reads[0].nonce), True)
                assert not reply.error and len(reply.orders) == 4, (symbol(one), reply)
                cancelled = table.on(reply, 2).requests
                assert len(cancelled) == 2 and table.progress().stops_kept == 2
            finally:
                await venue.close()
