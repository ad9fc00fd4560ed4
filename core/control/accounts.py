"""Opens the recorded accounts for a stop: venue by name, keys from whoever was asked, markets from venue or state dir.

An account that cannot be opened becomes an outcome with what a person does by hand; the others go on.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.control.live_account import CancelAccount, LiveAccount
from core.control.market_cache import FROM_FILE, fill_markets, market_file
from core.control.outcome import CANNOT_START, Outcome
from core.control.venue_record import VenueRecord, by_hand, looked_at, read_venues
from core.domain.errors import PerpError, Refused
from core.guard.redact import PROCESS

if TYPE_CHECKING:
    from core.domain.ports import Clock

KeysOf = Callable[[VenueRecord], Mapping[str, str]]
Note = Callable[[str, str], None]  # step, text
Answers = Callable[[str, str, int, str], None]  # venue, request, status (0 = none came), raw answer
Session = Callable[[], Any]  # a fresh aiohttp session


def stop_epoch(clock: Clock) -> int:
    """24 bits that name this run of a stop in the client ids of its closes (core.venues.identity)."""
    return zlib.crc32(f"{os.getpid()} {clock.now()}".encode()) & 0xFFFFFF or 1


def open_account(
    record: VenueRecord,
    keys: Mapping[str, str],
    clock: Clock,
    note: Note,
    *,
    state_dir: Path | None = None,
    session: Session | None = None,
    scope: str = "account",
    closes: bool = True,
    answers: Answers | None = None,
) -> CancelAccount:
    """One account; nothing is sent yet. `closes=False`: it can only cancel; `answers` hears each answer of the venue.
    Raises Refused for an unknown venue."""
    from core.venues.ccxt.account import Account
    from core.venues.ccxt.catalogue import traits_of
    from core.venues.ccxt.closer import ClosingAccount
    from core.venues.ccxt.instances import Access
    from core.venues.ccxt.roster import Roster

    roster = Roster()
    for one in record.traded:
        roster.add(one.unified, one.symbol, one.tick, one.lot)
    kept = None
    if state_dir is not None and record.network != "loopback":
        kept = market_file(state_dir, record.name, record.network)

    async def load(exchange: Any) -> bool:
        said = await fill_markets(exchange, kept, clock)
        if said:
            say("venue", f"{record.label}: {said}")
        return said.startswith(FROM_FILE)

    def say(step: str, text: str) -> None:
        note(step, PROCESS.clean(text))

    traits = traits_of(record.name, record.signer_library)
    access = Access(record.network, keys, traits.addresses(record.url) if record.url else None, session)
    kind = ClosingAccount if closes else Account
    account = kind(traits, access, roster, clock, say, load, scope == "account")
    if answers is not None:
        account.wire.on_answer = partial(answers, record.label)
    if not isinstance(account, ClosingAccount):
        return CancelAccount(record, account, clock)
    account.epoch = stop_epoch(clock)
    return LiveAccount(record, account, clock)


def open_live(
    state_dir: Path,
    keys_of: KeysOf,
    clock: Clock,
    note: Note,
    *,
    scope: str = "account",
    closes: bool = True,
    only: Sequence[str] = (),
    session: Session | None = None,
    answers: Answers | None = None,
) -> list[CancelAccount | Outcome]:
    """Every recorded account, or those of `only` (labels). Never raises for one of them: see above."""
    try:
        records = read_venues(state_dir)
    except (OSError, PerpError) as error:
        text = f"nobody knows which accounts were open: {error}; look at every venue's own page"
        note("venue", text)
        return [Outcome("venues.json", CANNOT_START, "unverified", 0, 0, text)]
    found: list[CancelAccount | Outcome] = []
    for record in records:
        if only and record.label not in only:
            continue
        try:
            keys = keys_of(record)
            if not keys:
                raise Refused(f"Expected keys from {record.keys.source}, was none")
            found.append(
                open_account(
                    record,
                    keys,
                    clock,
                    note,
                    state_dir=state_dir,
                    session=session,
                    scope=scope,
                    closes=closes,
                    answers=answers,
                )
            )
            note("venue", f"{record.label}: looked at: {looked_at(record.name)}")
        except (OSError, PerpError) as error:
            text = PROCESS.clean(f"{error}; {by_hand(record)}")
            note("venue", f"{record.label}: {text}")
            pairs = tuple(one.pair for one in record.traded if one.pair)
            found.append(Outcome(record.label, CANNOT_START, "unverified", 0, 0, text, pairs))
    return found
