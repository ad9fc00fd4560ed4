"""Opened recordings, converted once a worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.market.recording import Recording, open_recording
from tests.support.recorded import Recordings
from tests.unit.market.markets import FILES

Opened = Callable[[str], Recording]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("columns")


@pytest.fixture
def opened(recordings: Recordings, cache: Path) -> Opened:
    """`opened("standx_btc")`: one market of tools.calibrate.FILES, or a skip by the name of the absent file."""

    def open_(name: str) -> Recording:
        instrument, files = FILES[name]
        return open_recording([recordings(file) for file in files], instrument, cache, seed=7)

    return open_
