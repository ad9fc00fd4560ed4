"""Money against its limits: round and day, drawdown, unrealised loss with the reduce bands that are done or not."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.limit_rows import DAY_LOSS, ROUND_STOP, BandRow, LimitRow
from screens import format as fmt
from screens.panes.pnl import drawdown_style
from screens.panes.risk_limits import HIT, TIGHT, merged, mood, share_text, stale_owners
from screens.theme import profit_style
from screens.view import View
from screens.widgets.lines import Line
from screens.widgets.pane import Drawn

LABEL = 9


def limit_of(rows: Sequence[LimitRow], name: str) -> LimitRow | None:
    """The limit of that name that is used most, over all strategies."""
    found = [row for row in merged(rows) if row.name == name]
    return max(found, key=lambda row: (mood(row), row.used or 0.0), default=None)


def _words(row: LimitRow) -> list[tuple[str, str]]:
    """How much of it is used, the longest first; hit and near are told in any room."""
    if row.used is None:
        return [(fmt.UNKNOWN, "dim")]
    share = share_text(row)
    if mood(row) == HIT:
        return [(f"HIT {share}", "crit"), ("HIT", "crit")]
    if mood(row) == TIGHT:
        return [(f"{share} !", "warn"), ("!", "warn")]
    return [(f"{share} used", "text"), (share, "text")]


def _against(label: str, profit: float, row: LimitRow | None, width: int, old: bool) -> Line:
    """`day  +3.34  stop -50.00 USDC  7% used`."""
    style = "stale" if old else profit_style(profit)
    line = Line((label.ljust(LABEL), "label"), (("?" if old else "") + fmt.number(profit, 2, True), style))
    if row is None or row.bound is None:
        return line.add("  no limit known", "dim")
    line.add(" limit ", "label").add(fmt.number(-abs(row.bound), 2), "text")
    words = _words(row)
    word = next((one for one in words if line.width + 1 + len(one[0]) <= width), words[-1])
    return line.right(Line(word), width)


def _drawdown(view: View, width: int) -> Line:
    assert view.snapshot is not None
    p = view.snapshot.pnl
    line = Line(("drawdown".ljust(LABEL), "label"), (fmt.percent(abs(p.drawdown), 2), "value"))
    line.add(" worst ", "label").add(fmt.percent(abs(p.max_drawdown), 2), "text")
    if p.drawdown_limit is not None:
        style = drawdown_style(p.drawdown, p.drawdown_limit)
        word = {"crit": " HIT", "warn": " !"}.get(style, "")
        line.right(Line((f"max {fmt.percent(p.drawdown_limit)}{word}", style)), width)
    return line


def bands_blocks(view: View, width: int) -> list[list[Line]]:
    """One block a strategy: its unrealised loss, then each band with the share it takes, and whether it is done."""
    assert view.snapshot is not None
    owners: dict[str, list[BandRow]] = {}
    for band in view.snapshot.bands:
        known = owners.setdefault(band.owner, [])
        if not any(one.loss == band.loss for one in known):
            known.append(band)
    old, made = stale_owners(view), []
    for owner, bands in owners.items():
        name = "loss" if len(owners) == 1 else fmt.shorten(owner, LABEL - 1)
        now = bands[0].now
        loss = fmt.number(None if now is None else max(now, 0.0), 2)
        line = Line((name.ljust(LABEL), "label"))
        lines: list[Line] = []
        line.add(("?" if owner in old and loss != fmt.UNKNOWN else "") + loss, "stale" if owner in old else "value")
        for band in bands:
            part = Line(
                (
                    f"  {band.loss:g}" if math.isfinite(band.loss) else f"  {fmt.UNKNOWN}",
                    "warn" if band.done else "text",
                )
            )
            part.add(f" -{band.fraction:.0%}" if 0 <= band.fraction <= 1 else f" {fmt.UNKNOWN}", "dim")
            part.add(" done" if band.done else "", "warn")
            if line.width + part.width > width:
                lines.append(line)
                line = Line((" " * (LABEL - 2), "text"))  # the blanks of the band follow
            line.extend(part)
        made.append([*lines, line])
    return made


def blocks(view: View, width: int) -> list[list[Line]]:
    """Round, day, each strategy's bands, drawdown; a block may have several lines."""
    snap = view.snapshot
    assert snap is not None
    old = bool(stale_owners(view))
    return [
        [_against("round", snap.pnl.net, limit_of(snap.limits, ROUND_STOP), width, old)],
        [_against("day", snap.pnl.day, limit_of(snap.limits, DAY_LOSS), width, old)],
        *(bands_blocks(view, width) or [[Line(("no reduce bands", "dim"))]]),
        [_drawdown(view, width)],
    ]


def loud_first(view: View, width: int) -> list[Line]:
    """For a place with little room: what is hit, near or done stands first."""

    def quiet(block: list[Line]) -> bool:
        return not any(style in ("crit", "warn") for line in block for _, style in line.spans)

    return [line for block in sorted(blocks(view, width), key=quiet) for line in block]


def draw(view: View, width: int, height: int) -> Drawn:
    old = bool(stale_owners(view))
    held = [row.ts for row in view.snapshot.positions if row.size] if view.snapshot is not None else []
    lines = [line for block in blocks(view, width) for line in block]
    return Drawn(lines[:height], "", "dim", view.age_ns(min(held, default=None)), old)
