"""What is heard of the market: messages and uptime of each instrument's stream, feed latency, mids for the markouts.

Part of `Measures`; the dearest line of its budget, so views are read through memory, not through fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.kpi.books import Books
from core.kpi.connectivity import Stream
from core.kpi.latency import Latencies
from core.kpi.markout import Markouts


class Heard:
    """`of_place`: the ledgers of each instrument number; `markouts` by ledger."""

    def __init__(
        self,
        books: Books,
        of_place: Mapping[int, list[int]],
        markouts: Sequence[Markouts],
        latency: Latencies,
        now: int,
    ) -> None:
        self.books, self.latency, self._of_place = books, latency, of_place
        self.streams = {place: Stream(now) for place in of_place}
        self._feed = latency.feed
        self._eyes = {
            place: self._eye(place, indices[0], [markouts[i] for i in indices]) for place, indices in of_place.items()
        }

    def _eye(self, place: int, i: int, markouts: list[Markouts]) -> tuple[Any, ...]:
        """Views of one instrument's memory, for the path of a step: a third of the price of reading fields."""
        view = self.books.view(i)
        columns = (memoryview(view.a[name].data) for name in ("book_ok", "ts_recv", "ts_exch"))
        return (self.streams[place], memoryview(view.array("px").data), *columns, markouts)

    def rows(self, place: int, ts: int, rows: int) -> None:
        """So many rows of the instrument are in the view now."""
        eyes = self._eyes.get(place)
        if eyes is None:
            return
        stream, px, book_ok, ts_recv, ts_exch, markouts = eyes
        stream.messages += rows
        self._feed.record(ts_recv[0] - ts_exch[0])
        ok = book_ok[0]
        if ok and not stream.uptime.up:
            stream.link(ts, True, "")
        bid, ask = px[0, 0], px[1, 0]
        mid2 = bid + ask if bid and ask and ok else 0
        for markout in markouts:
            markout.mid(ts, mid2)

    def link(self, place: int, ts: int, up: bool, why: str) -> None:
        """The venue's driver says so."""
        if place in self.streams:
            self.streams[place].link(ts, up, why)

    def second(self) -> None:
        """Gaps as the views count them."""
        for place, stream in self.streams.items():
            view = self.books.view(self._of_place[place][0]).s
            stream.gaps, stream.lost = view.n_gaps, view.n_lost

    def new_round(self, now: int) -> None:
        """After `Latencies.new_round`."""
        self._feed = self.latency.feed
        for stream in self.streams.values():
            stream.new_round(now)
