"""Spread & state: one pair whole. Spread with its bands, state, both legs, gate, funding window, its money by source.

Several pairs: up and down choose; until then the one that the Overview shows.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container

from core.domain.pair_picture import PairRow
from screens import format as fmt
from screens import pair as words
from screens.actions import SPREAD
from screens.base import ConsoleScreen, bindings
from screens.panes import pair_funding, pair_gate, pair_legs, pair_money, pair_state, spread_bands
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Draw, Drawn, Pane

DrawPair = Callable[[View, PairRow, int, int], Drawn]
NO_PAIR = Drawn([Line(("no pair in this core", "dim"))])


class Spread(ConsoleScreen):
    """Full at 120x36 and up; chart, legs and state below that; the safe strip below 80x24."""

    scope = SPREAD
    BINDINGS = bindings(SPREAD)

    chosen = ""  # name of the pair; empty = the featured one

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
        for pane in self.query(Pane):
            if tables or not pane.table:
                pane.show(view)  # a hidden one keeps the view for the moment in which it is shown

    def move(self, by: int) -> None:
        """The next pair, or the one before; stays at the ends."""
        pairs = self.view.snapshot.pairs if self.view is not None and self.view.snapshot is not None else ()
        if pairs and self.view is not None:
            at = min(max(self.at(self.view) + by, 0), len(pairs) - 1)
            self.chosen = pairs[at].name
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
            return spread_bands.of_pair(view, self.at(view), width, height)
        return spread_bands.quotes(view, width, height)

    def _state(self, view: View, width: int, height: int) -> Drawn:
        """In the reduced form also the funding window in a row: its own pane is not shown."""
        snap = view.snapshot
        if snap is None or not snap.pairs:
            return NO_PAIR
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
            return NO_PAIR
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
