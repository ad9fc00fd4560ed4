"""What many tests of processes begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.live_venue import Served, served


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Served]:
    """A Binance-like loopback venue as a process of its own."""
    with served(tmp_path) as found:
        yield found
