"""A core's own stop leaves the evidence that `panic` leaves; its journal proves it (RELIABILITY 5, E9, E10; UC-05)."""

from __future__ import annotations

import json
import pathlib
from hashlib import sha256

import msgspec

from core.build.stop_again import pages_of, stops
from core.build.stop_page import page_of
from core.build.stop_record import StopRecord
from core.control.evidence_page import Page, markdown
from core.domain.commands import Flatten, Halt
from core.domain.events import ReadReply
from core.domain.order import STOP
from core.engine.journal import Frame, read_frames
from core.engine.stopping import NONCE_BASE
from tests.simulation.async_venue import Weather
from tests.simulation.live_rig import LiveRig
from tests.simulation.rig import Rig, S


def stopped(
    command: Flatten | Halt, seed: int = 5, journal: pathlib.Path | None = None, weather: Weather | None = None
) -> tuple[LiveRig, StopRecord, Page]:
    """A live core that trades for 30 s, is stopped and goes on for 20 s more."""
    held: list[StopRecord] = []

    async def script(rig: LiveRig) -> None:
        held.append(StopRecord(rig.engine))
        rig.driver.sinks.append(held[0])
        await rig.to(30)
        rig.flag.closed = True
        rig.ask(command)
        await rig.to(50)

    rig = LiveRig(seed, weather, journal=journal).run(script)
    places = {post.place: post.instrument for post in rig.engine.posts}
    return rig, held[0], page_of(held[0].facts(), places, {"journal": journal.name if journal else ""})


def test_every_request_and_read_of_a_flatten_stands_in_its_evidence_with_answer_time_and_hash(
    tmp_path: pathlib.Path,
) -> None:
    """E9: trigger and who, requests, answers, times, both reads of both kinds; hashes are those of the journal."""
    path = tmp_path / "j.perpj"
    rig, _, page = stopped(Flatten(id="f", who="tester", reason="smoke"), journal=path)
    assert rig.engine.state.run == "FLAT" and page.code == 0 and page.outcomes[0].verified == "sealed"
    assert page.stop["verb"] == "flatten" and page.stop["reason"] == "smoke by tester"
    frames = [frame for frame in read_frames(path) if isinstance(frame, Frame)]
    asked = [r for f in frames for r in f.requests if r.flags & STOP] + [
        r for f in frames for r in f.reads if r.nonce >= NONCE_BASE
    ]
    assert len(page.asked) == len(asked) > 6
    reads = [row for row in page.asked if row.request.startswith("read")]
    assert [row.answer for row in reads[-3:]] == ["0 positions", "0 positions", "0 orders"]
    assert all(row.answered_ms is not None and row.answered_ms >= row.ms >= 0 for row in reads)
    replies = [
        (f.moment.ts, one) for f in frames for one in f.moment.inputs
        if isinstance(one, ReadReply) and one.nonce >= NONCE_BASE
    ]  # fmt: skip
    known = {sha256(msgspec.msgpack.encode(reply)).hexdigest() for _, reply in replies}
    assert {row.sha256 for row in reads} == known
    closes = [row for row in page.asked if row.request.startswith("close")]
    assert closes and all("filled" in row.answer or "expired" in row.answer for row in closes)


def test_fills_of_the_stop_stand_there_with_what_they_cost_against_the_mark_at_the_trigger() -> None:
    rig, record, page = stopped(Flatten(id="f"))
    x = rig.engine.posts[0].instrument
    closed = sum(fill.size for fill in page.fills if fill.ts > record.begun)
    sizes = [float(row.request.split()[3]) for row in page.asked if row.request.startswith("close")]
    assert closed > 0 and abs(closed - sum(sizes)) < 1e-9, "one close took all of it"
    mark = record._marks[0]
    for fill in page.fills:
        against = (fill.price / x.tick - mark) * (1 if fill.side == "buy" else -1)
        assert fill.slippage_bps is not None and abs(fill.slippage_bps - against / mark * 1e4) < 1e-3
    assert "the mark at the trigger" in markdown(page)


def test_a_replay_of_the_journal_makes_the_same_evidence(tmp_path: pathlib.Path) -> None:
    """A restart, and whoever has the journal, can make it too."""
    path = tmp_path / "j.perpj"
    _, _, page = stopped(Halt(id="h", who="me"), journal=path)
    (again,) = pages_of(path)
    for part in ("code", "started", "outcomes", "steps", "asked", "fills", "stays"):
        assert getattr(again, part) == getattr(page, part), part
    body = stops(path)
    assert body["ok"] and len(body["stops"]) == 1 and "written by | a replay" in body["text"]
    json.dumps(body)


def test_lost_answers_and_foreign_orders_are_said() -> None:
    """E3, E10: what is not ours stays and is counted; an answer that never came is said to be lost."""
    held: list[StopRecord] = []

    async def script(rig: LiveRig) -> None:
        held.append(StopRecord(rig.engine))
        rig.driver.sinks.append(held[0])
        await rig.to(20)
        rig.exchange.create("", 0, 0, rig.exchange.top(0)[0] - 3_000, 50)
        await rig.to(24)
        rig.venue.weather.lose_after, rig.venue.weather.until_s = 0.7, 1e9
        rig.flag.closed = True
        rig.ask(Halt(id="h"))
        await rig.to(50)

    rig = LiveRig(5).run(script)
    facts = held[0].facts()
    page = page_of(facts, {0: rig.instrument}, {})
    assert [stay.what for stay in page.stays if stay.what.startswith("foreign")] == ["foreign order"]
    assert any("lost" in row.answer for row in page.asked if row.request.startswith("cancel"))
    assert page.code == 2


def test_a_limit_that_fires_leaves_the_same_evidence_as_a_key() -> None:
    """Same engine from the key, the command and automatic triggers; paper is never kinder."""
    rig = Rig(3)
    record = StopRecord(rig.engine)
    rig.driver.sinks.append(record)
    rig.to(60)
    for post in rig.engine.posts:
        post.limits.s.stop_loss = -1
    rig.to(600)
    assert rig.run_state == "FLAT" and record.open
    page = page_of(record.facts(), {post.place: post.instrument for post in rig.engine.posts}, {})
    assert "stop_loss" in page.stop["reason"] and page.code == 0 and page.asked and page.started >= 60 * S
