"""Spread & state: one pair whole. Spread with its bands, state, both legs, gate, funding window, its money by source.
Without a pair the market maker: mid and quotes, what its price and width are made of, the ladder of its orders.

Several pairs: up and down choose; until then the one that the Overview shows. < and > choose the chart's window.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container

from core.domain.history_page import HistoryPage
from core.domain.pair_picture import PairRow
from core.domain.questions import Page, SpreadHistory
from screens import format as fmt
from screens import pair as words
from screens.actions import SPREAD
from screens.base import bindings
from screens.paged import Paged
from screens.panes import orders, pair_funding, pair_gate, pair_legs, pair_money, pair_state, spread_bands, state
from screens.panes.spread_history import POINTS, WINDOWS, every_ns
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Draw, Drawn, Pane

DrawPair = Callable[[View, PairRow, int, int], Drawn]
NO_PAIR = Drawn([Line(("no pair in this core", "dim"))])


class Spread(Paged):
    """Full at 120x36 and up; chart, legs and state below that; the safe strip below 80x24."""

    scope = SPREAD
    BINDINGS = bindings(SPREAD)

    chosen = ""  # name of the pair; empty = the featured one
    window = 0  # which of WINDOWS
    page: HistoryPage | None = None  # the newest that came

    def question(self) -> SpreadHistory | None:
        """The window of the pair that is shown; our quotes where the core has no pair."""
        if self.view is None or self.view.snapshot is None:
            return None
        pairs = self.view.snapshot.pairs
        self.every_ns = every_ns(WINDOWS[self.window][1])
        pair = pairs[self.at(self.view)].name if pairs else ""
        return SpreadHistory(window_s=WINDOWS[self.window][1], pair=pair, most=POINTS)

    def take(self, page: Page) -> None:
        if isinstance(page, HistoryPage) and page.window_s == WINDOWS[self.window][1] and (page.ts or self.window):
            self.page = page

    def zoom_chart(self) -> None:
        """The chart alone, or all panes again."""
        self.toggle_class("-alone")
        self.call_after_refresh(self._again)

    def unzoom(self) -> bool:
        """Back to all panes; False when the chart was not alone."""
        if not self.has_class("-alone"):
            return False
        self.zoom_chart()
        return True

    def widen(self, by: int) -> None:
        """The next longer window, or the next shorter; stays at the ends."""
        at = min(max(self.window + by, 0), len(WINDOWS) - 1)
        if at == self.window:
            return
        self.window = at
        self._forget()
        self._named()
        if self.view is not None:
            self.show(self.view)

    def _forget(self) -> None:
        """What is drawn until the page comes: the short chart of the picture, or that a longer one is asked for."""
        self.page = HistoryPage(window_s=WINDOWS[self.window][1]) if self.window else None
        self.again_at_once()

    def _named(self) -> None:
        """Titles as what the panes show: a pair, or the market maker where there is none."""
        maker = self.has_class("-maker")
        names = ("Quotes", "Market maker", "Ladder") if maker else ("Spread", "State", "Legs")
        for pane, name in zip(("chart", "state", "legs"), names):
            window = f" {WINDOWS[self.window][0]}" if pane == "chart" else ""
            self.query_one(f"#pane-pair-{pane}", Pane).title = name + window

    def on_mount(self) -> None:
        self._named()

    def body(self) -> ComposeResult:
        panes: tuple[tuple[str, str, Draw, bool], ...] = (
            ("pair-chart", "Spread & bands", self._chart, True),
            ("pair-state", "State", self._state, False),
            ("pair-legs", "Legs", self._legs, False),
            ("pair-gate", "Gate", self._of(pair_gate.draw), True),
            ("pair-funding", "Funding window", self._of(pair_funding.draw), True),
            ("pair-list", "Pairs", self._list, True),
            ("pair-money", "PnL by source, this round", self._of(pair_money.draw), True),
        )
        with Container(id="pairs"):
            for name, title, draw, table in panes:
                pane = Pane(name, title, draw, table=table)
                pane.can_focus = False
                yield pane

    def show_body(self, view: View, tables: bool) -> None:
        self.set_class(self._asks(view), "-asks")
        maker = view.snapshot is not None and not view.snapshot.pairs
        if maker != self.has_class("-maker"):
            self.set_class(maker, "-maker")
            self._named()
            self.call_after_refresh(self._again)
        for pane in self.query(Pane):
            if tables or not pane.table:
                pane.show(view)  # a hidden one keeps the view for the moment in which it is shown

    def move(self, by: int) -> None:
        """The next pair, or the one before; stays at the ends."""
        pairs = self.view.snapshot.pairs if self.view is not None and self.view.snapshot is not None else ()
        if pairs and self.view is not None:
            at = min(max(self.at(self.view) + by, 0), len(pairs) - 1)
            self.chosen = pairs[at].name
            self._forget()
            self.show(self.view)

    def at(self, view: View) -> int:
        """Index of the pair that is shown."""
        pairs = view.snapshot.pairs if view.snapshot is not None else ()
        found = next((at for at, pair in enumerate(pairs) if pair.name == self.chosen), None)
        return words.featured(pairs) if found is None else found

    def _asks(self, view: View) -> bool:
        """Nothing is held or at work: where there is no room for both, the gate is shown instead of the legs."""
        pairs = view.snapshot.pairs if view.snapshot is not None else ()
        pair = pairs[self.at(view)] if pairs else None
        return pair is not None and pair.state == words.S0 and not (
            pair.busy or pair.stuck or any(leg.size or leg.orders for leg in pair.legs)
        )  # fmt: skip

    def _shown(self, pane: str) -> bool:
        return bool(self.query_one(f"#pane-{pane}", Pane).display)

    # --- panes --------------------------------------------------------------------------------------------------------
    def _of(self, draw: DrawPair) -> Draw:
        def drawn(view: View, width: int, height: int) -> Drawn:
            pairs = view.snapshot.pairs if view.snapshot is not None else ()
            return draw(view, pairs[self.at(view)], width, height) if pairs else NO_PAIR

        return drawn

    def _chart(self, view: View, width: int, height: int) -> Drawn:
        if view.snapshot is not None and view.snapshot.pairs:
            return self._said(spread_bands.of_pair(view, self.at(view), width, height, self.page))
        return self._said(spread_bands.quotes(view, width, height, self.page))

    def _said(self, drawn: Drawn) -> Drawn:
        """A longer window that cannot be had says why."""
        if self.trouble and self.page is not None and not self.page.until:
            drawn.rows[:1] = [Line((f"no history: {self.trouble}", "warn"))]
        return drawn

    def _state(self, view: View, width: int, height: int) -> Drawn:
        """In the reduced form also the funding window in a row: its own pane is not shown."""
        snap = view.snapshot
        if snap is None or not snap.pairs:
            return state.draw(view, width, height)
        pair = snap.pairs[self.at(view)]
        reduced = not self._shown("pair-funding")
        rows = pair_state.block(view, pair, width, height - reduced, legs=False, gate=not self._shown("pair-gate"))
        if reduced:
            rows.append(pair_funding.row(view, pair, width))
        rows += pair_state.history(view, pair, width, height - len(rows))
        return pair_state.drawn(view, pair, rows, words.which(snap.pairs, self.at(view)))

    def _legs(self, view: View, width: int, height: int) -> Drawn:
        """In the reduced form also the money in a row: its own pane is not shown."""
        pairs = view.snapshot.pairs if view.snapshot is not None else ()
        if not pairs:
            return orders.draw(view, width, height)
        return pair_legs.draw(view, pairs[self.at(view)], width, height, money=not self._shown("pair-money"))

    def _list(self, view: View, width: int, height: int) -> Drawn:
        pairs = view.snapshot.pairs if view.snapshot is not None else ()
        at = self.at(view)
        first = max(min(at - height // 2, len(pairs) - height), 0)
        lines = []
        for n, pair in enumerate(pairs[first : first + height], first):
            line = Line((view.theme.sign("arrow")[-1] + " " if n == at else "  ", "key"))
            line.add(fmt.shorten(pair.name, max(width - 30, 8)), "value" if n == at else "text")
            line.add(f"  S{pair.state} {pair.state_name}", "value")
            line.add("" if pair.cell.startswith("S") else f"  {pair.cell}", "text")
            line.add("  STUCK" if pair.stuck else "  at work" if pair.busy else "", "crit" if pair.stuck else "warn")
            z = words.aged(view, pair, fmt.number(pair.z, 1, True))
            lines.append(line.right(Line(("z ", "label"), (z, "text")), width))
        return Drawn(lines or NO_PAIR.rows, f"{len(pairs)}")
