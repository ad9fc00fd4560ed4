"""Limits of a running core: an operator may tighten one and take that back, never go beyond the configuration.

A tighter size limit pulls the quotes that were made under the old one; what comes next is made under the new one. The
next start has the configuration's limits again. A pair's sizes are not touched: a hedge that the gate refuses would
leave one leg alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from core.domain.commands import Answer, SetLimit
from core.domain.events import Note
from core.domain.instrument import Instrument
from core.domain.order import CANCEL, FREE, LIVE, REDUCE_ONLY, RESTING_REJECT, Ledger, Request
from core.domain.units import MONEY, NS_PER_S, lots_down
from core.engine.pair_seat import PairSeat

if TYPE_CHECKING:
    from core.engine.engine import Engine
    from core.engine.post import Post


AGAIN_NS = NS_PER_S


class Bound(NamedTuple):
    """A field of `Limits` that may be tightened. `sign` -1: written as a loss, held as a figure below zero."""

    field: str
    words: str
    sizes: bool = False  # lots, else money
    of_orders: bool = False
    sign: int = 1


BOUNDS = {
    "net": Bound("net_max", "net cap", sizes=True, of_orders=True),
    "single": Bound("single_max", "single order", sizes=True, of_orders=True),
    "value": Bound("max_value", "order value", of_orders=True),
    "stop": Bound("stop_loss", "round stop loss", sign=-1),
    "day": Bound("daily_max", "day loss"),
}


def tighten(engine: Engine, command: SetLimit, now: int) -> Answer:
    """Carry it out for every ledger of the symbol, or for none."""
    bound = BOUNDS.get(command.limit)
    if bound is None:
        return _no(command, f"Expected a limit of {', '.join(BOUNDS)}, was {command.limit or 'nothing'}")
    symbols = sorted({post.instrument.symbol for post in engine.posts})
    if not command.symbol and len(symbols) > 1 and bound.sizes:
        return _no(command, f"Expected a symbol behind the size ({', '.join(symbols)}), was none")
    posts = [post for post in engine.posts if command.symbol in ("", post.instrument.symbol)]
    if not posts:
        return _no(command, f"Expected a symbol of {', '.join(symbols)}, was {command.symbol}")
    if bound.of_orders and any(isinstance(engine.seats[post.seat], PairSeat) for post in posts):
        return _no(command, "Expected a limit of losses for a pair (stop, day): its sizes are the configuration's")
    wanted = []
    for post in posts:
        value, why = _value(post, bound, command.value)
        if why:
            return _no(command, why)
        wanted.append((post, value))
    for post, value in wanted:
        _set(engine, post, bound, value, command.who, now)
    return Answer(id=command.id, ok=True, text="; ".join(_said(post, bound) for post, _ in wanted))


def configured(post: Post, bound: Bound) -> int:
    """The configuration's figure, whatever is in force."""
    return int(post.tightened.get(bound.field, getattr(post.limits.s, bound.field)))


def _value(post: Post, bound: Bound, asked: float | None) -> tuple[int, str]:
    """(figure of the block, "") or (0, why not)."""
    most = configured(post, bound)
    if asked is None:
        return most, ""
    if not math.isfinite(asked) or asked == 0:
        return 0, f"Expected a figure above 0, was {asked:g}"
    x = post.instrument
    size = lots_down(abs(asked) / x.lot) if bound.sizes else round(abs(asked) * MONEY)
    if size < 1:
        return 0, f"Expected at least {_text(x, bound, 1)}, was {asked:g}"
    if size > abs(most):
        return 0, (
            f"Expected at most {_text(x, bound, most)} (the configuration's), was {asked:g}; a looser limit is a change"
            " of the configuration and a start"
        )
    return bound.sign * size, ""


def _set(engine: Engine, post: Post, bound: Bound, value: int, who: str, now: int) -> None:
    most, before = configured(post, bound), int(getattr(post.limits.s, bound.field))
    setattr(post.limits.s, bound.field, value)
    post.tightened.pop(bound.field, None)
    if value != most:
        post.tightened[bound.field] = most
    if bound.of_orders and abs(value) < abs(before):
        o = post.ledger.s
        post.pulling |= {
            int(o.cl_id[i])
            for i in range(len(o.state))
            if o.cl_id[i] and not _gone(o, i) and not o.flags[i] & REDUCE_ONLY
        }
        _pull(engine, post, now)
    engine.notes.append(Note("warn", "limit", _said(post, bound) + (f" by {who}" if who else ""), post.seat))


def pull(engine: Engine, now: int) -> None:
    """Each moment: what was on its way when a limit was tightened is cancelled as soon as it stands."""
    for post in engine.posts:
        if post.pulling:
            _pull(engine, post, now)


def _pull(engine: Engine, post: Post, now: int) -> None:
    """What adds risk was sized under the looser limit. One whose cancel did not take is asked again after a second."""
    ledger = post.ledger.s
    open_ = set()
    for i in range(len(ledger.state)):
        if ledger.cl_id[i] not in post.pulling or _gone(ledger, i):
            continue
        open_.add(int(ledger.cl_id[i]))
        if ledger.state[i] == LIVE and now >= post.pulled_at.get(ledger.cl_id[i], 0) + AGAIN_NS:
            post.pulled_at[int(ledger.cl_id[i])] = now
            post.cancel_sent(ledger.cl_id[i], now)
            engine.requests.append(
                Request(
                    post.seat, post.place, CANCEL, ledger.cl_id[i], ledger.venue_id[i], ledger.side[i], ledger.px[i],
                    ledger.left[i], ledger.type[i], ledger.tif[i], ledger.flags[i], ledger.key[i],
                )
            )  # fmt: skip
    post.pulling = open_
    post.pulled_at = {cl_id: at for cl_id, at in post.pulled_at.items() if cl_id in open_}


def _gone(o: Ledger, i: int) -> bool:
    """No such order can stand any more; one that is held to be absent and has a size may."""
    return o.state[i] == RESTING_REJECT or (o.state[i] == FREE and o.left[i] == 0)


def _said(post: Post, bound: Bound) -> str:
    x, value = post.instrument, int(getattr(post.limits.s, bound.field))
    text = f"{bound.words} of {x.symbol} {_text(x, bound, value)}"
    most = post.tightened.get(bound.field)
    return f"{text}, tightened from {_text(x, bound, most)}" if most is not None else f"{text}, as configured"


def _text(x: Instrument, bound: Bound, value: int) -> str:
    return f"{x.size(abs(value)):g} {x.base}" if bound.sizes else f"{value / MONEY:g} {x.quote}"


def _no(command: SetLimit, text: str) -> Answer:
    return Answer(id=command.id, ok=False, text=text)
