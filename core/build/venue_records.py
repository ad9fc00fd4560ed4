"""Keeps `venues.json` true while a live core runs: its accounts, and how many lots of each instrument are not ours.

A stop without a core reads it (`core.control.venue_record`); what it does not say a stop of scope `ours` would close.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.control.venue_record import VenueRecord, forget_venues, read_venues, write_venues
from core.engine.engine import Engine


class VenueRecords:
    """`records[k]` is account k, `places[k]` the engine's numbers of its instruments, in the order of the record.
    Raises Refused for a record of before that cannot be read."""

    def __init__(self, state_dir: Path, records: Sequence[VenueRecord], places: Sequence[Sequence[int]]) -> None:
        self.state_dir, self._places = state_dir, [tuple(numbers) for numbers in places]
        earlier = {
            (old.account, one.symbol): one.foreign for old in read_venues(state_dir) for one in old.traded
        }  # until this run has reconciled, what the last one found is the best there is
        self.records = [
            _with(record, [earlier.get((record.account, one.symbol), 0) for one in record.traded])
            for record in records
        ]  # fmt: skip

    def write(self) -> None:
        """Before the first request of a session. Raises Refused, OSError."""
        write_venues(self.state_dir, self.records)

    def save(self, engine: Engine) -> None:
        """Again where a reconciled account has other foreign lots than were written. Raises Refused, OSError."""
        now = [self._of(engine, k) for k in range(len(self.records))]
        if now != self.records:
            write_venues(self.state_dir, now)
            self.records = now

    def _of(self, engine: Engine, account: int) -> VenueRecord:
        if not engine.check.each[account].clean:
            return self.records[account]
        foreign = {post.place: post.foreign_lots for post in engine.posts}
        return _with(self.records[account], [foreign.get(place, 0) for place in self._places[account]])

    def forget(self) -> None:
        """The venues said that nothing is left: no stop needs them any more."""
        forget_venues(self.state_dir, self.records)


def _with(record: VenueRecord, foreign: Sequence[int]) -> VenueRecord:
    traded = tuple(
        msgspec.structs.replace(one, foreign=lots) for one, lots in zip(record.traded, foreign, strict=True)
    )  # fmt: skip
    return msgspec.structs.replace(record, traded=traded)
