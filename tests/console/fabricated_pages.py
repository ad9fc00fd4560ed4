"""Fabricated pages: what a core answers to every question that a screen asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.questions import ConfigInForce, ConfigPage, ConfigRow, LogLines, LogPage
from core.domain.snapshot import Check, LogRow
from screens.logs import KEPT
from tests.console import fabricated_orders
from tests.console.fabricated import SECOND, T0

LEVELS = ("info", "info", "warn", "info", "crit")


def row(n: int) -> LogRow:
    level = LEVELS[n % len(LEVELS)]
    return LogRow(T0 + n * SECOND, level, "[order_update]", f"line {n} of the core, {'late' if n % 7 else 'odd'}")


class Ring:
    """A core's ring: `total` lines, the newest `kept` of them."""

    def __init__(self, total: int, kept: int = KEPT, page: int = 2_000) -> None:
        self.total, self.kept, self.page = total, kept, page

    def __call__(self, asked: LogLines) -> LogPage:
        first = max(asked.after, self.total - self.kept) + 1
        rows = tuple(row(n) for n in range(first, min(first + self.page, self.total + 1)))
        return LogPage(first, self.total, rows)


CONFIG_PAGE = ConfigPage(
    "configs/paper.yml", "a" * 64,
    (
        ConfigRow("mode", "paper", "file"), ConfigRow("equity", "200", "env PERP__EQUITY"),
        ConfigRow("strategies.0.params.layer_spacing_mode", "geometric", "default"),
        ConfigRow("venues.binance_usdm.keys.secret", "••••3f2a", "file"),
        *(ConfigRow(f"risk.limit_{n}", str(n), "default") for n in range(60)),
    ),
    (
        Check("feeds fresh", True, "books come"), Check("layers", False, "8 of 24 can be placed"),
        Check("clock within 250 ms", None, "no sample yet"),
    ),
)  # fmt: skip

PAGES: Mapping[type, Any] = {LogLines: Ring(240), ConfigInForce: CONFIG_PAGE, **fabricated_orders.PAGES}
