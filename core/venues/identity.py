"""Client order ids on the wire: 128 bits that name instance, round and order, with a check, and back again.

Layout from the top: epoch 24, round 16, our client id 64 (ledger number, sequence, slot), check 24. Both ways without
a table, so any order that a venue lists can be told: ours, ours of another instance (R-W5), or somebody else's.
Where a venue takes an integer of fewer bits, `narrow` draws one from epoch and client id; it is no check of itself, so
there an order is ours only if its client id is known (from this run, or from the journal).
"""

from __future__ import annotations

import zlib

import msgspec

EPOCH_BITS, ROUND_BITS, ID_BITS, CHECK_BITS = 24, 16, 64, 24
PREFIX = "pc-"
NARROW_BITS = {"u48": 48, "u64": 64}  # forms that are digits
# our client id from below, as core.engine.post and core.execution.emergency lay it out
SLOT_BITS, CLOCK_BITS, STOP_BIT, NUMBER_BIT = 7, 34, 49, 51
NUMBERS = 32  # ledgers that 48 bits can tell apart


class Identity(msgspec.Struct, frozen=True):
    """What an id of ours says. `cl_id` as in core.domain.order."""

    epoch: int
    round: int
    cl_id: int


def pack(identity: Identity) -> int:
    """128 bits. Raises ValueError where a part does not fit."""
    if not (0 <= identity.epoch < 1 << EPOCH_BITS and 0 < identity.cl_id < 1 << ID_BITS):
        raise ValueError(f"Expected an epoch of {EPOCH_BITS} bits and a client id of {ID_BITS}, was {identity}")
    body = (identity.epoch << ROUND_BITS) | (identity.round % (1 << ROUND_BITS))
    body = (body << ID_BITS) | identity.cl_id
    return (body << CHECK_BITS) | _check(body)


def unpack(number: int) -> Identity | None:
    """The inverse of `pack`; None where the check does not hold: not made by us."""
    body = number >> CHECK_BITS
    if number <= 0 or body >> (EPOCH_BITS + ROUND_BITS + ID_BITS) or number & ((1 << CHECK_BITS) - 1) != _check(body):
        return None
    rest = body >> ID_BITS
    cl_id = body & ((1 << ID_BITS) - 1)
    return Identity(rest >> ROUND_BITS, rest & ((1 << ROUND_BITS) - 1), cl_id) if 0 < cl_id < 1 << 63 else None


def _check(body: int) -> int:
    return zlib.crc32(b"perpconsole" + body.to_bytes(13, "big")) & ((1 << CHECK_BITS) - 1)


def narrow(epoch: int, cl_id: int, bits: int) -> int:
    """An integer of `bits` (48 or 64) with the top bit set, the same for ever. Raises ValueError for what does not fit.

    A bijection for each epoch: 64 bits hold every client id; 48 hold the ledgers 0-31 and 2**34 ms of the sequence, so
    an id comes again after 198 days at the earliest. Two epochs share ids only by chance (2**-47 a pair).
    """
    if not 0 < cl_id < 1 << 63:
        raise ValueError(f"Expected a client id of 63 bits, was {cl_id}")
    body = cl_id if bits == 64 else _folded(cl_id)
    return 1 << (bits - 1) | _mixed(body, epoch, bits - 1)


def _folded(cl_id: int) -> int:
    """47 bits: ledger number 5, stop 1, milliseconds 34, slot 7."""
    number = cl_id >> NUMBER_BIT
    if number >= NUMBERS:
        raise ValueError(f"Expected a ledger number under {NUMBERS}, was {number}")
    low = cl_id & ((1 << SLOT_BITS + CLOCK_BITS) - 1)
    return (number << 1 | cl_id >> STOP_BIT & 1) << SLOT_BITS + CLOCK_BITS | low


def _mixed(body: int, epoch: int, width: int) -> int:
    """Odd multipliers modulo 2**width and shifts by half of it: each step can be undone, so no two bodies meet."""
    mask, half = (1 << width) - 1, (width + 1) // 2
    body = body + epoch * 0x9E3779B97F4A7C15 & mask
    for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
        body = body * factor & mask
        body ^= body >> half
    return body


def text_of(identity: Identity, form: str) -> str:
    """`pc` pc-<32 hex>, `hex` 0x<32 hex>, `alnum` 32 hex digits, `u48` and `u64` decimal digits: what venues take."""
    if form in NARROW_BITS:
        return str(narrow(identity.epoch, identity.cl_id, NARROW_BITS[form]))
    digits = f"{pack(identity):032x}"
    return {"pc": PREFIX, "hex": "0x", "alnum": ""}[form] + digits


def read_text(text: str | None) -> Identity | None:
    """An id of ours in any form that tells by itself, None for everything else, narrow forms too."""
    if not text:
        return None
    for prefix in (PREFIX, "0x"):
        if text.startswith(prefix):
            text = text[len(prefix) :]
            break
    if len(text) != 32:
        return None
    try:
        return unpack(int(text, 16))
    except ValueError:
        return None
