"""Fuzzed wire frames through the real decoding path of the live venues: ccxt's handlers, our hooks, feeds and inbox.

Without sockets and without an engine; the same frames beside a trading core are in test_frames_trading.py. The number
before the command makes it the long run: PERP_FRAMES=50000 (both dialects together).
"""

from __future__ import annotations

import asyncio
import json
import os
from types import SimpleNamespace

import pytest

from core.domain.units import NS_PER_S
from core.venues.ccxt import dials, streams
from core.venues.ccxt.wiring import MOST_FRAME
from tests.hostile.fuzzed import MOST_LATE_S, TOO_SLOW_NS, fuzz, read_all, recovered, sockets_of
from tests.hostile.honest import Honest
from tests.hostile.oracle import Strict
from tests.hostile.tape import record, replayed
from tests.venues.ccxt.fault_hall import BOTH, Hall

FRAMES = int(os.environ.get("PERP_FRAMES", "2400"))
MOST_GROWN = 96 << 20  # bytes; caches of ccxt are bounded, ours too


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
@pytest.mark.timeout(3_600)
async def test_hostile_frames_end_no_stream_and_nothing_but_plain_figures_reaches_the_core(
    hall: Hall, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-N3: after every ten hostile frames each stream is up again, whatever they said; no request that could make an
    order leaves; each refused frame is counted; memory and time stay bounded."""
    monkeypatch.setattr(streams, "LEAST_S", 0.002)  # waits between two dials, of which a run has thousands
    monkeypatch.setattr(streams, "MOST_S", 0.02)
    monkeypatch.setattr(streams, "UNHEARD_S", 0.02)
    monkeypatch.setattr(dials, "SHARE", 10_000.0)
    tape = await record(hall)
    run = await fuzz(tape, seed, FRAMES // 2)
    refused = sum(run.counted.values())
    print(
        f"{hall.name}: {run.frames} frames in {run.took_ns / NS_PER_S:.1f} s, {refused} refused {run.counted}, "
        f"{run.restarts} redials, slowest batch {run.slowest_ns / NS_PER_S:.2f} s, resync {run.late_s:.2f} s, "
        f"grown {run.grown >> 20} MB, passed on {dict(run.seen)}"
    )
    assert run.wrong == []
    assert run.unhandled == []
    assert run.late_s < MOST_LATE_S, "a stream did not come back between two batches"
    assert run.dead == [] and run.blind == []
    assert run.orders_asked == 0
    assert run.slowest_ns < TOO_SLOW_NS
    assert run.grown < MOST_GROWN
    assert refused > run.frames // 5, "most of it is garbage, and counted"
    assert run.counted["poisoned"] and run.counted["dropped"] and run.counted["private"]


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_frame_above_four_megabytes_is_not_read_however_well_formed_it_is(hall: Hall) -> None:
    tape = await record(hall, 0.5)
    honest, inbox = Honest(tape, 1), Strict(hall.instrument)
    async with replayed(tape, inbox, honest.answer) as (venue, end):
        await recovered(venue, end, honest)
        counters, books = venue.instances.wires["data"].counters, inbox.seen["book"]
        for size in (MOST_FRAME - 2_000, MOST_FRAME + 100):
            before = counters.poisoned
            text = honest.frame(honest.book)
            text = text[:-1] + ', "pad": "' + "x" * (size - len(text) - 12) + '"}'
            for socket in sockets_of(end, honest.path(honest.book)):
                socket.feed(text.encode())
            await read_all(end)
            assert counters.poisoned - before == (size > MOST_FRAME)
        await asyncio.sleep(0)
        assert inbox.seen["book"] == books + 1


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_book_whose_sequence_jumped_ahead_is_asked_for_anew(hall: Hall) -> None:
    """ccxt ignores every difference older than the newest number that it took; one that claims to be of tomorrow made
    the book silent for ever on a socket that was not."""
    tape = await record(hall, 0.5)
    honest, inbox = Honest(tape, 1), Strict(hall.instrument)
    async with replayed(tape, inbox, honest.answer) as (venue, end):
        await recovered(venue, end, honest)
        if venue.traits.sequenced:
            now, honest.update = honest.update, honest.update + 10**9
            frame = honest.frame(honest.book).replace(f'"pu": {now + 10**9}', f'"pu": {now}')
            honest.update = now
        else:
            frame = honest.frame(honest.book).replace('"time": 1', '"time": 3')
        for socket in sockets_of(end, honest.path(honest.book)):
            socket.feed(frame.encode())
        await read_all(end)
        inbox.seen.clear()
        async with asyncio.timeout(10):
            while inbox.seen["book"] < 3:
                for kind in honest.kinds:
                    for socket in sockets_of(end, honest.path(kind)):
                        socket.feed(honest.frame(kind).encode())
                await asyncio.sleep(0.05)
        assert abs(inbox.best[0] - honest.mid) < 5


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_frame_nested_too_deep_ends_no_stream_with_the_slower_reader_either(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without orjson ccxt reads with the standard library: a RecursionError, and NaN is a number to it."""
    from ccxt.async_support.base.ws import client

    tape = await record(hall, 0.5)
    slower = SimpleNamespace(loads=json.loads, dumps=lambda message: json.dumps(message).encode())
    monkeypatch.setattr(client, "json_parser", slower)
    honest, inbox = Honest(tape, 1), Strict(hall.instrument)
    async with replayed(tape, inbox, honest.answer) as (venue, end):
        await recovered(venue, end, honest)
        counters = venue.instances.wires["data"].counters
        for raw in (b"[" * 100_000 + b"]" * 100_000, b'{"e":"depthUpdate","U":NaN,"channel":"l2Book","data":NaN}'):
            before = counters.poisoned
            for socket in sockets_of(end, honest.path(honest.book)):
                socket.feed(raw)
            await read_all(end)
            assert counters.poisoned == before + 1
        assert await recovered(venue, end, honest) < 2.0, [(s.name, s.up, s.why) for s in venue.streams if not s.up]
