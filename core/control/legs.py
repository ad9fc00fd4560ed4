"""Which legs a panic must not close yet: a leg whose pair's other venue does not answer would stand naked (E6, "hold").

Owns that question alone. Reads the tables of all stops of one panic; each runs in a thread of its own and calls here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from core.execution.emergency import Emergency
from core.execution.stopping import CLOSE, CONFIRM, DONE, OK

if TYPE_CHECKING:
    from core.control.venue_record import Traded

NOBODY = "its other leg's venue cannot be stopped"


class Leg(msgspec.Struct, frozen=True):
    """One leg of a pair at one account: its number there, the size of a lot in base coins."""

    pair: str
    instrument: int
    lot: float


class Legs:
    """`join` each account before any of them runs; `table` is None where an account cannot be stopped at all."""

    def __init__(self) -> None:
        self._each: list[tuple[int, tuple[Leg, ...], Emergency | None]] = []
        self._ended: set[int] = set()

    def join(self, key: int, legs: Sequence[Leg], table: Emergency | None) -> None:
        """One account by any number of its own."""
        if legs:
            self._each.append((key, tuple(legs), table))

    def ended(self, key: int) -> None:
        """That account's stop is over, whatever it came to."""
        self._ended.add(key)

    def kept(self, key: int) -> dict[int, str]:
        """Instruments of this account that wait, and why; NOBODY where nothing is left to wait for."""
        found = {}
        for leg in self._of(key):
            for other, peers, table in self._each:
                peer = next((one for one in peers if one.pair == leg.pair), None)
                why = self._why(key, leg, other, peer, table) if other != key and peer is not None else ""
                if why:
                    found[leg.instrument] = why
        return found

    def _of(self, key: int) -> tuple[Leg, ...]:
        return next((legs for known, legs, _ in self._each if known == key), ())

    def _why(self, key: int, leg: Leg, other: int, peer: Leg | None, table: Emergency | None) -> str:
        if table is None:
            return NOBODY
        if not table.heard or table.venue.status != OK or table.phase not in (CLOSE, CONFIRM, DONE):
            over = other in self._ended and not table.finished()
            return NOBODY if over else "its other leg's venue does not answer yet"
        mine = next((own for known, _, own in self._each if known == key), None)
        if peer is None or mine is None or mine.phase != CLOSE or table.phase != CLOSE:
            return ""
        left, theirs = _left(mine, leg), _left(table, peer)
        return "its other leg is closed first" if left < theirs - max(leg.lot, peer.lot) else ""


def _left(table: Emergency, leg: Leg) -> float:
    """Base coins still to be closed there, as last listed."""
    return abs(table.closeout.positions.get(leg.instrument, 0)) * leg.lot


def legs_of(traded: Sequence[Traded]) -> tuple[Leg, ...]:
    """Of the instruments of a record, in its order."""
    return tuple(Leg(one.pair, number, one.lot) for number, one in enumerate(traded) if one.pair)
