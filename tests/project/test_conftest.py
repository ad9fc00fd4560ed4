"""The guards of tests/conftest.py, tried on purpose."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import network
from tests.support.recorded import ABSENT, Recordings
from tools.pin import ROOT


@pytest.fixture
def expected_attempts() -> list[str]:
    """The attempts of this test, which then do not count against it."""
    return network.ATTEMPTS


def test_connection_to_another_machine_is_refused_and_remembered(expected_attempts: list[str]) -> None:
    with socket.socket() as sock, pytest.raises(network.OutsideConnection, match=r"192\.0\.2\.1:443"):
        sock.connect(("192.0.2.1", 443))
    assert expected_attempts == ["192.0.2.1:443"]
    expected_attempts.clear()


def test_name_of_another_machine_is_not_even_looked_up(expected_attempts: list[str]) -> None:
    with pytest.raises(network.OutsideConnection):
        socket.getaddrinfo("venue.invalid", 443)
    assert expected_attempts == ["venue.invalid:443"]
    expected_attempts.clear()


async def test_asyncio_streams_are_guarded_too(expected_attempts: list[str]) -> None:
    with pytest.raises(OSError, match="loopback"):
        await asyncio.open_connection("192.0.2.1", 443)
    assert expected_attempts
    expected_attempts.clear()


async def test_loopback_connection_is_open() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        reader, writer = await asyncio.open_connection(host, port)
        assert await reader.read() == b""
        writer.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("127.9.9.9", True),
        ("10.0.0.1", False),
        ("1.1.1.1", False),
        (b"localhost", True),
    ],
)
def test_local_addresses_are_told_from_others(host: object, local: bool) -> None:
    assert network.is_local(host) is local


def test_state_dir_is_private_and_has_room_for_a_socket(state_dir: Path) -> None:
    assert state_dir.stat().st_mode & 0o777 == 0o700
    assert len(str(state_dir / "control.sock").encode()) < 100
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(state_dir / "control.sock"))


def test_absent_recording_skips_by_name(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"{ABSENT}l2/none.parquet"):
        Recordings(tmp_path)("l2/none.parquet")


def test_present_recording_is_found(tmp_path: Path) -> None:
    (tmp_path / "bars.parquet").touch()
    assert Recordings(tmp_path)("bars.parquet") == tmp_path / "bars.parquet"


def test_seed_is_the_same_each_time(seed: int, request: pytest.FixtureRequest) -> None:
    assert seed == request.getfixturevalue("seed")
    chosen = os.environ.get("PERP_TEST_SEED")
    assert seed == (int(chosen) if chosen else 3605701772)


def test_operator_settings_are_out_of_reach() -> None:
    assert not [key for key in os.environ if key.startswith("PERP__")]
    assert Path(os.environ["XDG_STATE_HOME"]).name == "state"


PLANTED = """
import socket
import pytest

def test_good():
    assert True

def test_bad(seed):
    assert seed is None

def test_swallows_the_refusal():
    try:
        socket.create_connection(("192.0.2.1", 1))
    except OSError:
        return

@pytest.mark.parametrize("n", [1, 2])
def test_recorded(recordings, n):
    recordings(f"l2/none{n}.parquet")

@pytest.mark.skip(reason="other")
def test_other():
    pass

async def test_awaited():
    pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_last_lines_tell_the_counts_and_the_absent_recordings(tmp_path: Path, workers: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tests" / "support", tmp_path / "tests" / "support")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    (tmp_path / "tests" / "test_planted.py").write_text(PLANTED)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PERP"))}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", workers],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert run.stdout.splitlines()[-2:] == ["2 passed, 2 failed, 3 skipped", "recorded-data tests skipped: 2"]
    assert "Expected loopback connections only, was 192.0.2.1:1" in run.stdout
    assert "the same again: PERP_TEST_SEED=" in run.stdout
    assert "recorded data absent: l2/none1.parquet" in run.stdout
