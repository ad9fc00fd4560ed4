"""Client order ids on the wire: 128 bits that name instance, round and order, with a check, and back again.

Layout from the top: epoch 24, round 16, our client id 64 (ledger number, sequence, slot), check 24. Both ways without
a table, so any order that a venue lists can be told: ours, ours of another instance (R-W5), or somebody else's.
"""

from __future__ import annotations

import zlib

import msgspec

EPOCH_BITS, ROUND_BITS, ID_BITS, CHECK_BITS = 24, 16, 64, 24
PREFIX = "pc-"


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
    return Identity(rest >> ROUND_BITS, rest & ((1 << ROUND_BITS) - 1), cl_id) if cl_id else None


def _check(body: int) -> int:
    return zlib.crc32(b"perpconsole" + body.to_bytes(13, "big")) & ((1 << CHECK_BITS) - 1)


def text_of(identity: Identity, form: str) -> str:
    """`pc` pc-<32 hex>, `hex` 0x<32 hex>, `alnum` 32 hex digits: what venues take."""
    digits = f"{pack(identity):032x}"
    return {"pc": PREFIX, "hex": "0x", "alnum": ""}[form] + digits


def read_text(text: str | None) -> Identity | None:
    """An id of ours in any of the forms, None for everything else."""
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
