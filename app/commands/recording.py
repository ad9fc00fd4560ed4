"""`perpconsole record`: public data of a real venue into files that backtest and paper read."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from app.context import Globals

PLAIN_EVERY = 60  # counters once a second; without a terminal one line a minute


def register(cli: typer.Typer) -> None:
    cli.command("record")(record)


def record(
    ctx: typer.Context,
    venue: str = typer.Option(..., help="the venue, as in configs/venues: hyperliquid, binance_usdm"),
    symbol: list[str] = typer.Option(..., help="instruments (several), as in configs/venues"),
    out: Path = typer.Option(..., help="folder of the recordings; made if absent, nothing in it is overwritten"),
    minutes: float = typer.Option(0.0, min=0.0, help="end after so long; 0 = at Ctrl+C"),
    network: str = typer.Option("mainnet", help="mainnet, testnet or demo, as the venue has them"),
    url: str = typer.Option("", help="a loopback venue instead: http://127.0.0.1:PORT"),
    file_minutes: float = typer.Option(60.0, min=0.1, max=44_640, help="a new file each so many minutes"),
    file_mb: float = typer.Option(256.0, min=0.001, max=100_000, help="and when one is this large"),
) -> None:
    """Record books, trades, marks and funding until Ctrl+C. Public data only: no keys, no orders."""
    from app.built import built

    options: Globals = ctx.obj
    wish = built("RecordWish")(
        venue=venue, symbols=tuple(symbol), out=out.absolute(), network=network, url=url, minutes=minutes,
        file_minutes=file_minutes, file_mb=file_mb,
    )  # fmt: skip
    counters = Counters(built("recording_line"), quiet=options.json)
    body = built("record")(wish, counters.show, counters.warn)
    counters.end()
    options.show(body, body["text"], code=0 if body["ok"] else 1)


class Counters:
    """One line that is drawn again and again on a terminal; elsewhere a line a minute; with --json none."""

    def __init__(self, line: Any, quiet: bool) -> None:
        self._line, self._quiet, self._tty = line, quiet, sys.stdout.isatty()
        self._shown = 0

    def show(self, progress: dict[str, Any]) -> None:
        """The counters now."""
        if self._quiet:
            return
        text = self._line(progress)
        if self._tty:
            room = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:room]}", end="", flush=True)
        elif self._shown % PLAIN_EVERY == 0:
            print(text, flush=True)
        self._shown += 1

    def warn(self, text: str) -> None:
        """What the venue has to say, on a line of its own."""
        if not self._quiet:
            self.end()
            print(f"perpconsole: {text}", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._tty and not self._quiet and self._shown:
            print(flush=True)
