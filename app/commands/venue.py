"""`perpconsole venue`: a loopback venue that speaks a real exchange's wire, to rehearse a bad day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from app.context import Globals

venue_commands = typer.Typer(
    help="A loopback venue with a real exchange's wire, to rehearse a bad day.",
    rich_markup_mode=None,
    add_completion=False,
)


def register(cli: typer.Typer) -> None:
    venue_commands.command("serve")(serve)
    venue_commands.command("faults")(faults)
    cli.add_typer(venue_commands, name="venue")


def serve(
    ctx: typer.Context,
    dialect: str = typer.Option("binance_usdm", help="whose wire: binance_usdm or hyperliquid"),
    symbol: list[str] = typer.Option([], help="instruments (several), as in configs/venues"),
    port: int = typer.Option(0, min=0, max=65535, help="port on 127.0.0.1; 0 takes a free one"),
    equity: float = typer.Option(10_000.0, min=1.0, max=1e9, help="money of its account"),
    seed: int = typer.Option(7, min=0, help="seed of its market"),
    faults: Path = typer.Option(None, help="YAML file of faults; `venue faults` lists the kinds"),
    dead_man_volume: int = typer.Option(
        0, min=0, help="hyperliquid: quote traded before it grants its dead-man's switch (the real one: 1,000,000)"
    ),
    tls: Path = typer.Option(None, metavar="DIR", help="serve https and put the throw-away CA into this folder"),
) -> None:
    """Serve on 127.0.0.1 until Ctrl+C. Prints the address, and an account and key that are worth nothing."""
    from app.built import built

    options: Globals = ctx.obj
    wish = built("Serving")(
        dialect=dialect,
        symbols=tuple(symbol),
        port=port,
        equity=equity,
        seed=seed,
        faults=faults,
        tls=tls,
        dead_man_volume=dead_man_volume,
    )
    built("serve")(wish, lambda body: _say(options, body))


def _say(options: Globals, body: dict[str, Any]) -> None:
    lines = [f"{body['dialect']} on {body['url']}: {', '.join(body['symbols'])}"]
    lines += [f"  {name} {value}" for name, value in body["account"].items()]
    if "ca" in body:
        lines.append(f"  TLS for {', '.join(body['hosts'])}, localhost and 127.0.0.1; its CA is {body['ca']}")
    lines.append(f"  books of the venue itself: {body['url']}/_venue/books   Ctrl+C ends it")
    options.show(body, "\n".join(lines))


def faults(ctx: typer.Context) -> None:
    """Every fault by name and what it does."""
    from app.built import built

    body = built("fault_kinds")()
    ctx.obj.show(body, body["text"])
