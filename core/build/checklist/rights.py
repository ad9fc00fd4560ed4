"""The key in the go-live checklist: does signing work, may it withdraw (R-X1), is it bound to an address?

One question a venue; where a venue does not say, the item says so. Never shows a key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.build.checklist.items import FAIL, NOTE, OK, Checklist
from core.clock import iso
from core.domain.units import NS_PER_MS
from core.venues.ccxt.venue import CcxtVenue

SIGNING, WITHDRAW, ADDRESS = "signing", "key may not withdraw", "key bound to an address"
TRADE_ONLY = "make a key that may only trade, bound to this machine's address; delete this one"
BIND = "bind the key to this machine's address at the venue: a stolen one is then worth nothing elsewhere"
UNTOLD = "the venue does not say"
UNSIGNED_READS = ("lighter",)  # accounts are read without a signature


async def rights(venue: CcxtVenue, items: Checklist) -> None:
    """Three items."""
    if venue.traits.name == "hyperliquid":
        await items.ask(SIGNING, _hyperliquid(venue, items), rows=("S1-50",))
    else:
        if await items.ask(
            SIGNING, _signed_read(venue, items), "check key, secret and the address it is bound to", ("S1-50",)
        ):
            await items.ask(WITHDRAW, _withdraw(venue, items), rows=("R-X1",))
    await items.ask(ADDRESS, _bound(venue, items), rows=("R-X1",))


async def _signed_read(venue: CcxtVenue, items: Checklist) -> None:
    await venue.instances.data.fetch_balance()
    if venue.traits.name in UNSIGNED_READS:
        items.add(
            SIGNING,
            NOTE,
            "the account was read, but this venue's reads carry no signature",
            "the first order is the first proof; send the smallest one by hand",
            ("S1-50",),
        )
        return
    items.add(SIGNING, OK, "a signed read of the balance was answered", rows=("S1-50",))


async def _withdraw(venue: CcxtVenue, items: Checklist) -> None:
    may = await venue.traits.may_withdraw(venue.instances.data)
    if may is None:
        items.add(WITHDRAW, NOTE, UNTOLD, "look at the key's rights on the venue's page", ("R-X1",))
        return
    found = "this key may withdraw: a live start is refused" if may else "the venue says it may not"
    items.judge(WITHDRAW, not may, found, TRADE_ONLY, ("R-X1",))


async def _hyperliquid(venue: CcxtVenue, items: Checklist) -> None:
    """Reads are unsigned here. Who a signature of this key stands for is asked instead: an agent wallet trades and
    cannot withdraw, the account's own key can do everything."""
    exchange, keys = venue.instances.data, venue.access.keys
    account = keys["walletAddress"].lower()
    address = str(exchange.eth_get_address_from_private_key(keys["privateKey"])).lower()
    if venue.traits.owners_key(exchange, keys):
        verdict = FAIL if venue.access.network == "mainnet" else NOTE
        items.add(SIGNING, OK, "the key is the account's own (reads carry no signature here)", rows=("S1-50",))
        items.add(
            WITHDRAW,
            verdict,
            f"the account's own key signs withdrawals, too ({venue.access.network})",
            "approve an agent wallet on the venue's API page and give its key instead",
            ("R-X1",),
        )
        return
    told = await exchange.publicPostInfo({"type": "userRole", "user": address})
    master = str((told.get("data") or {}).get("user", "")).lower()
    good = told.get("role") == "agent" and master == account
    found = "the key is an approved agent of the account" if good else f"no agent of the account: role {told['role']}"
    if good:
        found += await _until(exchange, account, address)
    step = "approve this agent wallet on the venue's API page, or correct WALLET_ADDRESS"
    if items.judge(SIGNING, good, found, step, ("S1-50",)):
        items.add(WITHDRAW, OK, "an agent's signature moves no money out", rows=("R-X1",))


async def _until(exchange: Any, account: str, address: str) -> str:
    agents = await exchange.publicPostInfo({"type": "extraAgents", "user": account})
    until = next((int(a["validUntil"]) for a in agents if str(a["address"]).lower() == address), 0)
    return f", until {iso(until * NS_PER_MS)[:10]}" if 0 < until < 1 << 42 else ""


# bound to an address ------------------------------------------------------------------------------------------------


async def _bound(venue: CcxtVenue, items: Checklist) -> None:
    import ccxt

    ask = ASKS.get(venue.traits.name)
    try:
        bound = await ask(venue.instances.data) if ask is not None else None
    except ccxt.NotSupported:  # demo networks have no such question
        bound = None
    if bound is None:
        items.add(ADDRESS, NOTE, UNTOLD, "look at the key on the venue's page", ("R-X1",))
    elif bound:
        items.add(ADDRESS, OK, "only from addresses that are listed at the venue", rows=("R-X1",))
    else:
        items.add(ADDRESS, NOTE, "usable from everywhere", BIND, ("R-X1",))


async def _binance(exchange: Any) -> bool | None:
    answer = await exchange.sapiGetAccountApiRestrictions()
    return bool(answer["ipRestrict"]) if "ipRestrict" in answer else None


async def _bybit(exchange: Any) -> bool | None:
    if exchange.options.get("enableDemoTrading"):
        return None
    listed = (await exchange.privateGetV5UserQueryApi())["result"].get("ips")
    return None if listed is None else bool(listed) and "*" not in listed


async def _okx(exchange: Any) -> bool | None:
    listed = (await exchange.privateGetAccountConfig())["data"][0].get("ip")
    return None if listed is None else bool(listed)


ASKS: dict[str, Callable[[Any], Awaitable[bool | None]]] = {"binance_usdm": _binance, "bybit": _bybit, "okx": _okx}
