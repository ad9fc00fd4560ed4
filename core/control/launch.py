"""How a core is started: what command line and environment ask for, before any config is read.

Plain values shared by the command line and `core.build`; decides nothing.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One start. None and empty mean "as the config says". speed: market seconds a wall second, inf = as fast as it
    goes; rounds: 0 = no end, None = config; round_hours: hours; market: `synthetic` or recording paths.
    """

    state_dir: Path
    report_dir: Path
    config: Path | None = None
    mode: str = "paper"
    market: tuple[str, ...] = ()
    speed: float | None = None
    rounds: int | None = None
    round_hours: float | None = None
    on_round_end: str = ""
    seed: int | None = None
    headless: bool = False
    metrics_port: int | None = None
    fresh: bool = False
    driver: str = "reference"
    price: float | None = None
    symbol: str = ""
    json: bool = False
    who: str = ""
    unproven: str = ""  # why live may start without a passing round on record
