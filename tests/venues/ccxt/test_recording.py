"""`perpconsole record` against both wires on the loopback: what was shown is on the tape, and a backtest runs on it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.build import recording as module
from core.build.assemble import load_config
from core.build.backtest import simulate
from core.build.markets import market_of
from core.build.recording import RecordWish, _Recording, instruments_of
from core.clock import SystemClock
from core.domain.book import F_BOOK, F_GAP, F_MARK, F_TRADE
from core.domain.errors import Refused
from core.domain.units import NS_PER_MS, NS_PER_S
from core.engine.journal import Journal
from core.kernel import Kernels
from core.market.recorder import Recorder
from core.market.taped import header_of, read_tape
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.faults import Rule
from tests.process.running import hear, running
from tests.venues.wire import binance_hall
from tests.venues.wire.hyperliquid_hall import Venue, eventually, venue

MARKETS = {"hyperliquid": "BTC", "binance_usdm": "ETHUSDC"}
SLACK_NS = {"hyperliquid": 30 * NS_PER_MS, "binance_usdm": 300 * NS_PER_MS}  # a book's change to its frame
PROFILES = {"hyperliquid": Path("configs/round7_btc.yml"), "binance_usdm": Path("configs/round7.yml")}


@dataclass
class Shown:
    """Everything public that the venue did, from its own side of the wire."""

    events: list[Public]

    @classmethod
    def by(cls, exchange: WireExchange) -> Shown:
        shown = cls([*exchange.last.values()])  # what stood before
        exchange.listeners.append(lambda event: shown.events.append(event) if isinstance(event, Public) else None)
        return shown

    def of(self, kind: int) -> list[Public]:
        return [event for event in self.events if event.kind == kind]

    def books_about(self, ts: int, slack: int) -> list[Public]:
        """Books that stood at `ts`, give or take the time that a frame takes."""
        books = self.of(F_BOOK)
        before = [book for book in books if book.ts <= ts - slack]
        return before[-1:] + [book for book in books if ts - slack < book.ts <= ts + slack]


class Spy(Recorder):
    """The recorder, and beside it everything that it was handed."""

    handed: list[tuple[Any, ...]]

    def book(self, instrument: int, ts_exch: int, ts_recv: int, px: np.ndarray, sz: np.ndarray) -> None:
        self.handed.append((F_BOOK, ts_exch, ts_recv, px.tolist(), sz.tolist()))
        super().book(instrument, ts_exch, ts_recv, px, sz)

    def small(self, instrument: int, ts_exch: int, ts_recv: int, kind: int, values: tuple[int, int, int, int]) -> None:
        self.handed.append((kind, ts_exch, ts_recv, values))
        super().small(instrument, ts_exch, ts_recv, kind, values)

    def gap(self, instrument: int, ts_exch: int, ts_recv: int, lost: int) -> None:
        self.handed.append((F_GAP, ts_exch, ts_recv, lost))
        super().gap(instrument, ts_exch, ts_recv, lost)


async def recorded(
    at: Venue | binance_hall.Venue, name: str, out: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], list[tuple[Any, ...]], list[str]]:
    """A recording of so many seconds: its result, what the recorder was handed, what was warned of."""
    spies: list[Spy] = []

    def spy(*given: Any) -> Spy:
        made = Spy(*given)
        made.handed = []
        spies.append(made)
        return made

    monkeypatch.setattr(module, "Recorder", spy)
    asked = RecordWish(name, (MARKETS[name],), out, url=at.url, minutes=seconds / 60)
    warned: list[str] = []
    body = await _Recording(asked, instruments_of(asked), lambda progress: None, warned.append).run()
    return body, spies[0].handed, warned


@pytest.mark.parametrize("name", list(MARKETS))
async def test_record_then_replay_gives_the_books_that_the_venue_showed(
    tmp_path: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """S4-01: every row on the tape is one that came, every one that came is there, and a backtest runs on it."""
    hall: Any = venue if name == "hyperliquid" else binance_hall.venue
    async with hall() as at:
        shown = Shown.by(at.exchange)
        body, handed, _ = await recorded(at, name, tmp_path, 5.0, monkeypatch)
    slack = SLACK_NS[name]
    assert body["ok"] and body["why"] == "the time is over" and body["network"] == "loopback"
    path = Path(body["files"][0])
    header, rows, whole = read_tape(path)
    assert whole and header.network == "loopback" and len(body["files"]) == 1
    assert abs(header.clock_offset_ns) < NS_PER_S and header.clock_offset_ns != 0

    taped = []
    for ts, kind, row in zip(rows.ts_exch.tolist(), rows.kind.tolist(), rows.row.tolist(), strict=True):
        if kind == F_BOOK:
            taped.append((kind, ts, rows.book_px[row].tolist(), rows.book_sz[row].tolist()))
        else:
            taped.append((kind, ts, tuple(rows.small[row].tolist()) if kind != F_GAP else row))
    came = [(entry[0], min(entry[1], entry[2]), *entry[3:]) for entry in handed]
    assert taped == sorted(came, key=lambda entry: entry[1])
    assert (np.diff(rows.ts_recv) >= 0).all() and (rows.ts_recv >= rows.ts_exch).all()

    books = [entry for entry in taped if entry[0] == F_BOOK]
    for _, ts, px, sz in books:
        stood = shown.books_about(ts + header.clock_offset_ns, slack)
        assert any(one.px.tolist() == px and one.sz.tolist() == sz for one in stood), ts  # type: ignore[union-attr]
    first, last = books[0][1] + slack, books[-1][1] - slack
    changes = shown.of(F_BOOK)
    stood = [one for one, after in itertools.pairwise(changes) if after.ts - one.ts > slack]
    whole_frames = [one for one in stood if first < one.ts - header.clock_offset_ns < last]
    assert len(whole_frames) >= 3
    for one in whole_frames:
        assert any(entry[2] == one.px.tolist() and entry[3] == one.sz.tolist() for entry in books)  # type: ignore[union-attr]
    parts = slice(4 if name == "hyperliquid" else 3)  # Binance numbers the aggregates of its trades anew
    traded = Counter(one.values[parts] for one in shown.of(F_TRADE) if first < one.ts - header.clock_offset_ns < last)
    assert traded.total() >= 3 and traded <= Counter(entry[2][parts] for entry in taped if entry[0] == F_TRADE)
    marks = {one.values[0] for one in shown.of(F_MARK)}
    assert {entry[2][0] for entry in taped if entry[0] == F_MARK} <= marks

    flags: dict[str, Any] = {"strategies.0.venue": name, "strategies.0.symbol": MARKETS[name]}
    loaded = load_config(PROFILES[name], flags)
    market = market_of(loaded, [str(path)], state_dir, SystemClock().now())
    driver, _ = simulate(loaded, market, Journal(None), state_dir / "reports", Kernels("plain"))
    assert driver.events == len(rows.kind) and driver.engine.seq > 10
    view = driver.engine.posts[0].view.s
    assert (view.n_books, view.n_trades) == (len(books), len([entry for entry in taped if entry[0] == F_TRADE]))


@pytest.mark.slow
async def test_a_silent_stream_is_a_gap_on_the_tape_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-N1: the book is void from the silence to the next whole book, in a replay as it was live."""
    async with venue(Rule("silent", at="ws:l2Book", from_s=2.0, until_s=5.5, seconds=3.0, times=1)) as at:
        body, _, warned = await recorded(at, "hyperliquid", tmp_path, 8.0, monkeypatch)
    assert body["ok"] and body["instruments"][0]["gaps"] >= 1
    assert any("silent" in text for text in warned)
    rows = read_tape(Path(body["files"][0]))[1]
    gap = int(np.flatnonzero(rows.kind == F_GAP)[0])
    books = np.flatnonzero(rows.kind == F_BOOK)
    assert books[0] < gap < books[-1]
    before, after = books[books < gap][-1], books[books > gap][0]
    assert int(rows.ts_recv[after] - rows.ts_recv[before]) > 2 * NS_PER_S


async def test_a_venue_that_cannot_be_reached_is_refused_and_no_file_is_left(tmp_path: Path) -> None:
    asked = RecordWish("hyperliquid", ("BTC",), tmp_path, url="http://127.0.0.1:9")
    with pytest.raises(Refused, match="Nothing was recorded"):
        await _Recording(asked, instruments_of(asked), lambda progress: None, lambda text: None).run()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_recording_with_whole_files(tmp_path: Path, how: signal.Signals) -> None:
    async with venue() as at:
        words = ("record", "--venue", "hyperliquid", "--symbol", "BTC", "--out", str(tmp_path / "out"))
        with running("-m", "app", "--json", *words, "--url", at.url, PERP_PURE="1") as child:
            await eventually(lambda: _rows(tmp_path / "out") > 5, "rows on the disk", 30.0)
            os.kill(child.pid, how)
            body = await asyncio.to_thread(hear, child)
            assert await asyncio.to_thread(child.wait, 20) == 0
    assert body["ok"] and body["why"] == how.name
    assert [read_tape(Path(path))[2] for path in body["files"]] == [True]
    assert header_of(Path(body["files"][0])).symbol == "BTC"


@pytest.mark.slow
async def test_a_recording_that_was_killed_is_read_up_to_its_last_block(tmp_path: Path) -> None:
    async with venue() as at:
        words = ("record", "--venue", "hyperliquid", "--symbol", "BTC", "--out", str(tmp_path / "out"))
        with running("-m", "app", *words, "--url", at.url, PERP_PURE="1") as child:
            await eventually(lambda: _rows(tmp_path / "out") > 5, "rows on the disk", 30.0)
            child.kill()
            await asyncio.to_thread(child.wait, 20)
    assert _rows(tmp_path / "out") > 5


def _rows(folder: Path) -> int:
    try:
        return sum(len(read_tape(path)[1].kind) for path in folder.glob("*.perptape"))
    except Refused:
        return 0


def test_a_refusal_is_exit_code_1_and_no_output(tmp_path: Path) -> None:
    words = ("--json", "record", "--venue", "hyperliquid", "--out", str(tmp_path), "--symbol")
    with running("-m", "app", *words, "BTC", "--url", "http://10.1.1.1:80") as child:
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (1, "") and "loopback" in err
    with running("-m", "app", *words, "NOPE", "--url", "http://127.0.0.1:9") as child:
        out, err = child.communicate(timeout=60)
    assert child.returncode == 1 and "NOPE" in err
    assert out == ""
