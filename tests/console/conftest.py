"""A console on a fake client with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual import _parser, constants

from app.console import Console
from app.options import Options
from core.domain.snapshot import Snapshot
from tests.console.fabricated import FakeClient, StillClock, snapshot


class Desk:
    """An app, its client and its clock."""

    def __init__(self, snap: Snapshot | None, **options: Any) -> None:
        self.clock = StillClock()
        self.client = FakeClient(snap)
        options = {"clock": self.clock, "palette": "default", "ascii_only": False, **options}
        self.app = Console(self.client, Options(**options))

    def run(self, size: tuple[int, int] = (120, 40)) -> Any:
        return self.app.run_test(size=size)


@pytest.fixture
def desk() -> Callable[..., Desk]:
    def make(snap: Any = ..., **options: Any) -> Desk:
        return Desk(snapshot() if snap is ... else snap, **options)

    return make


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The parser's clock: an escape is alone after 0.1 s of it."""
    at = [1_000.0]
    monkeypatch.setattr(_parser, "get_time", lambda: at[0])
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.1)
    return at
