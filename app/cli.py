"""The command line: global options, the list of commands, and no work of its own. Imports stay lazy: help < 0.3 s.

Global options are taken before or after the command, so `perpconsole status --json` works as typed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from app.commands import (
    account,
    attaching,
    auditing,
    books,
    credentials,
    demo,
    doctor,
    limiting,
    recording,
    running,
    serving,
    stops,
    venue,
    watchdog,
    why,
)
from app.context import Globals

NAME = "perpconsole"
WITH_VALUE = ("--state-dir", "--report-dir", "--metrics-port")
FLAGS = ("--json", "--debug")
MANY = "--market"


class Hoisting(TyperGroup):
    """Moves global options that stand behind the command to the front."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, hoisted(spread(args)))


def spread(arguments: list[str]) -> list[str]:
    """`--market a b` as `--market a --market b`: one option takes several recordings."""
    out: list[str] = []
    taking = False
    for n, word in enumerate(arguments):
        if word == "--":
            return out + arguments[n:]
        if taking and not word.startswith("-"):
            out += [MANY, word]
        else:
            taking = word == MANY
            lonely = taking and (n + 1 == len(arguments) or arguments[n + 1].startswith("-"))
            out += [word] if not taking or lonely else []
    return out


def hoisted(arguments: list[str]) -> list[str]:
    """The same arguments with global options first; what follows `--` stays."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        if word == "--":
            rest += [word, *waiting]
        elif word in FLAGS or word.startswith(tuple(f"{name}=" for name in WITH_VALUE)):
            front.append(word)
        elif word in WITH_VALUE:
            front.append(word)
            front += [value for value in [next(waiting, None)] if value is not None]
        else:
            rest.append(word)
    return front + rest


cli = typer.Typer(
    name=NAME,
    cls=Hoisting,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    invoke_without_command=True,
    help="Operator console with an embedded trading core for perpetual futures. Without a command: the console on the "
    "embedded market and the simulated exchange; no keys, no network.",
    epilog="Exit codes: 0 done, 1 refused, 2-6 from stops (2 also from why, 3 from an end that no venue confirmed), "
    "64 wrong usage, 70 a fault of ours.",
)


@cli.callback()
def main(
    ctx: typer.Context,
    state_dir: Path = typer.Option(None, help="where locks, journals and the ledger live (default: XDG state)"),
    report_dir: Path = typer.Option(None, help="where reports go (default: reports in the state dir)"),
    metrics_port: int = typer.Option(None, min=0, max=65535, help="port of /metrics on 127.0.0.1; 0 picks one"),
    json: bool = typer.Option(False, "--json", help="print one JSON object instead of text"),
    debug: bool = typer.Option(False, "--debug", help="show tracebacks"),
    version: bool = typer.Option(False, "--version", help="print the version and exit"),
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"{NAME} {version_of(NAME)}")
        raise typer.Exit
    ctx.obj = Globals(state_dir, report_dir, metrics_port, json)
    if ctx.invoked_subcommand is None:
        running.console(ctx.obj.launch())


for module in (
    running,
    attaching,
    serving,
    account,
    stops,
    limiting,
    books,
    recording,
    doctor,
    venue,
    credentials,
    watchdog,
    demo,
    auditing,
    why,
):
    module.register(cli)
