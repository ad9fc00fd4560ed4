"""The words of a core's emergency report out of its record: plain functions, run in the writer's thread.

An answer's hash is over its bytes as the journal has them, so that a replay can prove it; hashes of raw answers stand
in a table of their own where the core has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from core.build.stop_record import Answer, Facts
from core.clock import iso
from core.control.evidence_page import Asked, Page, Stays, StepTaken
from core.domain.events import Read, ReadReply
from core.domain.instrument import Instrument
from core.domain.order import CANCEL, MARKET, REDUCE_ONLY, STOP, Report, Request
from core.domain.reasons import name_of
from core.domain.units import MONEY
from core.execution.closing import ours_of

KINDS = {
    1: "accepted", 2: "rejected", 3: "canceled", 4: "filled", 5: "amended", 6: "cancel rejected", 7: "amend rejected",
    8: "expired", 9: "lost",
}  # fmt: skip
SIDES = ("BUY", "SELL")
REFERENCE = "the mark at the trigger"


def page_of(facts: Facts, places: Mapping[int, Instrument], head: Mapping[str, Any], before: str = "") -> Page:
    """The report of one stop. `places`: instruments by number; `head`: rows that the caller alone knows."""
    accounts = dict(zip(facts.progress, (outcome.venue for outcome in facts.outcomes), strict=True))
    stop: dict[str, Any] = {
        "verb": facts.verb, "reason": facts.reason, "scope": facts.scope, "trigger (core time)": exact(facts.begun),
        **head,
        "traded": ", ".join(f"{x.venue} {x.symbol}" for x in places.values()),
        "state": "done" if facts.finished else "under way",
    }  # fmt: skip
    if facts.dropped:
        stop["not listed here"] = f"{facts.dropped} later lines; the journal has them"
    return Page(
        started=facts.begun,
        code=facts.code,
        stop=stop,
        outcomes=facts.outcomes,
        steps=[StepTaken(_ms(facts, ts), step, text) for ts, step, text in facts.lines],
        answers=facts.raw,
        fills=facts.fills,
        asked=list(_asked(facts, places, accounts)),
        stays=list(_stays(facts, places, accounts)),
        reference=REFERENCE,
        before=before,
    )


def exact(ts: int) -> str:
    """UTC with milliseconds."""
    return f"{iso(ts)}.{ts // 1_000_000 % 1000:03d} UTC"


def _ms(facts: Facts, ts: int) -> float:
    return round((ts - facts.begun) / 1e6, 3)


def _asked(facts: Facts, places: Mapping[int, Instrument], accounts: Mapping[int, str]) -> Iterator[Asked]:
    for number, (ts, account, what) in enumerate(facts.asked):
        found = facts.answers.get(number, ())
        yield Asked(
            _ms(facts, ts), accounts.get(account, ""), _request(what, places),
            _ms(facts, found[0][0]) if found else None,
            "; ".join(_answer(answer, places) for _, answer in found[:8]) or "none", _digest(found),
        )  # fmt: skip


def _digest(found: Sequence[Answer]) -> str:
    if not found:
        return ""
    return sha256(b"".join(msgspec.msgpack.encode(answer) for _, answer in found)).hexdigest()


def _request(what: Request | Read, places: Mapping[int, Instrument]) -> str:
    if isinstance(what, Read):
        return f"read {what.what}"
    x = places[what.instrument]
    at = "market" if what.type == MARKET else f"@ {x.price(what.px):.10g}"
    name = f"id {what.cl_id}" if what.cl_id else f"venue id {what.venue_id}"
    verb = "cancel" if what.kind == CANCEL else "close"
    return f"{verb} {x.symbol} {SIDES[what.side]} {x.size(what.qty):g} {at} {name}"


def _answer(answer: ReadReply | Report, places: Mapping[int, Instrument]) -> str:
    if isinstance(answer, ReadReply):
        if answer.error:
            return f"error: {answer.error}"
        counted = answer.orders if answer.what == "orders" else answer.positions
        return f"{len(counted)} {answer.what}"
    text = KINDS.get(answer.kind, f"kind {answer.kind}")
    if answer.kind == 4:
        x = places[answer.instrument]
        text += f" {x.size(answer.qty):g} @ {x.price(answer.px):.10g}"
    return f"{text} ({name_of(answer.code)})" if answer.code else text


def _stays(facts: Facts, places: Mapping[int, Instrument], accounts: Mapping[int, str]) -> Iterator[Stays]:
    """Foreign things, stops and positions that a halt keeps, dust: as the stop's own last lists have it; in a halt,
    which reads no positions, as our ledger has them."""
    for account, venue in accounts.items():
        for order in _last(facts, account, "orders").orders:
            stop = order.flags & STOP and order.flags & REDUCE_ONLY
            if (order.cl_id == 0 and facts.scope != "account") or (stop and facts.verb == "halt"):
                x = places.get(order.instrument)
                what = f"{SIDES[order.side]} {_size(x, order.left)} @ {_price(x, order.px)}, venue id {order.venue_id}"
                yield Stays(venue, "stop kept" if order.cl_id else "foreign order", _symbol(x), what)
        dust = dict(facts.progress[account].dust)
        held = {one.instrument: one.pos for one in _last(facts, account, "positions").positions}
        foreign = {place: lots for place, _, lots in facts.left}
        for place, lots in held.items():
            x = places.get(place)
            if place in dust:
                yield Stays(venue, "dust", _symbol(x), _size(x, dust[place]))
            theirs = lots - (ours_of(lots, foreign.get(place, 0)) if x is not None else 0)
            if theirs and facts.scope != "account":
                yield Stays(venue, "foreign position", _symbol(x), _size(x, theirs))
        if facts.verb == "halt":
            yield from _kept(facts, places, venue)


def _kept(facts: Facts, places: Mapping[int, Instrument], venue: str) -> Iterator[Stays]:
    for place, lots, foreign in facts.left:
        x = places[place]
        if venue.split()[0] != x.venue:
            continue
        if lots:
            yield Stays(venue, "position kept", x.symbol, f"{_size(x, lots)}, as our ledger has it")
        if foreign:
            yield Stays(venue, "foreign position", x.symbol, f"{_size(x, foreign)}, as last reconciled")


def _last(facts: Facts, account: int, what: str) -> ReadReply:
    found = facts.listed.get((account, what), ())
    return found[-1] if found else ReadReply(what, 0, 0)


def _symbol(x: Instrument | None) -> str:
    return x.symbol if x is not None else "not ours"


def _size(x: Instrument | None, lots: int) -> str:
    return f"{x.size(lots):g}" if x is not None else f"{lots} lots"


def _price(x: Instrument | None, ticks: int) -> str:
    return f"{x.price(ticks):.10g}" if x is not None else f"{ticks} ticks"


def value_text(x: Instrument, lots: int, ticks: float) -> str:
    """What so many lots are worth, quote."""
    return f"{abs(lots) * ticks * x.unit / MONEY:.2f} {x.quote}"
