"""Keeps the record of our positions beside the journal while a live core runs, each venue account for itself.

An account is written once it was reconciled; before that its earlier record is the better one. Records of accounts
that this core does not trade stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.build.holdings import Holding, Holdings, holding_of, kept_holdings, lasting, write_holdings
from core.engine.engine import Engine


class Remembered:
    """`signs[k]` names account k. Raises Refused for a record that cannot be read: such a start is refused."""

    def __init__(self, state_dir: Path, signs: Sequence[str]) -> None:
        self.state_dir, self.signs = state_dir, tuple(signs)
        found = kept_holdings(state_dir)
        self._strangers = lasting(found, self.signs)
        self.earlier = [found.get(sign) for sign in self.signs]
        self._now = list(self.earlier)

    @property
    def rows(self) -> tuple[Holding, ...]:
        """What earlier runs held at all of the accounts."""
        return tuple(row for one in self.earlier if one is not None for row in one.rows)

    @property
    def complete(self) -> bool:
        """Every account has a record: a start after this one knows which fills are ours."""
        return all(one is not None for one in self._now)

    def save(self, engine: Engine, keys: Sequence[str], force: bool = False) -> None:
        """Write what is ours where it changed; `keys` of the places. Raises Refused, OSError."""
        now = [self._of(engine, k, keys) or self._now[k] for k in range(len(self.signs))]
        same = [one.rows if one else None for one in now] == [one.rows if one else None for one in self._now]
        ours = [one for one in now if one is not None]
        if not ours or (same and not force):
            return
        write_holdings(self.state_dir, [*ours, *self._strangers])
        self._now = now

    def _of(self, engine: Engine, account: int, keys: Sequence[str]) -> Holdings | None:
        check = engine.check.each[account]
        if not check.clean:
            return None
        rows = tuple(holding_of(keys[p.place], p.number, p.ledger) for p in engine.posts if p.account == account)
        return Holdings(self.signs[account], check.last_ok, rows)
