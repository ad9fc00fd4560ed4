"""Keeps the record of our positions beside the journal while a live core runs, each venue account for itself.

An account is written once it was reconciled; before that its earlier record is the better one. A record is a checkpoint
of the journal that it names: what came after it is read from there at the next start. Records of accounts that this
core does not trade stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.build.holdings import Holding, Holdings, holding_of, kept_holdings, lasting, write_holdings
from core.build.left_open import Tail, tail_of
from core.domain.errors import PerpError
from core.domain.order import Report
from core.domain.units import NS_PER_S
from core.engine.engine import Engine
from core.engine.journal import Journal, read_frames

JOURNALS = "journal"  # folder of the state dir
CHECKPOINT_NS = 10 * NS_PER_S  # how much journal a start may have to read


class Remembered:
    """`signs[k]` names account k. `journal`: of this core, set once it is open; without it the record is of positions
    alone. `said`: what to tell of an earlier record. Raises Refused for a record that cannot be read: such a start is
    refused."""

    def __init__(self, state_dir: Path, signs: Sequence[str]) -> None:
        self.state_dir, self.signs = state_dir, tuple(signs)
        found = kept_holdings(state_dir)
        self._strangers = lasting(found, self.signs)
        self.earlier = [found.get(sign) for sign in self.signs]
        self._now = list(self.earlier)
        self.said: list[str] = []
        self._tails = [self._tail(one) for one in self.earlier]
        self.journal: Journal | None = None
        self._written_at = 0

    def _tail(self, record: Holdings | None) -> Tail:
        if record is None:
            return Tail(())
        if not record.journal:
            return Tail(record.rows)
        try:
            return tail_of(record.rows, read_frames(self.state_dir / JOURNALS / record.journal, record.journal_at))
        except (PerpError, OSError, msgspec.MsgspecError) as error:
            self.said.append(f"the journal of the last run was not read, what it sent last is not known: {error}")
            return Tail(record.rows)

    @property
    def rows(self) -> tuple[Holding, ...]:
        """What earlier runs held at all of the accounts, and what they may have left open there."""
        return tuple(row for tail in self._tails for row in tail.rows)

    def told(self, engine: Engine, keys: Sequence[str]) -> list[Report]:
        """Fills that earlier runs heard of after their record was written, for the ledgers that go on with it: to be
        told before anything else."""
        out = []
        for tail in self._tails:
            key_of = {row.ledger: row.key for row in tail.rows}
            for number, report in tail.fills:
                for post in engine.posts:
                    if post.number == number and keys[post.place] == key_of[number]:
                        out.append(msgspec.structs.replace(report, instrument=post.place))
        return out

    @property
    def complete(self) -> bool:
        """Every account has a record that goes on in this core's journal: a start after this one knows what is ours."""
        name = self._name
        return all(one is not None and (not name or one.journal == name) for one in self._now)

    @property
    def _name(self) -> str:
        return self.journal.path.name if self.journal is not None and self.journal.path is not None else ""

    def save(self, engine: Engine, keys: Sequence[str], force: bool = False) -> None:
        """Write what is ours where it changed; `keys` of the places. Raises Refused, OSError, Fatal."""
        now = [self._of(engine, k, keys) or self._now[k] for k in range(len(self.signs))]
        ours = [one for one in now if one is not None]
        if not ours or not (force or self._differs(now, engine)):
            return
        at = self.journal.mark() if self.journal is not None and self._name else 0
        now = [msgspec.structs.replace(one, journal_at=at) if one and one.journal == self._name else one for one in now]
        write_holdings(self.state_dir, [*(one for one in now if one is not None), *self._strangers])
        self._now, self._written_at = now, engine.now

    def _differs(self, now: Sequence[Holdings | None], engine: Engine) -> bool:
        """A position or a fill at once, orders every ten seconds: the journal has those."""
        old = self._now
        if [_held(one) for one in now] != [_held(one) for one in old]:
            return True
        rows = [[one and one.rows for one in each] for each in (now, old)]
        return rows[0] != rows[1] and engine.now - self._written_at >= CHECKPOINT_NS

    def _of(self, engine: Engine, account: int, keys: Sequence[str]) -> Holdings | None:
        check = engine.check.each[account]
        if not check.clean:
            return None
        rows = tuple(
            holding_of(keys[p.place], p.number, p.ledger, p.instrument.lot)
            for p in engine.posts
            if p.account == account
        )
        return Holdings(self.signs[account], check.last_ok, rows, journal=self._name)


def _held(one: Holdings | None) -> object:
    """All of a record but its orders, its time and its place in the journal."""
    return one and (one.journal, [(row.key, row.ledger, row.pos, row.cost, row.seen) for row in one.rows])
