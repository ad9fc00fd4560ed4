"""R-W5: an order with our mark that another instance made while we run means that two cores trade one account.

Looks at each venue account by itself. Of venues whose ids are too narrow for a mark nothing can be told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from core.engine.accounts import Accounts


class Marked(Protocol):
    """A venue's ids: (epoch, client id) of every order of ours that another instance made."""

    @property
    def others(self) -> set[tuple[int, int]]: ...


class SecondWriter:
    """`each[k]`: the ids of account k. What stood there at its first clean reconcile is of earlier runs, and so is
    whatever carries an epoch of `earlier`: a venue may tell it late."""

    def __init__(self, each: Sequence[tuple[str, Marked]], accounts: Accounts, earlier: Collection[int] = ()) -> None:
        self._each, self._accounts, self._earlier = tuple(each), accounts, frozenset(earlier)
        self._known: dict[int, set[tuple[int, int]]] = {}

    def look(self) -> str:
        """What must stop the core, "" while nobody else writes."""
        why = []
        for k, (name, ids) in enumerate(self._each):
            known = self._known.get(k)
            if known is None:
                if self._accounts.each[k].clean:
                    self._known[k] = set(ids.others)
                continue
            fresh = {one for one in ids.others - known if one[0] not in self._earlier}
            if fresh:
                known |= fresh
                epochs = ", ".join(sorted({f"{epoch:06x}" for epoch, _ in fresh}))
                why.append(f"second writer: orders of another instance of ours ({epochs}) on this account of {name}")
        return "; ".join(why)
