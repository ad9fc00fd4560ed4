"""What a running core gives to the outside: /metrics and /health on loopback, and the store beside the journal.

A busy port is one clear alert in PAPER and trading goes on; the store may lag or fail, the journal holds everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.build.observers import Observers
from core.clock import SystemClock, stamp
from core.config.load import Loaded
from core.control.launch import Launch
from core.domain.snapshot import Snapshot
from core.store import schema
from core.store.rows import Rows
from core.store.writer import AsyncStore
from core.telemetry.health import HealthState, answer, observe
from core.telemetry.readings import Readings, read
from core.telemetry.server import PortBusy, TelemetryServer

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Publishing:
    """`open` at start, `look` at every picture, `close` at the end."""

    def __init__(self, loaded: Loaded, launch: Launch, late: Callable[[], Any]) -> None:
        self.loaded, self.launch, self._late = loaded, launch, late
        self.clock = SystemClock()
        self.readings = Readings()
        self.health = HealthState()
        self.server: TelemetryServer | None = None

    def open(self) -> list[str]:
        """Start the server; returns what must be said about it. Raises PortBusy for a port that was asked for by name
        and is taken; the port of the configuration is only reported, so that the console opens."""
        settings = self.loaded.settings.telemetry
        if not settings.metrics:
            return []
        try:
            self.server = TelemetryServer({"/metrics": self._metrics, "/health": self._health}, settings.metrics_port)
        except PortBusy as error:
            if self.launch.metrics_port:
                raise
            return [f"{error} PAPER goes on without metrics."]
        self.server.start()
        _, pictures = self._late()
        pictures.metrics_port = self.server.port
        return []

    def store(self, observers: Observers, session: str) -> AsyncStore:
        """The projection of this run; a damaged file is kept aside and said so."""
        path = self.launch.state_dir / "store.db"
        opened = schema.prepare(path, stamp(self.clock.now()))
        if opened.aside is not None:
            text = f"store was damaged ({opened.why}), kept as {opened.aside.name}; a new one was made"
            observers.alerts.add(observers.measures.now, "warn", "store", text)
        rows = Rows(observers.desk, observers.measures, session, self.loaded.settings.account)
        return AsyncStore(path, rows, lambda text: _trouble(observers, text))

    def look(self, picture: Snapshot, observers: Observers, wall: int, waiting: int) -> None:
        """New readings for the scrape thread."""
        self.readings = read(observers.desk, observers.measures, picture, waiting)
        self.health = observe(
            observers.desk, observers.measures, observers.measures.now, picture.state.run, picture.mode, wall
        )

    def text(self) -> str:
        """The page of /metrics as it stands, for the round report."""
        from core.telemetry.prometheus import text

        return text(self.readings)

    def _metrics(self) -> tuple[int, str, bytes]:
        return 200, TEXT, self.text().encode()

    def _health(self) -> tuple[int, str, bytes]:
        status, body = answer(self.health, self.clock.now())
        return status, "application/json", body

    def close(self) -> None:
        if self.server is not None:
            self.server.close()


def _trouble(observers: Observers, text: str) -> None:
    observers.alerts.add(observers.measures.now, "warn", "store", text)
