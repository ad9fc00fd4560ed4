"""The control socket (X7, UC-07, S3-56): private, versioned, alive while the core is stuck, untouched by rubbish."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.control.client import ControlClient
from core.control.protocol import (
    FRAME_CAP,
    VERSION,
    Address,
    Ask,
    BadFrame,
    Do,
    Hello,
    Position,
    Report,
    Reports,
    Status,
    Told,
    Watch,
    frame,
    frame_length,
    read_ask,
    read_told,
)
from core.domain.commands import Answer, Flatten, Halt, Pause
from core.domain.errors import Refused, Unavailable
from core.domain.snapshot import LogRow, Snapshot
from tests.unit.control.support import FakeCore, picture


@pytest.fixture
def core(state_dir: Path) -> Iterator[FakeCore]:
    (state_dir / "reports").mkdir(0o700)
    fake = FakeCore(state_dir, state_dir / "reports")
    yield fake
    fake.stop()
    assert list(fake.server.faults) == []


def raw_socket(state_dir: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(10)
    with Address(state_dir) as name:
        connection.connect(name)
    return connection


def hello(connection: socket.socket, role: str = "command") -> bytes:
    connection.sendall(frame(Hello(version=VERSION, role=role)))
    return connection.recv(1 << 16)


def test_status_names_process_run_state_and_gate(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir) as client:
        assert client.peer_pid == client.welcome.pid == os.getpid()
        body = client.ask(Status()).body
    assert body["run"] == "RUNNING"
    assert body["gate_closed"] is False
    assert (body["open_orders"], body["open_positions"], body["account"]) == (2, 1, "paper-1")
    assert body["picture_age_ms"] >= 0


def test_socket_is_private(core: FakeCore, state_dir: Path) -> None:
    """X7: 0600."""
    assert (state_dir / "control.sock").stat().st_mode & 0o777 == 0o600


def test_another_user_is_refused(state_dir: Path) -> None:
    """X7: SO_PEERCRED; the server expects a uid that we are not."""
    fake = FakeCore(state_dir, uid=os.getuid() + 1)
    try:
        with pytest.raises(Unavailable):
            ControlClient(state_dir)
        assert fake.server.refused == 1
        assert not fake.gate.closed
    finally:
        fake.stop()


def test_command_reaches_the_core_with_the_sender_named_by_the_kernel(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir) as client:
        reply = client.ask(Do(command=Pause(who="somebody else")))
    assert (reply.ok, reply.text) == (True, "Pause")
    assert core.seen[0].who.endswith(f"(pid {os.getpid()})")  # type: ignore[attr-defined]
    assert "somebody" not in core.seen[0].who  # type: ignore[attr-defined]


def test_halt_streams_until_the_core_says_that_no_order_is_left(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir) as client:
        ack = client.stop(Halt(), 5)
        steps = list(client.progress(5))
    assert ack.stop_id == core.gate.stop_id
    assert (steps[-1].run, steps[-1].code, steps[-1].orders_left) == ("HALTED", 2, 0)
    assert all(not step.done for step in steps[:-1])


def test_flatten_ends_only_flat_and_sealed(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir) as client:
        client.stop(Flatten(), 5)
        steps = list(client.progress(5))
    assert (steps[-1].run, steps[-1].code, steps[-1].positions_left) == ("FLAT", 0, 0)


@pytest.mark.parametrize(
    ("shown", "verb"),
    [
        (picture("HALTED", 1, 0, "sealed"), "halt"),
        (picture("HALTED", 0, 0, "unverified"), "halt"),
        (picture("RUNNING", 0, 0, "sealed"), "halt"),
        (picture("HALTED", 0, 0, "sealed"), "flatten"),
        (picture("FLAT", 0, 1, "sealed"), "flatten"),
        (picture("FLAT", 0, 0, ""), "flatten"),
    ],
)
def test_stop_is_not_done_before_the_venue_said_so(core: FakeCore, shown: Snapshot, verb: str) -> None:
    from core.control.answers import progress

    core.desk.publish(shown)
    now = progress(core.desk, verb)
    assert not now.done
    assert now.code == 3


@pytest.mark.parametrize(("command", "verb"), [(Flatten(), "flatten"), (Halt(), "halt")])
def test_a_picture_from_before_the_command_ends_nothing(
    core: FakeCore, state_dir: Path, command: Halt | Flatten, verb: str
) -> None:
    """S3-55: FLAT of a stop before this one says nothing of what filled since; done only once the core has looked."""
    core.freeze()
    core.desk.publish(picture("FLAT", 0, 0, "sealed"))
    with ControlClient(state_dir) as client:
        client.stop(command, 5)
        steps = client.progress(5)
        assert not next(steps).done
        core.desk.publish(picture("FLAT", 0, 0, "sealed"))
        assert not next(steps).done
        core.thaw()
        assert list(steps)[-1].done


def test_two_stops_of_one_name_are_each_waited_for(core: FakeCore) -> None:
    core.freeze()
    numbers = [core.desk.stop(Halt(id="stop-1.halt")), core.desk.stop(Halt(id="stop-1.halt"))]
    core.desk.answer(Answer(id="stop-1.halt", ok=True))
    core.desk.publish(picture())
    assert numbers[0] <= core.desk.shown < numbers[1]


def test_stuck_core_still_has_its_gate_closed_and_the_halt_acked(core: FakeCore, state_dir: Path) -> None:
    """The server's own thread answers: nothing of the core runs here."""
    core.freeze()
    with ControlClient(state_dir) as client:
        ack = client.stop(Halt(), 5)
        assert core.gate.closed
        assert ack.stop_id
        assert ack.closed_ns < 1_000_000_000
        with pytest.raises(Unavailable):
            list(client.progress(0.2))
    assert core.seen == []


def test_halt_is_served_while_other_questions_of_the_connection_wait(core: FakeCore, state_dir: Path) -> None:
    core.freeze()
    with raw_socket(state_dir) as connection:
        hello(connection)
        for n in range(1, 9):
            connection.sendall(frame(Do(n=n, command=Pause())))
        connection.sendall(frame(Do(n=9, command=Halt())))
        header = connection.recv(4, socket.MSG_WAITALL)
        told = read_told(connection.recv(frame_length(header), socket.MSG_WAITALL))
    assert type(told).__name__ == "Ack"
    assert told.n == 9


def test_viewer_may_look_but_not_command(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir, "viewer") as client:
        assert client.ask(Status()).ok
        assert not client.ask(Do(command=Halt())).ok
        assert not client.ask(Do(command=Pause())).ok
    assert not core.gate.closed
    assert core.seen == []


def test_one_controller_at_a_time(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir, "controller"):
        with pytest.raises(Refused, match=f"was pid {os.getpid()}; perpconsole attach --read-only looks on"):
            ControlClient(state_dir, "controller")
        with ControlClient(state_dir, "viewer") as viewer:
            assert viewer.ask(Status()).ok


def test_other_protocol_version_is_refused_in_words(core: FakeCore, state_dir: Path) -> None:
    with raw_socket(state_dir) as connection:
        connection.sendall(frame(Hello(version=VERSION + 1)))
        told = read_told(connection.recv(1 << 16)[4:])
    assert "use the same version" in told.text  # type: ignore[union-attr]


def test_position_is_labelled_as_the_cores_own_and_verify_without_a_venue_is_refused(
    core: FakeCore, state_dir: Path
) -> None:
    with ControlClient(state_dir) as client:
        body = client.ask(Position()).body
        verified = client.ask(Position(verify=True))
    assert body["source"] == "core"
    assert [row["symbol"] for row in body["positions"]] == ["ETHUSDC"]
    assert not verified.ok


def test_verified_position_comes_from_the_venue(core: FakeCore, state_dir: Path) -> None:
    """S3-57."""
    core.desk.read_position = lambda verify: {"source": "venue", "foreign_orders": 2}
    with ControlClient(state_dir) as client:
        reply = client.ask(Position(verify=True))
    assert (reply.ok, reply.body) == (True, {"source": "venue", "foreign_orders": 2})


def test_reports_are_listed_newest_first_and_read_by_bare_name_only(core: FakeCore, state_dir: Path) -> None:
    for n, name in enumerate(("round-0001-a.md", "round-0002-b.md")):
        path = state_dir / "reports" / name
        path.write_text(f"# {name}\n")
        path.chmod(0o600)
        os.utime(path, (n, n))
    (state_dir / "secret.md").write_text("secret")
    with ControlClient(state_dir) as client:
        assert client.ask(Reports()).body["reports"] == ["round-0002-b.md", "round-0001-a.md"]
        assert client.ask(Report(name="round-0001-a.md")).text == "# round-0001-a.md\n"
        for name in ("../secret.md", str(state_dir / "secret.md"), "", "round-0003.md"):
            assert not client.ask(Report(name=name)).ok


def test_slow_viewer_loses_pictures_and_holds_nobody_up(core: FakeCore, state_dir: Path) -> None:
    """A viewer that never reads: 200 fat pictures later the core was never blocked and others are served."""
    fat = Snapshot(logs=tuple(LogRow(ts=n, level="info", tag="x", text="y" * 200) for n in range(2_000)))
    with raw_socket(state_dir) as slow:
        hello(slow, "viewer")
        slow.sendall(frame(Watch(n=1, hz=20)))
        for _ in range(200):
            core.desk.publish(fat)
        with ControlClient(state_dir) as client:
            assert client.ask(Status()).ok
            client.stop(Halt(), 5)
    assert core.gate.closed


def test_watcher_sees_the_newest_picture(core: FakeCore, state_dir: Path) -> None:
    with ControlClient(state_dir, "viewer") as client:
        pictures = client.watch(20, 10)
        assert next(pictures).state.run == "RUNNING"
        for run in ("PAUSED", "COOLDOWN", "HALTED"):
            core.desk.publish(picture(run))
        seen = next(pictures)
        assert seen.state.run == "HALTED"


def test_state_dir_deeper_than_a_socket_name_may_be_long(state_dir: Path) -> None:
    """A Unix socket's name has 107 bytes; the state dir may be deeper."""
    deep = state_dir / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True, mode=0o700)
    fake = FakeCore(deep)
    try:
        with ControlClient(deep) as client:
            assert client.ask(Status()).ok
    finally:
        fake.stop()
    assert not (deep / "control.sock").exists()


def test_nobody_there_is_said_in_words(state_dir: Path) -> None:
    with pytest.raises(Unavailable, match="no core answers"):
        ControlClient(state_dir)
    left_behind = socket.socket(socket.AF_UNIX)
    left_behind.bind(str(state_dir / "control.sock"))
    left_behind.close()
    with pytest.raises(Unavailable, match="no core answers"):
        ControlClient(state_dir)


HOSTILE = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda body: struct.pack(">I", len(body)) + body),
    st.sampled_from([0, FRAME_CAP + 1, 0xFFFFFFFF]).map(lambda length: struct.pack(">I", length) + b"x"),
    st.lists(st.integers(0, 3), max_size=2000).map(lambda n: struct.pack(">I", 900) + b"\x91" * 900),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=HOSTILE, greeted=st.booleans())
def test_hostile_bytes_end_their_connection_and_nothing_else(
    core: FakeCore, state_dir: Path, raw: bytes, greeted: bool
) -> None:
    with raw_socket(state_dir) as connection:
        if greeted:
            hello(connection)
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
        except ConnectionError:
            assert raw
    with ControlClient(state_dir) as client:
        assert client.ask(Status()).ok
    assert list(core.server.faults) == []
    assert not core.gate.closed


@given(body=st.binary(max_size=400))
def test_any_bytes_are_a_message_or_a_bad_frame(body: bytes) -> None:
    for read in (read_ask, read_told):
        try:
            message = read(body)
        except BadFrame:
            continue
        assert isinstance(message, Ask | Told)


def test_oversized_frame_is_refused_before_a_byte_of_it_is_read() -> None:
    with pytest.raises(BadFrame):
        frame_length(struct.pack(">I", FRAME_CAP + 1))


def test_many_threads_may_halt_at_once_and_join_one_stop(core: FakeCore, state_dir: Path) -> None:
    ids: list[str] = []

    def one() -> None:
        with ControlClient(state_dir) as client:
            ids.append(client.stop(Halt(), 10).stop_id)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
