"""`why`: which stage of the running core says no, for each strategy on each instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from app.context import clean

if TYPE_CHECKING:
    from app.context import Globals
    from core.domain.why_page import WhyColumn, WhyStage

TRADES, WAITS = 0, 2


def register(cli: typer.Typer) -> None:
    cli.command("why")(why)


def why(ctx: typer.Context, name: str = typer.Argument("", help="a strategy or a symbol; without one: all")) -> None:
    """Why does it not trade? Exit 0 when no stage says no, 2 when one does, 1 when no core runs or none is of NAME."""
    import msgspec

    from core.control.client import ControlClient
    from core.domain.errors import Refused, Unavailable
    from core.domain.questions import WhyNot
    from core.domain.why_page import WhyPage

    options: Globals = ctx.obj
    try:
        with ControlClient(options.state) as client:
            page = client.query(WhyNot())
    except (Unavailable, FileNotFoundError) as error:
        raise Refused(f"{error}; start one with: perpconsole run") from error
    assert isinstance(page, WhyPage)
    columns = [
        one for one in page.columns if not name or name.casefold() in (one.strategy.casefold(), one.symbol.casefold())
    ]
    if not columns:
        known = ", ".join(sorted({text for one in page.columns for text in (one.strategy, one.symbol)}))
        raise Refused(f"Expected a strategy or a symbol of the running core ({known}), was {name}")
    body: dict[str, Any] = {
        "now": page.now, "steady": page.steady, "columns": [msgspec.to_builtins(one) for one in columns],
    }  # fmt: skip
    text = "\n\n".join(text_of(one) for one in columns)
    options.show(body, text, WAITS if any(one.stage for one in columns) else TRADES)


def text_of(column: WhyColumn) -> str:
    """The answer, the stages in order with their counts of the round and the hour."""
    lines = [f"{clean(column.strategy)} {clean(column.venue)} {clean(column.symbol)}", clean(column.answer)]
    for stage in column.stages:
        lines.append(f"{'>' if stage.name == column.stage else ' '} {stage.name:<15}{stage.verdict:<11}{_says(stage)}")
        for count in stage.counts:
            times = f"round {clean(count.round)}, hour {clean(count.hour)}"
            newest = f", newest {_clock(count.newest)}" if count.newest else ""
            example = f" {clean(count.example)}" if count.example else ""
            lines.append(f"{'':<28}{clean(count.code.replace('_', ' '))}: {times}{newest}{example}")
    return "\n".join(lines)


def _says(stage: WhyStage) -> str:
    since = f" (since {_clock(stage.since)})" if stage.since and stage.verdict in ("NO", "part") else ""
    until = f" (until {_clock(stage.until)})" if stage.until else ""
    return clean(stage.text) + since + until


def _clock(ts: int | None) -> str:
    seconds = (ts or 0) // 1_000_000_000 % 86_400
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
