"""What the engine does when a venue changes an instrument's terms: bounds followed in place, a new grid HALT, latched.

An input like any other, so a replay does the same. Bounds are never looser than the configuration, and lie in the
`Spec` alone, which every kernel reads at each wake. A stop that is under way closes on the new grid from here on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.domain.events import Note, Relisted
from core.engine import ending
from core.engine.post import Post
from core.engine.stopping import HALT

if TYPE_CHECKING:
    from core.engine.engine import Engine

NEW_GRID = (
    "{text}. Nothing is traded on the old grid: orders are cancelled, positions kept; `flatten` closes in the new "
    "sizes. Correct configs/venues of {symbol}, then start anew"
)
CLOSED = "{text}. Nothing new is sent there ({why}), cancels and closes are; it goes on by itself when it trades again"
FOLLOWED = "{text}. Followed; correct configs/venues of {symbol} before the next start"


def follow(engine: Engine, event: Relisted) -> None:
    """Carry out one change at `engine.now`."""
    before = engine.relisted.get(event.instrument, Relisted(event.instrument))
    engine.relisted[event.instrument] = event
    posts = engine.places.get(event.instrument, ())
    for post in posts:
        _bound(post, event)
        for run in engine.stopping.runs.values():
            if post.place in run.closeout.grids:
                run.closeout.grids[post.place] = post.grid
    engine.notes.append(_note(event, before, posts[0].instrument.symbol if posts else ""))
    if event.halt and event.halt != before.halt:
        ending.latch(engine, HALT, f"the venue changed its terms: {event.halt}")


def barred(engine: Engine) -> str:
    """Why this process must not trade on, "" = its grids are the venues'."""
    return "; ".join(event.halt for event in engine.relisted.values() if event.halt)


def _bound(post: Post, event: Relisted) -> None:
    """The tighter of what is configured and what the venue says."""
    x, s = post.instrument, post.spec.s
    s.min_lots = max(x.min_lots, event.min_lots)
    s.max_lots = min(x.max_lots, event.max_lots) if event.max_lots else x.max_lots
    s.min_notional = max(x.min_notional, event.min_notional)
    bands = [band for band in (x.band_ppm, event.band_ppm) if band]
    s.band_ppm = min(bands, default=0)
    post.shut = bool(event.closed or event.halt)
    post.grid = msgspec.structs.replace(
        post.grid, min_lots=int(s.min_lots), max_lots=int(s.max_lots), lot_step=event.lot_step,
        tick_step=event.tick_step,
    )  # fmt: skip


def _note(event: Relisted, before: Relisted, symbol: str) -> Note:
    """What was and what is, and the next step."""
    if event.halt and event.halt != before.halt:
        return Note("crit", "relisted", NEW_GRID.format(text=event.text, symbol=symbol), tag="emergency")
    if event.closed and event.closed != before.closed:
        return Note("crit", "market_closed", CLOSED.format(text=event.text, why=event.closed))
    if before.closed and not event.closed:
        return Note("info", "market_open", f"{event.text}. It trades again")
    told = msgspec.structs.replace(event, text="", closed="", halt="")
    if told == msgspec.structs.replace(before, text="", closed="", halt=""):
        return Note("info", "relisted", f"{event.text}. Nothing of ours depends on it")
    return Note("warn", "relisted", FOLLOWED.format(text=event.text, symbol=symbol))
