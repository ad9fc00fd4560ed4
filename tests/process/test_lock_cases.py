"""Lock cases W1-W6 between real processes, beyond tests/process/test_lock.py: several state dirs on one live account,
a pid that is another program's by now, mounts, symlinks, file systems, a second host, a supervisor that restarts.

`PERP_FAULTS=n`: so many rounds of eight starts, and restarts after a halt.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.domain.errors import Refused
from core.domain.order import CREATE
from core.engine.journal import Frame, read_frames
from core.guard.lock import InstanceLock, LockHeld
from core.venues.identity import read_text
from tests.process.live_venue import Served
from tests.process.prompt import FAULTS, in_state, said, some, soon
from tests.process.real_core import command, core, environment, stop
from tests.process.running import ROOT, end, hear, one_winner, running, say, start

HOLDER = str(Path(__file__).with_name("lock_holder.py"))
ACCOUNT = str(Path(__file__).with_name("account_holder.py"))
REUSED = str(Path(__file__).with_name("reused_pid.sh"))
STARTS, RESTARTS = max(5, FAULTS), max(2, FAULTS)
FOUND_S = 6.0  # R-W5


def root_only() -> None:
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "mount"))):
        pytest.skip("mounts and namespaces need root, unshare and mount")


def mounted(where: Path, *words: str, code: str) -> subprocess.CompletedProcess[str]:
    """Python code in a mount namespace of its own with one more mount: it goes with the process. Skips by name where
    that is not permitted."""
    root_only()
    script = 'mount "$@" || exit 77; exec "$PYTHON" -c "$CODE"'
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", *words, str(where)],
        env=environment(PYTHON=sys.executable, CODE=code, PLACE=str(where)), cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip(f"mount {' '.join(words)} is not permitted here: {done.stderr.strip()}")
    return done


@pytest.mark.timeout(600)
def test_simultaneous_starts_on_one_account_from_different_state_dirs_have_one_winner(tmp_path: Path) -> None:
    """R-W1: eight state dirs, one account; every loser names the winner."""
    for n in range(STARTS):
        children = [start(ACCOUNT, str(tmp_path / f"{n}-{k}"), "binance_usdm-mainnet-of-one") for k in range(8)]
        one_winner(children, f"round {n}")
    print(f"{8 * STARTS} starts, {STARTS} winners")


@pytest.mark.slow
def test_of_three_live_starts_at_once_one_trades_and_the_others_end_naming_it(tmp_path: Path, venue: Served) -> None:
    """R-W1 with the program itself: three state dirs, one key."""
    folders = [tmp_path / f"state{n}" for n in range(3)]
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "app", "--state-dir", str(folder), "--metrics-port", "0", "run", "--headless",
             *venue.words],
            cwd=ROOT, env=environment(**venue.keys), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        for folder in folders
    ]  # fmt: skip
    try:
        soon(lambda: sum(child.poll() is not None for child in children) == 2, "two that end", 90.0)
        [winner] = [n for n, child in enumerate(children) if child.poll() is None]
        in_state(folders[winner], "PAUSED")
        for n, child in enumerate(children):
            if n != winner:
                err = child.communicate()[1]
                assert child.returncode == 1 and f"pid {children[winner].pid}" in err, err
        assert venue.open() == []
        stop(children[winner])
    finally:
        for child in children:
            end(child)


def test_a_dead_holders_pid_that_is_another_programs_by_now_refuses_nobody(state_dir: Path) -> None:
    """R-W2: the very pid is alive again, as a sleeper; the record of the dead is no lock."""
    root_only()
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "sh", REUSED, sys.executable, HOLDER, str(state_dir)],
        env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    if len(lines) < 2:
        pytest.skip(f"no pid namespace here: {done.stderr.strip()}")
    holder, sleeper = lines[0].split()
    if holder != sleeper:
        pytest.skip("this kernel does not let pids be chosen")
    assert json.loads(lines[1])["won"] is True, lines


def test_a_bind_mount_of_the_state_dir_is_the_same_lock(state_dir: Path, tmp_path: Path) -> None:
    """R-W3: another path, another mount, one holder; it is named."""
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    code = (
        "import os, pathlib\nfrom core.clock import SystemClock\nfrom core.guard.lock import InstanceLock, LockHeld\n"
        "try: InstanceLock(pathlib.Path(os.environ['PLACE']), SystemClock()).acquire()\n"
        "except LockHeld as held: print(held)\nelse: print('TAKEN')"
    )
    with running(HOLDER, str(state_dir)) as child:
        say(child)
        assert hear(child)["won"]
        done = mounted(other, "--bind", str(state_dir), code=code)
        assert f"pid {child.pid}" in done.stdout, done.stdout + done.stderr


def test_a_file_system_where_a_lock_means_nothing_is_refused_by_name(tmp_path: Path) -> None:
    """R-W3: with the way round it; nothing is left there."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    code = (
        "import os, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'app', '--state-dir', os.environ['PLACE'], 'run', '--headless'],"
        " capture_output=True, text=True)\n"
        "print(done.returncode, os.listdir(os.environ['PLACE'])); print(done.stderr)"
    )
    done = mounted(place, "-t", "hugetlbfs", "-o", "mode=700", "none", code=code)
    assert done.stdout.startswith("1 []") and "Expected a local filesystem, was" in done.stdout, done.stdout
    assert "PERP_ALLOW_FILESYSTEM=1" in done.stdout and done.stdout.strip().count("\n") == 1


@pytest.mark.parametrize("which", ["lock", "lock.heartbeat", "folder"])
def test_a_planted_symlink_is_refused_and_its_target_is_untouched(state_dir: Path, tmp_path: Path, which: str) -> None:
    """R-W3."""
    target = tmp_path / "target"
    folder = state_dir
    if which == "folder":
        target.mkdir(mode=0o700)
        folder = tmp_path / "link"
        folder.symlink_to(target)
    else:
        target.write_text("somebody else's")
        (state_dir / which).symlink_to(target)
    with pytest.raises(Refused, match="symlink"):
        InstanceLock(folder, SystemClock()).acquire()
    assert list(target.iterdir()) == [] if which == "folder" else target.read_text() == "somebody else's"
    if which != "folder":
        (state_dir / which).unlink()
        InstanceLock(state_dir, SystemClock()).acquire()


@pytest.mark.slow
@pytest.mark.parametrize("how", some("replaced", "deleted"))
def test_a_lock_file_that_goes_while_held_lets_nobody_in_and_the_refusal_names_the_holder(
    state_dir: Path, how: str
) -> None:
    """R-W3: a second start of the program is refused by the socket, whatever became of the file; a new file of the
    same name is no lock of its own."""
    with core(state_dir, "--speed", "20") as child:
        in_state(state_dir, "RUNNING")
        (state_dir / "lock").unlink()
        if how == "replaced":
            (state_dir / "lock").touch(mode=0o600)
        done = command(state_dir, "run", "--headless")
        assert done.returncode == 1 and f"pid {child.pid}" in done.stderr, done.stderr
        assert child.poll() is None and said(state_dir)["run"] == "RUNNING"
        stop(child)


def test_a_child_that_inherited_the_lock_is_named_within_a_tenth_of_a_second(state_dir: Path) -> None:
    """R-W4: the runner is dead, what it started holds on; the refusal says which process that is. The best of five
    looks, since other work shares the cores."""
    lock = InstanceLock(state_dir, SystemClock())
    lock.acquire()
    leaked = os.dup(lock._fd)
    os.set_inheritable(leaked, True)
    shadow = subprocess.Popen(["sleep", "60"], pass_fds=[leaked])
    try:
        os.close(leaked)
        lock.release()
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            found = lock.holders().found
            took.append(time.perf_counter() - begun)
            assert [holding.pid for holding in found] == [shadow.pid]
        with pytest.raises(LockHeld, match=rf"pid {shadow.pid} .*sleep 60"):
            InstanceLock(state_dir, SystemClock()).acquire()
        print(f"holders listed in {min(took) * 1e3:.1f} ms")
        assert min(took) <= 0.1
    finally:
        shadow.kill()
        shadow.wait()


def ours(at: Served, state_dir: Path) -> list[dict[str, object]]:
    """Orders at the venue that the journals of this state dir sent."""
    sent = {
        request.cl_id
        for path in (state_dir / "journal").glob("*.perpj")
        for frame in read_frames(path)
        if isinstance(frame, Frame)
        for request in frame.requests
        if request.kind == CREATE
    }
    return [o for o in at.books()["orders"] if (told := read_text(str(o["client"]))) is not None and told.cl_id in sent]


@pytest.mark.slow
def test_a_second_host_with_the_same_key_stops_one_of_them_within_a_poll(tmp_path: Path, venue: Served) -> None:
    """R-W5: two machines are two folders of account locks; the later writer's orders halt the earlier."""
    one, two = tmp_path / "one", tmp_path / "two"
    apart = {**venue.keys, "PERP_ACCOUNTS_DIR": str(tmp_path / "accounts-of-two")}
    with core(one, *venue.words, **venue.keys) as first, core(two, *venue.words, **apart) as second:
        for state_dir in (one, two):
            in_state(state_dir, "PAUSED")
        assert command(one, "resume", "--word", "y").returncode == 0
        soon(venue.open, "orders of the first")
        before = {order["client"] for order in venue.books()["orders"]}
        found = soon(lambda: [d for d in (one, two) if said(d).get("run") == "HALTED"], "one that stops", 30.0)
        reason = said(found[0])["stop"]["reason"]
        assert "another" in reason or "second" in reason, reason
        stopped_at = said(found[0])["stop"]["ts"]
        first_of = min(int(order["created"]) for order in venue.books()["orders"])
        print(
            f"a second writer stopped {(stopped_at - first_of) / 1e9:.2f} s after its first order, {len(before)} orders"
        )
        assert stopped_at - first_of <= FOUND_S * 1e9 + 1e9
        for child in (first, second):
            os.kill(child.pid, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_supervisor_that_restarts_after_a_halt_sends_nothing(state_dir: Path, venue: Served) -> None:
    """R-W6: SIGKILL and start, again and again: HALTED each time, 0 orders."""
    with core(state_dir, *venue.words, **venue.keys) as child:
        in_state(state_dir, "PAUSED")
        assert command(state_dir, "resume", "--word", "y").returncode == 0
        soon(venue.open, "orders")
        assert command(state_dir, "halt", "--reason", "drill").returncode in (0, 2)
        in_state(state_dir, "HALTED")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    orders = len(venue.books()["orders"])
    for _ in range(RESTARTS):
        with core(state_dir, *venue.words, **venue.keys) as child:
            found = in_state(state_dir, "HALTED")
            assert found["gate_closed"]
            time.sleep(0.5)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    assert len(venue.books()["orders"]) == orders and venue.open() == []
    print(f"{RESTARTS} restarts after a halt, 0 orders")
