"""The loopback server: what it serves, to whom, and what a taken port says."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Iterator

import pytest

from core.domain.errors import Refused
from core.domain.events import Link
from core.domain.units import NS_PER_S
from core.kpi.measures import Measures
from core.telemetry.health import HealthState, StreamHealth, answer, observe
from core.telemetry.server import HOST, PORT, PortBusy, TelemetryServer, holder_of
from tests.unit.kpi.desk import T0, Desk, step


@pytest.fixture
def server() -> Iterator[TelemetryServer]:
    pages = {
        "/metrics": lambda: (200, "text/plain", b"mm_position 1\n"),
        "/health": lambda: (500, "application/json", b"{}"),
    }
    made = TelemetryServer(pages, port=0)
    made.start()
    yield made
    made.close()


def ask(port: int, method: str = "GET", path: str = "/metrics", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body


def test_it_listens_on_loopback_8080_unless_told(server: TelemetryServer) -> None:
    """S3-52."""
    assert (HOST, PORT) == ("127.0.0.1", 8080)
    assert server.port not in (0, 8080)
    assert ask(server.port) == (200, b"mm_position 1\n")
    assert ask(server.port, path="/metrics?x=1")[0] == 200
    assert ask(server.port, path="/health") == (500, b"{}")
    assert ask(server.port, path="/etc/passwd")[0] == 404
    assert ask(server.port, method="HEAD") == (200, b"")
    with pytest.raises(Refused, match="Expected a loopback address"):
        TelemetryServer({}, port=0, host="0.0.0.0")


def test_other_hosts_origins_and_methods_get_nothing(server: TelemetryServer) -> None:
    """R-X6: rebinding and cross-site requests are refused, nothing changes state."""
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "localhost@evil"):
        assert ask(server.port, Host=host)[0] == 403, host
    for host in ("localhost", f"localhost:{server.port}", "[::1]:8080", "127.0.0.1"):
        assert ask(server.port, Host=host)[0] == 200, host
    assert ask(server.port, Origin="http://localhost")[0] == 403
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert ask(server.port, method=method)[0] == 501


def test_a_busy_port_names_its_holder_and_the_way_out() -> None:
    """S3-52."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy) as caught:
            TelemetryServer({}, port=port)
        assert f"pid {os.getpid()} (" in str(caught.value)
        assert "--metrics-port" in str(caught.value)
        assert caught.value.code == 1
    again = TelemetryServer({}, port=port)
    again.close()


def test_nobody_holds_a_free_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert holder_of(port) == "an unknown process"


def test_health_is_500_only_while_a_stream_cannot_be_re_established() -> None:
    """S0-08, K-34: HALTED is 200."""
    desk = Desk()
    measures = Measures(desk, T0)
    measures.take(step(T0, rows=1))

    def status(seconds: float, run: str = "RUNNING") -> int:
        now = T0 + round(seconds * NS_PER_S)
        return answer(observe(desk, measures, now, run, "PAPER", beat=now), now)[0]

    assert status(1) == status(1, "HALTED") == 200
    measures.take(step(T0 + NS_PER_S, inputs=(Link(0, False, "refused"),)))
    assert status(5) == 200  # it may still come back
    assert status(11.5) == 500
    body = answer(observe(desk, measures, T0 + 12 * NS_PER_S, "RUNNING", "PAPER", 0), 0)[1]
    assert b'"stream down"' in body
    assert b"refused" in body
    measures.take(step(T0 + 20 * NS_PER_S, inputs=(Link(0, True),)))
    assert status(21) == 200


def test_a_core_that_gives_no_sign_is_not_healthy() -> None:
    state = HealthState(beat=T0, streams=(StreamHealth("X", True, 0.0),))
    assert answer(state, T0 + 5 * NS_PER_S)[0] == 200
    assert answer(state, T0 + 11 * NS_PER_S)[0] == 500
