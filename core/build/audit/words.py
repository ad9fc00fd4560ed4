"""A recorded step in words: one row for the list, and line by line what came in, what was decided, what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.domain import order as o
from core.domain.audit import Line
from core.domain.events import (
    W_BBO,
    W_ERROR,
    W_FUNDING,
    W_MID,
    W_TRADE,
    Asked,
    Configured,
    Due,
    Health,
    Input,
    Link,
    Moment,
    ReadReply,
    Relisted,
    RequestRefused,
    Started,
    Step,
)  # fmt: skip
from core.domain.instrument import Instrument
from core.domain.reasons import name_of
from core.domain.units import MONEY
from core.engine.journal import Frame
from core.telemetry.rows import key_name

MARK = "\t"  # between the parts of a packed row
MOST_LINES = 400
VERBS = {o.CREATE: "create", o.CANCEL: "cancel", o.AMEND: "amend"}
REPORTS = {
    o.ACCEPTED: "ack", o.REJECTED: "rejected", o.CANCELED: "cancelled", o.FILLED: "fill", o.AMENDED: "amended",
    o.CANCEL_REJECTED: "cancel rejected", o.AMEND_REJECTED: "amend rejected", o.EXPIRED: "expired", o.LOST: "lost",
    o.FUNDED: "funding", o.LIQUIDATED: "liquidated", o.DELEVERAGED: "deleveraged", o.TRANSFERRED: "transfer",
}  # fmt: skip
WAKES = ((W_TRADE, "trade"), (W_BBO, "quote"), (W_MID, "price"), (W_FUNDING, "funding"), (W_ERROR, "feed error"))
TIFS = {o.POST_ONLY: "post-only", o.IOC: "IOC", o.FOK: "FOK"}
# the kind of a row is the first of these that the step has
RANK = (
    "command", "liquidated", "deleveraged", "fill", "rejected", "lost", "expired", "refused", "not sent", "create",
    "amend", "cancel", "cancel rejected", "amend rejected", "cancelled", "amended", "ack", "funding", "transfer",
    "link", "config", "start", "read", "reply", "health", "timer",
)  # fmt: skip
_PLACE = {kind: n for n, kind in enumerate(RANK)}


def command_name(event: Asked) -> str:
    return type(event.command).__name__.lower()


def input_kind(event: Input) -> str:
    """One word for an input."""
    if isinstance(event, Asked):
        return "command"
    kinds = {
        ReadReply: "reply", RequestRefused: "not sent", Configured: "config", Started: "start", Due: "timer",
        Link: "link", Health: "health", Relisted: "terms",
    }  # fmt: skip
    return kinds[type(event)]


def wake_of(moment: Moment) -> str:
    """Why the engine woke where nothing else says so."""
    return next((word for bit, word in WAKES if moment.why & bit), "wake")


class Words:
    """For the instruments of one journal."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self.instruments = instruments
        self._several = len(instruments) > 1

    def row(self, frame: Frame) -> str:
        """kind, order ids, text: packed with MARK between them, so that a filter looks into all of it."""
        moment = frame.moment
        if not (moment.reports or moment.inputs or frame.requests or frame.refused or frame.reads):
            return f"{wake_of(moment)}{MARK}{MARK}"
        kinds: Counter[str] = Counter()
        ids: dict[int, None] = {}
        told: list[str] = []
        for report in moment.reports:
            kind = REPORTS.get(report.kind, "report")
            kinds[kind] += 1
            if report.cl_id:
                ids[report.cl_id] = None
            if report.kind in (o.FILLED, o.LIQUIDATED, o.DELEVERAGED):
                told.append(f"{kind} {self._order(report.instrument, report.side, report.qty, report.px)}")
            elif report.kind in (o.REJECTED, o.AMEND_REJECTED, o.CANCEL_REJECTED):
                told.append(f"{kind} {name_of(report.code)}")
        quiet = not (moment.reports or frame.requests or frame.refused or frame.reads)
        for event in moment.inputs:
            kinds[input_kind(event)] += 1
            if quiet or not isinstance(event, Due):
                told += self._told(event, ids)
        for request in frame.requests:
            kinds[VERBS.get(request.kind, "request")] += 1
            ids[request.cl_id] = None
        for refusal in frame.refused:
            kinds["refused"] += 1
            ids[refusal.request.cl_id] = None
        if frame.reads:
            kinds["read"] += len(frame.reads)
            told.append("read " + ", ".join(dict.fromkeys(read.what for read in frame.reads)))
        if frame.refused:
            why = Counter(name_of(refusal.code) for refusal in frame.refused)
            told.append("refused " + ", ".join(f"{n} {reason}" for reason, n in why.items()))
        first = min(kinds, key=lambda kind: _PLACE.get(kind, len(_PLACE)))
        said = {word.split(" ")[0] for word in told}
        told += [f"{n} {kind}" for kind, n in kinds.items() if kind.split(" ")[0] not in said and self._counts(kind, n)]
        if len(frame.requests) == 1:
            r = frame.requests[0]
            if r.kind != o.CANCEL:
                told.append(f"{self._order(r.instrument, r.side, r.qty, r.px)} {key_name(r.key)}")
        return f"{first}{MARK}{' '.join(f'{i:x}' for i in ids)}{MARK}{'; '.join(told)}"

    @staticmethod
    def _counts(kind: str, n: int) -> bool:
        """Whether a bare count says anything."""
        return n > 1 or kind in ("create", "amend", "cancel", "ack", "cancelled", "amended")

    def _told(self, event: Input, ids: dict[int, None]) -> list[str]:
        if isinstance(event, Asked):
            return [f"command {command_name(event)}" + (f" by {event.command.who}" if event.command.who else "")]
        if isinstance(event, RequestRefused):
            ids[event.cl_id] = None
            return [f"not sent: {name_of(event.code)}"]
        if isinstance(event, ReadReply):
            return [f"reply {event.what}" + (f": {event.error}" if event.error else "")]
        if isinstance(event, Link):
            return [f"link {'up' if event.up else 'down'} {event.why}".strip()]
        if isinstance(event, Relisted):
            return [f"terms {event.text}"]
        if isinstance(event, Due):
            return [f"timer {event.name.partition(':')[0]}"]
        if isinstance(event, Configured):
            return [f"config {event.sha256[:12]}"]
        return []

    def _order(self, instrument: int, side: int, lots: int, px: int) -> str:
        """BUY 0.012 @ 2500.10, with the symbol where there are several."""
        x = self.instruments[instrument]
        name = f"{x.symbol} at {x.venue} " if self._several else ""
        price = f" @ {x.price(px):.{x.price_digits}f}" if px else ""
        return f"{name}{'SELL' if side else 'BUY'} {x.size(lots):.{x.size_digits}f}{price}"

    def lines(self, step: Step) -> tuple[Line, ...]:
        """The whole step: what came in first, then what the engine did. At most MOST_LINES."""
        out = [*self._came(step.moment), *self._done(step)]
        if len(out) > MOST_LINES:
            out = [*out[: MOST_LINES - 1], Line("info", f"and {len(out) - MOST_LINES + 1} more")]
        return tuple(out)

    def _came(self, moment: Moment) -> list[Line]:
        out = []
        wakes = [word for bit, word in WAKES if moment.why & bit]
        rows = sum(piece.last - piece.first for piece in moment.slices)
        if wakes or rows:
            out.append(Line("in", f"{', '.join(wakes) or 'market'}: {rows} rows of market data"))
        for report in moment.reports:
            text = f"{REPORTS.get(report.kind, 'report')} {report.cl_id:x}" if report.cl_id else (
                REPORTS.get(report.kind, "report"))  # fmt: skip
            if report.qty:
                text += " " + self._order(report.instrument, report.side, report.qty, report.px)
            if report.kind == o.FILLED:
                text += f" {'maker' if report.maker else 'taker'}, fee {report.fee / MONEY:.6f}"
            if report.amount:
                text += f" {report.amount / MONEY:+.6f}"
            out.append(Line("in", text + (f": {name_of(report.code)}" if report.code else "")))
        for event in moment.inputs:
            told = self._told(event, {}) or [input_kind(event)]
            reason = getattr(event.command, "reason", "") if isinstance(event, Asked) else ""
            out.append(Line("in", told[0] + (f": {reason}" if reason else "")))
        return out

    def _done(self, step: Step) -> list[Line]:
        out = []
        for r in step.requests:
            out.append(Line("out", self._request(r)))
        for refusal in step.refused:
            why = f"{name_of(refusal.code)} (value {refusal.value:,}, limit {refusal.limit:,})"
            out.append(Line("refused", f"refused {self._request(refusal.request)}: {why}"))
        out += [Line("out", f"read {read.what}") for read in step.reads]
        out += [Line(note.level, f"{note.code}: {note.text}") for note in step.notes]
        out += [Line("info" if a.ok else "warn", f"answer: {a.text or ('ok' if a.ok else 'no')}") for a in step.answers]
        if not (step.requests or step.refused or step.reads):
            out.append(Line("out", "nothing was asked of a venue"))
        return out

    def _request(self, r: o.Request) -> str:
        text = f"{VERBS.get(r.kind, 'request')} {r.cl_id:x}"
        if r.kind == o.CANCEL:
            return text
        marks = [key_name(r.key), "market" if r.type == o.MARKET else TIFS.get(r.tif, "")]
        marks += ["reduce-only"] if r.flags & o.REDUCE_ONLY else []
        return f"{text} {self._order(r.instrument, r.side, r.qty, r.px)} {' '.join(m for m in marks if m)}"
