"""FLAT stands over no position: what fills or shows itself after a flatten was done is closed too, or told as dust."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from core.build.pictures import Pictures
from core.control import answers
from core.domain.commands import Flatten
from core.domain.events import ReadReply
from core.domain.order import CREATE, IOC, LIMIT, SLOTS, Request
from core.domain.snapshot import State
from core.engine.crosscheck import CrossCheck
from core.engine.post import Post
from core.engine.runstate import FLAT
from tests.simulation.rig import Rig


def flat(seed: int) -> Rig:
    rig = Rig(seed)
    rig.to(90)
    rig.ask(Flatten(id="f"))
    rig.to(130)
    assert rig.run_state == FLAT and rig.exchange.account.s.pos[0] == 0
    return rig


def late(rig: Rig, lots: int) -> None:
    """A create of ours that the venue applies only now, and fills at once: no list ever shows it."""
    post = rig.engine.posts[0]
    cl_id = (max(post.ledger.s.cl_id[i] for i in range(SLOTS)) // SLOTS + 50) * SLOTS + 5
    px = post.view.s.px[1][0] + 200
    rig.driver.venue.send(Request(0, 0, CREATE, cl_id, 0, 0, px, lots, LIMIT, IOC, 0, 0), rig.driver.now)


def told(rig: Rig) -> tuple[bool, int]:
    """What a command that waits for the flatten hears: done, and its exit code."""
    stopping = rig.engine.stopping
    progress = stopping.progress()
    assert progress is not None
    left = Pictures._positions(SimpleNamespace(engine=rig.engine), progress)  # type: ignore[arg-type]
    state = State(
        run=rig.run_state, orders_left=progress.orders_left, positions_left=left, verified=progress.verified,
        stop_code=stopping.exit_code(),
    )  # fmt: skip
    gate = SimpleNamespace(stop_id="s")
    desk = SimpleNamespace(latest=lambda: SimpleNamespace(state=state), gate=gate, published=1, shown=0)
    heard = answers.progress(desk, "flatten")  # type: ignore[arg-type]
    return heard.done, heard.code


def test_a_fill_after_flat_is_closed_too(seed: int) -> None:
    """R-E4, R-E8: the venue took a create of ours late."""
    rig = flat(seed)
    late(rig, 10)
    rig.to(131)
    assert "a position of ours is held after the stop" in " ".join(note.text for _, note in rig.seen.notes)
    rig.to(135)
    assert rig.run_state == FLAT and rig.exchange.account.s.pos[0] == 0 == rig.engine.posts[0].ledger.s.pos
    assert told(rig) == (True, 0)


def test_a_fill_whose_news_is_lost_is_closed_once_a_list_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream told nothing and the list of trades is behind: the positions say it."""
    rig = flat(1)
    answered = CrossCheck.answered

    def behind(self: CrossCheck, reply: ReadReply, now: int) -> object:
        if reply.what == "trades":
            reply = ReadReply("trades", reply.nonce, reply.ts)
        return answered(self, reply, now)

    monkeypatch.setattr(CrossCheck, "answered", behind)
    monkeypatch.setattr(Post, "take", lambda self, reports, now: None)
    late(rig, 10)
    rig.to(130.5)
    assert rig.exchange.account.s.pos[0] == 10 and rig.engine.posts[0].ledger.s.pos == 0
    rig.to(142)
    assert rig.exchange.account.s.pos[0] == 0


def test_a_core_that_is_flat_but_for_dust_ends_the_command_with_6() -> None:
    """R-E7: a late fill below the smallest order cannot be closed; it is told, and whoever waits hears the end."""
    rig = flat(1)
    post = rig.engine.posts[0]
    post.grid = msgspec.structs.replace(post.grid, min_lots=50)
    for run in rig.engine.stopping.runs.values():
        run.closeout.grids[0] = post.grid
    late(rig, 10)
    rig.to(145)
    assert rig.run_state == FLAT and rig.engine.posts[0].ledger.s.pos == 10
    assert told(rig) == (True, 6) and "DUST" in rig.engine.stopping.dust()
    assert rig.seen.codes().count("run_flat") == 2, "Expected one more stop, was one again and again"


def test_a_ledger_that_holds_what_no_venue_lists_is_looked_for_at_most_every_ten_seconds() -> None:
    rig = flat(1)
    rig.engine.posts[0].adopt_position(10, 10 * 300_000)
    rig.to(165)
    ours = [note for _, note in rig.seen.notes if "is held after the stop" in note.text]
    assert 1 <= len(ours) <= 4
    assert rig.exchange.account.s.pos[0] == 0
