"""When the watchdog acts and when not: heartbeat, process, clean end, a later core; and what it may never do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.clock import SystemClock, VirtualClock
from core.config.instruments import find_instrument
from core.control import watchdog
from core.control.live_account import LiveAccount
from core.control.outcome import AUTH_FAILED, ORDERS_ZERO
from core.control.pulse import ALIVE, END_FILE, ENDED, GONE, STALE, Pulse, Watched, ended_cleanly, mark_clean_end
from core.control.venue_record import KeySource, VenueRecord, traded_of, write_venues
from core.control.watchdog import Watchdog
from core.control.watching import STARTING, WATCHING, is_watched, read_state, say_state, spawn_watchdog
from core.domain.errors import Refused
from core.domain.events import Read, ReadReply
from core.domain.order import CANCEL, Report, Request
from core.guard.lock import BEAT_FILE
from tests.unit.control.venue import ListVenue

BTC = traded_of(find_instrument("hyperliquid", "BTC"), "BTC/USDC:USDC")
RECORD = VenueRecord("hyperliquid", "mainnet", KeySource(), (BTC,), 5)
S = 1_000_000_000


class Account(ListVenue):
    """Four orders, two of them ours; refuses anything but a cancel."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(orders=4, name="hyperliquid", **fields)
        self.clock, self.record = SystemClock(), RECORD

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        assert all(request.kind == CANCEL for request in requests)
        return super().send(requests)

    @property
    def ours(self) -> int:
        return sum(order.cl_id != 0 for order in self.orders)


def dead() -> Watched:
    """A process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    watched = Watched.of(child.pid)
    child.communicate()
    return watched


def beat(state_dir: Path, n: int, pid: int | None = None) -> None:
    (state_dir / BEAT_FILE).write_text(f"{pid or os.getpid():>10} {n:>20} {n:>12}\n")


def dog(
    state_dir: Path, core: Watched, *accounts: Any, said: list[str] | None = None, stale_s: float = 15.0
) -> Watchdog:
    say = (said if said is not None else []).append
    return Watchdog(state_dir, state_dir / "reports", core, accounts, SystemClock(), say, stale_s)


def evidence(state_dir: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(path.read_bytes()) for path in sorted((state_dir / "reports").glob("watchdog-*.json"))]


# the pulse -----------------------------------------------------------------------------------------------------------


def test_heartbeat_that_stops_for_the_limit_is_stale_and_one_that_moves_is_not(state_dir: Path) -> None:
    clock = VirtualClock(S)
    pulse = Pulse(state_dir, Watched.of(os.getpid()), clock, 15.0, 0.5)
    for n in range(60):
        beat(state_dir, n)
        clock.set(clock.now() + S // 2)
        assert pulse.look() == ALIVE
    seen = []
    for _ in range(31):
        clock.set(clock.now() + S // 2)
        seen.append(pulse.look())
    assert seen.count(ALIVE) == 29 and seen[-1] == STALE
    beat(state_dir, 1_000)
    clock.set(clock.now() + S // 2)
    assert pulse.look() == ALIVE


def test_watcher_that_slept_blames_nobody(state_dir: Path) -> None:
    """R-N4: a suspended machine or a stopped watchdog is not a dead core."""
    clock = VirtualClock(S)
    pulse = Pulse(state_dir, Watched.of(os.getpid()), clock, 15.0, 0.5)
    beat(state_dir, 1)
    pulse.look()
    clock.set(clock.now() + 3_600 * S)
    assert pulse.look() == ALIVE and pulse.silent_s <= 1.0


def test_beats_of_a_panic_that_takes_the_lock_are_not_the_cores(state_dir: Path) -> None:
    clock = VirtualClock(S)
    pulse = Pulse(state_dir, Watched.of(os.getpid()), clock, 2.0, 0.5)
    seen = []
    for n in range(6):
        beat(state_dir, n, pid=os.getppid())
        clock.set(clock.now() + S // 2)
        seen.append(pulse.look())
    assert seen[-1] == STALE


def test_process_that_is_gone_is_gone_unless_it_said_that_it_ended(state_dir: Path) -> None:
    core = dead()
    pulse = Pulse(state_dir, core, SystemClock(), 15.0, 0.5)
    assert pulse.look() == GONE
    (state_dir / END_FILE).write_bytes(msgspec.json.encode(core))
    (state_dir / END_FILE).chmod(0o600)
    assert pulse.look() == ENDED


def test_clean_end_of_another_run_with_the_same_pid_counts_for_nothing(state_dir: Path) -> None:
    mark_clean_end(state_dir)
    me = Watched.of(os.getpid())
    assert ended_cleanly(state_dir, me)
    assert not ended_cleanly(state_dir, msgspec.structs.replace(me, start_ticks=me.start_ticks + 1))
    assert not ended_cleanly(state_dir, msgspec.structs.replace(me, boot="another"))
    (state_dir / END_FILE).write_text("{")
    assert not ended_cleanly(state_dir, me)


# what it does --------------------------------------------------------------------------------------------------------


def test_gone_core_loses_its_orders_and_nobody_else_does(state_dir: Path) -> None:
    account, said = Account(q_ns=1_000_000), []
    account.stubborn = 3
    assert dog(state_dir, dead(), account, said=said).run() == ORDERS_ZERO
    assert (account.ours, len(account.orders)) == (0, 2)
    assert "close" not in account.calls and account.closed
    (body,) = evidence(state_dir)
    assert (body["code"], body["venues"][0]["verified"]) == (2, "sealed")
    assert body["stop"]["scope"] == "ours" and any("core is gone" in line for line in said)


def test_account_that_could_close_positions_is_not_taken(state_dir: Path) -> None:
    able = LiveAccount.__new__(LiveAccount)
    with pytest.raises(Refused, match="only cancel"):
        dog(state_dir, dead(), able)


def test_clean_end_touches_nothing(state_dir: Path) -> None:
    mark_clean_end(state_dir)
    account = Account()
    assert dog(state_dir, Watched.of(os.getpid()), account).run() == 0
    assert len(account.orders) == 4 and evidence(state_dir) == []


def test_orders_of_a_later_core_are_left_to_it_and_its_watchdog(state_dir: Path) -> None:
    write_venues(state_dir, [msgspec.structs.replace(RECORD, epoch=6)])
    account = Account()
    assert dog(state_dir, dead(), account).run() == 0
    assert len(account.orders) == 4


def test_later_core_that_trades_elsewhere_leaves_the_orders_to_us(state_dir: Path) -> None:
    write_venues(state_dir, [msgspec.structs.replace(RECORD, name="binance_usdm", epoch=6)])
    account = Account(q_ns=1_000_000)
    assert dog(state_dir, dead(), account).run() == ORDERS_ZERO
    assert account.ours == 0


def test_disk_that_refuses_stops_neither_the_cancels_nor_the_watch(state_dir: Path) -> None:
    """R-S1."""
    core, account, said = dead(), Account(q_ns=1_000_000), []
    os.chmod(state_dir, 0o500)
    try:
        if os.access(state_dir, os.W_OK):  # root: a file where the folder would be does the same
            (state_dir / "reports").write_text("")
            (state_dir / "watchdog.json").mkdir()
        assert dog(state_dir, core, account, said=said).run() == ORDERS_ZERO
    finally:
        os.chmod(state_dir, 0o700)
    assert account.ours == 0
    assert any("evidence not written" in line for line in said) and any("state not written" in line for line in said)


def test_venue_that_is_down_is_asked_until_it_answers(state_dir: Path) -> None:
    account = Account(q_ns=1_000_000)
    watching = dog(state_dir, dead(), account)
    account.errors = ["timeout"] * 3
    assert watching.run() == ORDERS_ZERO
    assert account.ours == 0


def test_refused_key_ends_with_exit_4_and_never_watches(state_dir: Path) -> None:
    account, said = Account(), []
    account.errors = ["auth: refused; by hand: ..."] * 9
    assert dog(state_dir, Watched.of(os.getpid()), account, said=said).run() == AUTH_FAILED
    state = read_state(state_dir)
    assert state is not None and state.phase == STARTING
    assert not is_watched(state_dir, ["hyperliquid"]) and any("by hand" in line for line in said)


def test_core_that_is_back_gets_its_orders_back_at_once(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen, then awake: what it sends from then on is its own."""
    monkeypatch.setattr(watchdog, "POLL_S", 0.05)
    beat(state_dir, 1)
    account = Endless()
    said: list[str] = []
    watching = dog(state_dir, Watched.of(os.getpid()), account, said=said, stale_s=0.2)
    thread = threading.Thread(target=watching.run, daemon=True)
    thread.start()
    assert account.swept.wait(10)
    stop = threading.Event()

    def beats() -> None:
        n = 2
        while not stop.wait(0.02):
            beat(state_dir, n := n + 1)

    beating = threading.Thread(target=beats, daemon=True)
    beating.start()
    try:
        assert account.silent_after(), "no cancel while the core beats"
        assert any("the core is back" in line for line in said)
    finally:
        mark_clean_end(state_dir)
        thread.join(10)
        stop.set()
        beating.join(5)
    assert not thread.is_alive()


class Endless(Account):
    """A core that creates as fast as it is cancelled: its list never gets empty."""

    def __init__(self) -> None:
        super().__init__()
        self.swept = threading.Event()
        self.cancels = 0

    def send(self, requests: Sequence[Request]) -> Sequence[Report]:
        self.cancels += len(requests)
        if self.cancels > 10:
            self.swept.set()
        return ()

    def silent_after(self) -> bool:
        """Whether a second comes in which nothing is cancelled."""
        pause = threading.Event()
        for _ in range(10):
            before = self.cancels
            pause.wait(0.5)
            if self.cancels == before:
                return True
        return False


# the core's side -----------------------------------------------------------------------------------------------------


def test_core_is_watched_only_by_a_living_watchdog_of_its_own_at_all_its_venues(state_dir: Path) -> None:
    me = Watched.of(os.getpid())
    assert not is_watched(state_dir, ["hyperliquid"])
    say_state(state_dir, me, STARTING, ("hyperliquid",))
    assert not is_watched(state_dir, ["hyperliquid"])
    say_state(state_dir, me, WATCHING, ("hyperliquid",))
    assert is_watched(state_dir, ["hyperliquid"])
    assert not is_watched(state_dir, ["hyperliquid", "bybit"])
    assert not is_watched(state_dir, ["hyperliquid"], core=dead())
    state = read_state(state_dir)
    assert state is not None
    (state_dir / "watchdog.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(state, me=dead())))
    assert not is_watched(state_dir, ["hyperliquid"])
    (state_dir / "watchdog.json").write_text("{")
    assert not is_watched(state_dir, ["hyperliquid"])


def test_watchdog_without_a_venue_is_refused(state_dir: Path) -> None:
    with pytest.raises(Refused, match="a venue to watch"):
        spawn_watchdog(state_dir, state_dir / "reports", [])


def test_reads_are_only_orders(state_dir: Path) -> None:
    """It looks at nothing that it has no business with."""
    account = Account(q_ns=1_000_000)
    dog(state_dir, dead(), account).run()
    assert set(account.calls) == {"orders", "cancel"}
    assert isinstance(account.read(Read("orders", 1)), ReadReply)
