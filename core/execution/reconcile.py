"""Comparison of our ledger with what the venue lists, at start and while trading: differences and how they heal.

Pure: it reads a ledger and replies, and returns what to do. A report that is missing is not "flat"; foreign orders are
listed and never touched; three rounds that do not converge ask for a halt. Source: RELIABILITY.md R-O1, O4, O5, B1, B4.
"""

from __future__ import annotations

import msgspec
import numpy as np

from core.domain.events import OpenOrder, ReadReply
from core.domain.lateness import LAG_NS
from core.domain.order import (
    CANCELED,
    FILLED,
    FREE,
    LIVE,
    PENDING_CANCEL,
    RESTING_REJECT,
    UNKNOWN,
    Ledger,
    Report,
)
from core.domain.units import FAR
from core.execution.absence import ARRIVES_NS, IDLE_NS, Absences
from core.execution.fills import is_seen
from core.execution.slots import find

ROUNDS_TO_HALT = 3
PATIENCE_NS = dict.fromkeys(("size", "found", "gone"), 2 * LAG_NS)  # believed after L: converged by then


class Difference(msgspec.Struct, frozen=True):
    """One thing on which venue and ledger disagree, and the remedy.

    what: missed_fill | found | gone | unknown_absent | adopt | size | foreign_order | position. heal: apply | resolve |
    adopt | read | none.
    """

    what: str
    heal: str
    cl_id: int = 0
    venue_id: int = 0
    ours: int = 0
    theirs: int = 0


class Comparison(msgspec.Struct, frozen=True):
    """Result of one round. `reports` go to `apply_reports`; `resolve` to `resolve_absent`; `halt` latches."""

    ok: bool
    differences: tuple[Difference, ...]
    reports: tuple[Report, ...] = ()
    found: tuple[tuple[int, int, int, int], ...] = ()  # cl_id, venue_id, px, left for `resolve_found`
    adopt: tuple[tuple[int, int, int, int, int, int], ...] = ()  # arguments of `adopt_order` without `now`
    resolve: tuple[int, ...] = ()
    halt: bool = False
    why: str = ""


class Reconciler:
    """State between rounds for one instrument: who was absent before, and how often it did not converge."""

    def __init__(self, instrument: int) -> None:
        self.instrument = instrument
        self.rounds_open = 0
        self._ages: dict[tuple[str, int, int], int] = {}  # difference -> rounds in a row that have shown it
        self._since: dict[tuple[str, int, int], int] = {}  # difference -> time of the first of them
        self.absences = Absences()
        self._asked = 0  # when the newest round was

    def word_at(self, ledger: Ledger) -> int:
        """When a read can next say something of an order in doubt, ns; FAR where there is none."""
        slots = np.flatnonzero((ledger.array("state") == UNKNOWN) | (ledger.array("state") == LIVE))
        return min((self.absences.due(ledger.s, i, self._asked) for i in map(int, slots)), default=FAR)

    def compare(
        self,
        ledger: Ledger,
        orders: ReadReply | None,
        positions: ReadReply | None,
        trades: ReadReply | None,
        now: int,
        foreign_lots: int = 0,
        strict: bool = True,
        asked: int = 0,
    ) -> Comparison:
        """One round. None or an errored reply is "not told": the round is not ok and nothing is concluded from it.
        `asked`: when, ns; what a list says is of no later moment. 0 = its own date.

        While trading (not `strict`) reports overtake reads, so a difference counts from the second round that shows
        it; at start every one counts.
        """
        missing = [
            f"{name} ({reply.error})" if reply is not None else name
            for name, reply in (("orders", orders), ("positions", positions), ("trades", trades))
            if reply is None or reply.error
        ]
        self._asked = asked or now
        mine = orders.orders if orders is not None and not orders.error else ()
        listed = {order.cl_id for order in mine if order.instrument == self.instrument}
        self.absences.shown(listed)
        if missing or orders is None or positions is None or trades is None:
            return Comparison(False, (), why=f"not told: {', '.join(missing)}")
        missed = self._missed(ledger, trades)
        moved = self._position(ledger, positions, missed, foreign_lots)
        found, adopt, differences = self._listed(ledger, orders, missed, bool(moved), now)
        differences += [Difference("missed_fill", "apply", f.cl_id, f.venue_id, 0, f.qty) for f in missed]
        gone, resolve, absent = self._absent_orders(
            ledger, orders.ts, listed, now, orders.proof and trades.proof, min(orders.ts, trades.ts, asked or now)
        )
        differences += absent
        differences += moved
        if moved:  # a fill that the trades do not show may be in it: nothing is held to be absent
            gone, resolve = (), ()
        open_ = self._open(differences, strict, now)
        if not strict:
            named = {d.cl_id for d in open_ if d.what == "adopt"}
            adopt = tuple(order for order in adopt if order[0] in named)
        halt = self.rounds_open >= ROUNDS_TO_HALT
        why = f"{ROUNDS_TO_HALT} rounds did not converge: {open_[0].what}" if halt else ""
        return Comparison(not open_, tuple(differences), tuple(missed) + gone, found, adopt, resolve, halt, why)

    def _open(self, differences: list[Difference], strict: bool, now: int) -> list[Difference]:
        """What still stands between us and the venue; counts for how many rounds each difference has stood."""
        ages: dict[tuple[str, int, int], int] = {}
        open_ = []
        for d in differences:
            if d.what == "foreign_order" or (d.what == "missed_fill" and not strict):
                continue
            key = (d.what, d.cl_id, d.theirs - d.ours)
            ages[key] = self._ages.get(key, 0) + 1
            if strict or ages[key] > 1:
                open_.append(d)
        self._ages = ages
        self._since = {key: self._since.get(key, now) for key in ages}
        # an UNKNOWN that no read lists waits for its proof (RELIABILITY 2.3); its bound is a minute, not three rounds.
        # Rounds that follow each other within what a venue's reads may lag (L) are one word, not three
        self.rounds_open = max(
            (
                age if now - self._since[key] > PATIENCE_NS.get(key[0], LAG_NS) else min(age, ROUNDS_TO_HALT - 1)
                for key, age in ages.items()
                if key[0] != "unknown_absent"
            ),
            default=0,
        )
        return open_

    def _missed(self, ledger: Ledger, trades: ReadReply) -> list[Report]:
        """Fills of ours that the ledger has not counted, in exchange order; each trade id once."""
        mine = {
            t.trade_id: t
            for t in trades.trades
            if t.instrument == self.instrument and t.kind == FILLED and t.cl_id > 0 and t.trade_id > 0
        }
        return sorted((t for t in mine.values() if not is_seen(ledger.s, t.trade_id)), key=lambda t: (t.ts, t.trade_id))

    def _listed(
        self, ledger: Ledger, orders: ReadReply, missed: list[Report], moved: bool, now: int
    ) -> tuple[
        tuple[tuple[int, int, int, int], ...], tuple[tuple[int, int, int, int, int, int], ...], list[Difference]
    ]:
        """A smaller size is believed with the fills that explain it, which are `missed` here, or once none can come any
        more (L) and the position has not `moved`: a fill that comes after it would be subtracted twice."""
        o = ledger.s

        def believed(what: str, order: OpenOrder, ours: int) -> bool:
            told = sum(fill.qty for fill in missed if fill.cl_id == order.cl_id)
            return told >= ours - order.left or (not moved and self._stood(what, order, ours, now))

        found: list[tuple[int, int, int, int]] = []
        adopt: list[tuple[int, int, int, int, int, int]] = []
        differences: list[Difference] = []
        for order in orders.orders:
            if order.instrument != self.instrument:
                continue
            if order.cl_id == 0:
                differences.append(Difference("foreign_order", "none", 0, order.venue_id, 0, order.left))
                continue
            i = find(o, order.cl_id)
            if i < 0 or (o.state[i] in (FREE, RESTING_REJECT) and o.left[i] == 0):
                adopt.append((order.cl_id, order.venue_id, order.side, order.px, order.left, order.flags))
                differences.append(Difference("adopt", "adopt", order.cl_id, order.venue_id, 0, order.left))
            elif o.state[i] in (UNKNOWN, FREE):
                smaller = order.left < o.left[i]
                waits = smaller and now - o.ts_sent[i] <= ARRIVES_NS  # an amend to more may still arrive
                if not waits and (not smaller or believed("found", order, o.left[i])):
                    found.append((order.cl_id, order.venue_id, order.px, order.left))
                differences.append(Difference("found", "resolve", order.cl_id, order.venue_id, o.left[i], order.left))
            elif o.state[i] == LIVE and o.left[i] != order.left:
                idle = now - max(o.ts_sent[i], o.ts_ack[i]) > IDLE_NS
                heal = "read"
                if idle and (order.left > o.left[i] or believed("size", order, o.left[i])):
                    found.append((order.cl_id, order.venue_id, order.px, order.left))
                    heal = "resolve"
                differences.append(Difference("size", heal, order.cl_id, order.venue_id, o.left[i], order.left))
        return tuple(found), tuple(adopt), differences

    def _stood(self, what: str, order: OpenOrder, ours: int, now: int) -> bool:
        """Rounds have shown the same difference for longer than lists lag: a fill that explains it would be told."""
        return now - self._since.get((what, order.cl_id, order.left - ours), now) > LAG_NS

    def _absent_orders(
        self, ledger: Ledger, told_at: int, listed: set[int], now: int, proof: bool, asked: int
    ) -> tuple[tuple[Report, ...], tuple[int, ...], list[Difference]]:
        """An UNKNOWN that is proven to be gone may be resolved (the ledger still checks R + skew + L), an idle live
        order is closed as cancelled; a fill that explains it is counted whenever it comes."""
        o = ledger.s
        gone: list[Report] = []
        resolve: list[int] = []
        differences: list[Difference] = []
        states = ledger.array("state")
        slots = [int(i) for i in np.flatnonzero((states == UNKNOWN) | (states == LIVE) | (states == PENDING_CANCEL))]
        self.absences.keep({int(o.cl_id[i]) for i in slots})
        for i in slots:
            cl_id = o.cl_id[i]
            if cl_id in listed or told_at <= o.ts_sent[i]:
                continue
            proven = self.absences.proven(o, i, asked, now, proof)
            heal = "resolve" if proven else "read"
            if o.state[i] == UNKNOWN:
                differences.append(Difference("unknown_absent", heal, cl_id, 0, o.left[i], 0))
                if proven:
                    resolve.append(cl_id)
            elif now - max(o.ts_sent[i], o.ts_ack[i]) > IDLE_NS:
                differences.append(Difference("gone", heal, cl_id, o.venue_id[i], o.left[i], 0))
                if proven:
                    gone.append(Report(self.instrument, CANCELED, told_at, cl_id, o.venue_id[i], o.side[i]))
        return tuple(gone), tuple(resolve), differences

    def _position(
        self, ledger: Ledger, positions: ReadReply, missed: list[Report], foreign_lots: int
    ) -> list[Difference]:
        """The venue's position less what is foreign against ours with the missed fills applied."""
        theirs = sum(p.pos for p in positions.positions if p.instrument == self.instrument) - foreign_lots
        ours = ledger.s.pos + sum(f.qty if f.side == 0 else -f.qty for f in missed)
        return [] if theirs == ours else [Difference("position", "read", 0, 0, ours, theirs)]
