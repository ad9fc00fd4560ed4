"""The only dice: named streams from one seed. Same seed and name, same numbers, whatever else draws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """An independent generator for `name`. Adding another stream never shifts this one."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def orders(seed: int, name: str) -> Callable[[int], Sequence[int]]:
    """Successive random orders of n things, for the seeded scheduler."""
    dice = stream(seed, name)

    def order(n: int) -> Sequence[int]:
        return [int(i) for i in dice.permutation(n)]

    return order


def fresh_seed() -> int:
    """A seed from the operating system, for runs that ask for none; it is stored and printed, so the run repeats."""
    return int(np.random.SeedSequence().generate_state(1)[0])


def token() -> str:
    """64 random bits as text, for ids that must not repeat between processes."""
    bits: int = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    return f"{bits:016x}"
