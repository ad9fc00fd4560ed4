"""Finds recorded market data, or skips the test by the name of the file that is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ABSENT = "recorded data absent: "


def data_dir() -> Path:
    """`PERP_DATA`, or shared/data beside the checkout."""
    return Path(os.environ.get("PERP_DATA") or CHECKOUT.parent / "shared" / "data")


class Recordings:
    """Paths of recordings: `recordings("l2/standx_btcusd_perp_book10_20260106.parquet")`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str) -> Path:
        """The path of one file below the data folder; skips the test if it is absent."""
        path = self.folder / name
        if not path.is_file():
            pytest.skip(f"{ABSENT}{name}")
        return path
