"""`perpconsole limit`: tighten one limit of the running core, or take that back. The core decides whether it may be."""

from __future__ import annotations

import typer


def register(cli: typer.Typer) -> None:
    cli.command("limit")(limit)


def limit(
    ctx: typer.Context,
    name: str = typer.Argument(help="net, single (base coin), value, stop, day (quote currency)"),
    value: str = typer.Argument(help="the bound, below the configuration's: 0.1, 250, 1.5k; config takes it back"),
    symbol: str = typer.Option("", help="needed for a size where several symbols are traded"),
) -> None:
    """Tighten a limit until the next start; quotes made under the old one are pulled. Looser is refused."""
    from app.commands.stops import do
    from core.domain.commands import SetLimit
    from core.domain.errors import Refused
    from core.domain.typed import CONFIGURED, figure_of

    figure = figure_of(value)
    if figure is None and value != CONFIGURED:
        raise Refused(f"Expected a figure above 0 or the word {CONFIGURED}, was {value}")
    do(ctx.obj, SetLimit(limit=name, value=figure, symbol=symbol))
