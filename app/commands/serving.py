"""`serve`: a view of the running core in a browser, read-only, on this machine's loopback alone."""

from __future__ import annotations

from pathlib import Path

import typer


def register(cli: typer.Typer) -> None:
    cli.command("serve")(serve)


def serve(
    ctx: typer.Context,
    port: int = typer.Option(8765, min=0, max=65535, help="port on 127.0.0.1; 0 takes a free one"),
    host: str = typer.Option("127.0.0.1", help="the loopback, and nothing else"),
    tabs: int = typer.Option(4, min=1, max=16, help="most consoles at once, each a process of its own"),
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file: keys and looks of the consoles"),
) -> None:
    """A read-only console in a browser, over an SSH tunnel. Runs until Ctrl+C; ends no core and moves nothing."""
    from app import serve as served

    options = ctx.obj
    served.serve(
        served.Wish(options.state, host, port, tabs, config),
        lambda body: options.show(body, body["text"]),
    )
