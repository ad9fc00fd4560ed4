"""What our ledgers held at a real venue, kept beside the journal, so that a restart knows which part of an account is
ours. Private file, replaced whole; never a key, never the only record: the journal has every fill.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.domain.errors import Refused
from core.domain.order import Ledger
from core.guard.private import open_private, replace_synced

FILE = "holdings.bin"
CAP = 16 << 20  # bytes
SCHEMA = 1


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ledger: `key` venue:symbol, lots, cost basis 1e-8 quote, ids of fills (and, negative, funding) counted."""

    key: str
    ledger: int
    pos: int
    cost: int
    seen: tuple[int, ...] = ()


class Holdings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of one account. `as_of` ns: what the venue did before it is in here. `sign` names account and networks."""

    sign: str
    as_of: int
    rows: tuple[Holding, ...]
    schema: int = SCHEMA


def holding_of(key: str, number: int, ledger: Ledger) -> Holding:
    """The ledger now."""
    found = ledger.array("seen")
    return Holding(key, number, int(ledger.s.pos), int(ledger.s.cost), tuple(sorted(map(int, found[found != 0]))))


def write_holdings(state_dir: Path, holdings: Holdings) -> None:
    """Raises OSError, Refused."""
    replace_synced(state_dir / FILE, msgspec.msgpack.encode(holdings), f"{os.getpid():x}")


def read_holdings(state_dir: Path, sign: str) -> Holdings | None:
    """What earlier runs held on this account; None where there were none, or on another account. Raises Refused for a
    file that is not private or cannot be read: then nobody knows what is ours, and a person must look."""
    path = state_dir / FILE
    try:
        fd = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        raw = os.read(fd, CAP + 1)
    finally:
        os.close(fd)
    try:
        found = msgspec.msgpack.decode(raw, type=Holdings)
        known = found.schema == SCHEMA
    except msgspec.DecodeError:
        known = False
    if not known:
        raise Refused(
            f"{path}: Expected the record of our positions, was unreadable. Close or note them by hand at the venue, "
            f"then move the file away"
        )
    return found if found.sign == sign else None


def sign_of(account: str, venues: Sequence[tuple[str, str, str]]) -> str:
    """Which account on which venues and networks the record is of; each venue (name, network, url)."""
    return "|".join([account, *(",".join(venue) for venue in sorted(venues))])
