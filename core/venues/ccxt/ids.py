"""Which wire id belongs to which order: client texts and venue ids both ways, for orders of this run and earlier ones.

Bounded: the oldest entries of finished orders go first. What is not here is read from the text itself.
"""

from __future__ import annotations

from core.venues.ccxt.markets import id_number
from core.venues.identity import Identity, read_text, text_of

KEPT = 20_000


class Ids:
    """`epoch` names this instance on the account; `round` is set by whoever knows it."""

    def __init__(self, epoch: int, form: str) -> None:
        self.epoch, self.form = epoch, form
        self.round = 0
        self.foreign_epochs: set[int] = set()  # ours by prefix, another instance by epoch (R-W5)
        self._text: dict[int, str] = {}
        self._venue: dict[int, str] = {}
        self._cl: dict[str, int] = {}  # by venue id

    def new_text(self, cl_id: int) -> str:
        """The id under which a new order goes out."""
        text = text_of(Identity(self.epoch, self.round, cl_id), self.form)
        self._remember(self._text, cl_id, text)
        return text

    def text(self, cl_id: int) -> str:
        """The wire text of an order of ours."""
        return self._text.get(cl_id) or text_of(Identity(self.epoch, self.round, cl_id), self.form)

    def venue_id(self, cl_id: int) -> str | None:
        return self._venue.get(cl_id)

    def learn(self, client: str, venue: str | None) -> tuple[int, int]:
        """(our client id, venue id as number) of an order as the venue names it; 0 = not ours, or not told."""
        identity = read_text(client)
        number = id_number(venue) if venue else 0
        if identity is None:
            return (self._cl.get(venue, 0) if venue else 0), number
        if identity.epoch != self.epoch:
            self.foreign_epochs.add(identity.epoch)
        self._remember(self._text, identity.cl_id, client)
        if venue:
            self._remember(self._venue, identity.cl_id, venue)
            if len(self._cl) >= KEPT:
                self._cl.pop(next(iter(self._cl)))
            self._cl[venue] = identity.cl_id
        return identity.cl_id, number

    def known(self, venue: str | None) -> int:
        """Our client id of a venue id that was seen before, 0 = none."""
        return self._cl.get(venue, 0) if venue else 0

    @staticmethod
    def _remember(where: dict[int, str], key: int, text: str) -> None:
        if key not in where and len(where) >= KEPT:
            where.pop(next(iter(where)))
        where[key] = text
