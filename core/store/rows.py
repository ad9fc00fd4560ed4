"""A step as rows of the store: which statement, which values. Pure; both writers use it, so they cannot differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from core.domain.commands import AnyCommand
from core.domain.events import Asked, Configured, Step
from core.domain.reasons import name_of
from core.domain.snapshot import AlertRow
from core.kpi.books import Books
from core.kpi.measures import Measures
from core.kpi.orders import Fill, Order

Row = tuple[str, tuple[Any, ...]]
SIDES = ("BUY", "SELL")


def _into(table: str, names: str, conflict: str = "OR IGNORE") -> str:
    columns = names.split()
    return f"INSERT {conflict} INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


ORDER = _into(
    "orders",
    "session cl_id venue account symbol strategy side px qty filled key flags state code ts_sent ts_acked ts_ended",
    "OR REPLACE",
)
FILL = _into("fills", "venue account symbol trade_id cl_id session strategy ts side px qty fee maker why slippage_bps")
REJECT = _into("rejects", "session seq n ts origin strategy symbol cl_id kind side px qty code reason value bound")
ROUND = _into(
    "rounds",
    "number started ended mode verdict net price fees funding fills report journal config_sha256",
    "OR REPLACE",
)
BALANCE = _into("balances", "session ts equity net transfers")
ALERT = _into("alerts", "session number ts level code text strategy acked times", "OR REPLACE")
SIGNAL = _into("signals", "session seq ts network strategy symbol action reason")
AUDIT = _into("audit", "session seq n ts who entity action detail")
DAILY = (
    "INSERT INTO daily_stats (day, network, symbol, base_symbol, counter, n) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET n = excluded.n"
)


def grouped(rows: Iterable[Row]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by statement, their order kept within each: one `executemany` each."""
    out: dict[str, list[tuple[Any, ...]]] = {}
    for sql, values in rows:
        out.setdefault(sql, []).append(values)
    return out


class Rows:
    """`session` names the process run (its journals); `account` is the operator's name of the venue account."""

    def __init__(self, books: Books, measures: Measures, session: str, account: str) -> None:
        self.books, self.measures, self.session, self.account = books, measures, session, account

    def of(self, step: Step) -> list[Row]:
        """Rows of one step; call after `measures.take(step)`. Empty for market data alone."""
        measures, rows = self.measures, []
        for order in (*measures.placed, *measures.ended):
            rows.append((ORDER, self._order(order)))
        for fill in measures.fills:
            rows.append((FILL, self._fill(fill)))
            if (live := measures.orders.get(fill.cl_id)) is not None:
                rows.append((ORDER, self._order(live)))
        n = 0
        for refusal in step.refused:
            r = refusal.request
            rows.append((REJECT, (
                self.session, step.seq, n, step.moment.ts, "gate", self._name(r.strategy), self._symbol(r.instrument),
                r.cl_id, r.kind, SIDES[r.side], r.px, r.qty, refusal.code, name_of(refusal.code), refusal.value,
                refusal.limit,
            )))  # fmt: skip
            n += 1
        for ended in measures.ended:
            if ended.state in ("rejected", "refused"):
                origin = "venue" if ended.state == "rejected" else "wire"
                rows.append((REJECT, (
                    self.session, step.seq, n, step.moment.ts, origin, self._name(ended.strategy),
                    self._symbol(ended.instrument), ended.cl_id, 1, SIDES[ended.side], ended.px, ended.qty, ended.code,
                    name_of(ended.code), 0, 0,
                )))  # fmt: skip
                n += 1
        for event in step.moment.inputs:
            if isinstance(event, Asked):
                rows.append((AUDIT, self._audit(step, n, event.command)))
                n += 1
            elif isinstance(event, Configured):
                detail = msgspec.json.encode(event.values).decode()
                who, entity = "config", self._name(event.strategy)
                rows.append((AUDIT, (self.session, step.seq, n, step.moment.ts, who, entity, "configured", detail)))
                n += 1
        for note in step.notes:
            if note.level != "info":
                entity = self._name(note.strategy) if note.strategy >= 0 else "core"
                rows.append((AUDIT, (self.session, step.seq, n, step.moment.ts, "core", entity, note.code, note.text)))
                n += 1
        return rows

    def alert(self, alert: AlertRow, times: int) -> Row:
        return ALERT, (
            self.session, alert.number, alert.ts, alert.level, alert.code, alert.text, alert.strategy, int(alert.acked),
            times,
        )  # fmt: skip

    def balance(self, ts: int, equity: int, net: int) -> Row:
        return BALANCE, (self.session, ts, equity, net, self.measures.transfers)

    def _name(self, strategy: int) -> str:
        return next((self.books.name(i) for i in range(self.books.count) if self.books.strategy(i) == strategy), "?")

    def _symbol(self, place: int) -> str:
        found = (self.books.instrument(i).symbol for i in range(self.books.count) if self.books.place(i) == place)
        return next(found, "?")

    def _order(self, o: Order) -> tuple[Any, ...]:
        instrument = self.books.instrument(o.i)
        return (
            self.session, o.cl_id, instrument.venue, self.account, instrument.symbol, self.books.name(o.i),
            SIDES[o.side], o.px, o.qty, o.filled, o.key, o.flags, o.state, o.code, o.sent, o.acked, o.ended,
        )  # fmt: skip

    def _fill(self, f: Fill) -> tuple[Any, ...]:
        instrument = self.books.instrument(f.i)
        return (
            instrument.venue, self.account, instrument.symbol, f.trade_id, f.cl_id, self.session, self.books.name(f.i),
            f.ts, SIDES[f.side], f.px, f.qty, f.fee, int(f.maker), f.why, f.slippage_bps,
        )  # fmt: skip

    def _audit(self, step: Step, n: int, command: AnyCommand) -> tuple[Any, ...]:
        detail = msgspec.json.encode(command).decode()
        name = type(command).__name__.lower()
        return self.session, step.seq, n, step.moment.ts, command.who or "local", "command", name, detail
