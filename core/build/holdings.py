"""What our ledgers held at real venues, kept beside the journal, so that a restart knows which part of an account is
ours. Private file, replaced whole; never a key, never the only record: the journal has every fill.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np

from core.domain.errors import Refused
from core.domain.order import FREE, RESTING_REJECT, Ledger
from core.execution.slots import worst_open
from core.guard.private import open_private, replace_synced

FILE = "holdings.bin"
CAP = 16 << 20  # bytes
SCHEMA = 1
PASSING = ",loopback,"  # in a sign: a venue of a drill, which holds nothing once it is gone


class LeftOpen(msgspec.Struct, frozen=True, array_like=True):
    """One order that may stand at the venue: `left` lots of it may still fill at worst. ns, ticks, lots."""

    cl_id: int
    venue_id: int
    side: int
    px: int
    qty: int
    left: int
    flags: int
    ts_sent: int


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ledger: `key` venue:symbol, lots, cost basis 1e-8 quote, ids of fills (and, negative, funding) counted, and
    the orders that it counts as open."""

    key: str
    ledger: int
    pos: int
    cost: int
    seen: tuple[int, ...] = ()
    orders: tuple[LeftOpen, ...] = ()
    lot: float = 0.0  # base coins in one of these lots, 0 = written before it was kept


class Holdings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of one venue account. `as_of` ns: what the venue did before it is in here, for each venue by itself, since
    one may be out of reach while another trades on. `sign` names account, venue and network. What came after the byte
    `journal_at` of the file `journal` is in none of the rows."""

    sign: str
    as_of: int
    rows: tuple[Holding, ...]
    schema: int = SCHEMA
    journal: str = ""
    journal_at: int = 0


def holding_of(key: str, number: int, ledger: Ledger, lot: float = 0.0) -> Holding:
    """The ledger now; `lot` of its instrument."""
    found = ledger.array("seen")
    ids = tuple(sorted(map(int, found[found != 0])))
    return Holding(key, number, int(ledger.s.pos), int(ledger.s.cost), ids, left_open_of(ledger), lot)


def left_open_of(ledger: Ledger) -> tuple[LeftOpen, ...]:
    """Its orders that the venue may hold."""
    o, states = ledger.s, ledger.array("state")
    out = []
    for i in map(int, np.flatnonzero((states != FREE) & (states != RESTING_REJECT))):
        left = int(worst_open(o, i))
        qty = int(o.qty[i] - o.left[i]) + left
        if left > 0:
            row = (o.cl_id[i], o.venue_id[i], o.side[i], o.px[i], qty, left, o.flags[i], o.ts_sent[i])
            out.append(LeftOpen(*map(int, row)))
    return tuple(out)


def in_lots_of(holding: Holding, lot: float) -> Holding:
    """The same coins in lots of another size: a venue changed it, and the configuration was corrected. Orders of before
    are forgotten, the venue lists them. Raises Refused where it is no whole number of them: what is ours cannot be said
    then, and more than it would be called ours."""
    if not holding.lot or holding.lot == lot:
        return holding
    pos = holding.pos * Fraction(repr(holding.lot)) / Fraction(repr(lot))
    if pos.denominator != 1:
        raise Refused(
            f"{FILE}: Expected our {holding.pos * holding.lot:.12g} of {holding.key} in whole lots of {lot:g}, was in "
            f"lots of {holding.lot:g}. Close it first: perpconsole panic, then by hand what is less than a lot"
        )
    return msgspec.structs.replace(holding, pos=int(pos), orders=(), lot=lot)


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
