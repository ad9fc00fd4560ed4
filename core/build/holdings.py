"""What our ledgers held at real venues, kept beside the journal, so that a restart knows which part of an account is
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
PASSING = ",loopback,"  # in a sign: a venue of a drill, which holds nothing once it is gone


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ledger: `key` venue:symbol, lots, cost basis 1e-8 quote, ids of fills (and, negative, funding) counted."""

    key: str
    ledger: int
    pos: int
    cost: int
    seen: tuple[int, ...] = ()


class Holdings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of one venue account. `as_of` ns: what the venue did before it is in here, for each venue by itself, since
    one may be out of reach while another trades on. `sign` names account, venue and network."""

    sign: str
    as_of: int
    rows: tuple[Holding, ...]
    schema: int = SCHEMA


def holding_of(key: str, number: int, ledger: Ledger) -> Holding:
    """The ledger now."""
    found = ledger.array("seen")
    return Holding(key, number, int(ledger.s.pos), int(ledger.s.cost), tuple(sorted(map(int, found[found != 0]))))


def write_holdings(state_dir: Path, holdings: Sequence[Holdings]) -> None:
    """All of the file: what no record of the sequence is of is forgotten. Raises OSError, Refused."""
    replace_synced(state_dir / FILE, msgspec.msgpack.encode(holdings), f"{os.getpid():x}")


def kept_holdings(state_dir: Path) -> dict[str, Holdings]:
    """What earlier runs held, by sign; empty where there were none. Raises Refused for a file that is not private or
    cannot be read: then nobody knows what is ours, and a person must look."""
    path = state_dir / FILE
    try:
        fd = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return {}
    try:
        raw = os.read(fd, CAP + 1)
    finally:
        os.close(fd)
    try:
        found = msgspec.msgpack.decode(raw, type=Holdings | tuple[Holdings, ...])
    except msgspec.DecodeError:
        found = ()
    records = (found,) if isinstance(found, Holdings) else found  # one record alone: written before there were several
    if not records or any(record.schema != SCHEMA for record in records):
        raise Refused(
            f"{path}: Expected the record of our positions, was unreadable. Close or note them by hand at the venue, "
            f"then move the file away"
        )
    return {record.sign: record for record in records}


def read_holdings(state_dir: Path, sign: str) -> Holdings | None:
    """Those of one venue account; None where earlier runs did not trade it. Raises Refused, see `kept_holdings`."""
    return kept_holdings(state_dir).get(sign)


def lasting(holdings: dict[str, Holdings], ours: Sequence[str]) -> tuple[Holdings, ...]:
    """Records of accounts that this core does not trade: they stay, a later start there must know what is ours."""
    return tuple(one for sign, one in holdings.items() if sign not in ours and PASSING not in sign)


def sign_of(account: str, venue: str, network: str, url: str) -> str:
    """Which account at which venue and network the record is of."""
    return f"{account}|{venue},{network},{url}"


def sign_of_all(signs: Sequence[str]) -> str:
    """Of what spans several venue accounts, a pair above all; whichever comes first in the config."""
    return " ".join(sorted(signs))
