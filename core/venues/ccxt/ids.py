"""Which wire id belongs to which order: client texts and venue ids both ways, for orders of this run and earlier ones.

Bounded: the oldest entries of finished orders go first. What is not here is read from the text itself, except where
the venue's ids are too narrow for that: there only what is here is ours, and `expect` brings what the journal knows.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.venues.ccxt.markets import id_number
from core.venues.identity import NARROW_BITS, Identity, read_text, text_of

KEPT = 20_000
KEPT_NARROW = 200_000  # without its entry an order of ours would look like somebody else's


class Ids:
    """`epoch` names this instance on the account; `round` is set by whoever knows it."""

    def __init__(self, epoch: int, form: str) -> None:
        self.epoch, self.form = epoch, form
        self.round = 0
        self.others: set[tuple[int, int]] = set()  # (epoch, client id): ours by mark, of another instance (R-W5)
        self.conditional: set[str] = set()  # venue ids in the second order book, as it was last read
        self._text: dict[int, str] = {}
        self._venue: dict[int, str] = {}
        self._cl: dict[str, int] = {}  # by venue id
        self._narrow: dict[str, int] = {}  # by client text, where the text alone does not tell

    def new_text(self, cl_id: int) -> str:
        """The id under which a new order goes out."""
        text = text_of(Identity(self.epoch, self.round, cl_id), self.form)
        self._remember(self._text, cl_id, text)
        if self.form in NARROW_BITS:
            self._know(text, cl_id)
        return text

    def expect(self, cl_ids: Iterable[int]) -> None:
        """Orders of earlier runs, from the journal: where ids are narrow, only these are known as ours."""
        for cl_id in cl_ids:
            self.new_text(cl_id)

    def text(self, cl_id: int) -> str:
        """The wire text of an order of ours."""
        return self._text.get(cl_id) or text_of(Identity(self.epoch, self.round, cl_id), self.form)

    def venue_id(self, cl_id: int) -> str | None:
        return self._venue.get(cl_id)

    def learn(self, client: str, venue: str | None) -> tuple[int, int]:
        """(our client id, venue id as number) of an order as the venue names it; 0 = not ours, or not told."""
        cl_id = self._read(client)
        number = id_number(venue) if venue else 0
        if cl_id == 0:
            return (self._cl.get(venue, 0) if venue else 0), number
        self._remember(self._text, cl_id, client)
        if venue:
            self._remember(self._venue, cl_id, venue)
            if len(self._cl) >= KEPT:
                self._cl.pop(next(iter(self._cl)))
            self._cl[venue] = cl_id
        return cl_id, number

    def _read(self, client: str) -> int:
        """Our client id that a text stands for, 0 = none."""
        if self.form in NARROW_BITS:
            cl_id = self._narrow.get(client, 0)
            if cl_id:
                self._know(client, cl_id)  # seen alive: the last to be forgotten
            return cl_id
        identity = read_text(client)
        if identity is None:
            return 0
        if identity.epoch != self.epoch:
            self.others.add((identity.epoch, identity.cl_id))
        return identity.cl_id

    def _know(self, text: str, cl_id: int) -> None:
        self._narrow.pop(text, None)
        if len(self._narrow) >= KEPT_NARROW:
            self._narrow.pop(next(iter(self._narrow)))
        self._narrow[text] = cl_id

    def known(self, venue: str | None) -> int:
        """Our client id of a venue id that was seen before, 0 = none."""
        return self._cl.get(venue, 0) if venue else 0

    @staticmethod
    def _remember(where: dict[int, str], key: int, text: str) -> None:
        if key not in where and len(where) >= KEPT:
            where.pop(next(iter(where)))
        where[key] = text
