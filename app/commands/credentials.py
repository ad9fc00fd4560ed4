"""`perpconsole credentials`: would a live start find its keys? Names, places, yes or no; never a value or a length."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from core.config.credentials import Right
    from core.config.settings import Settings


def register(cli: typer.Typer) -> None:
    cli.command("credentials")(credentials)


def credentials(
    ctx: typer.Context,
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file"),
) -> None:
    """Which keys of each venue of a config are there, which are missing, and whether their file is private."""
    from core.build.assemble import load_config

    loaded = load_config(config, {})
    venues = dict.fromkeys(
        [*(venue for s in loaded.settings.strategies for venue, _ in s.places), *loaded.settings.venues]
    )
    rows = [_row(loaded.settings, venue, right) for venue in venues for right in _rights()]
    ok = all(row["ok"] for row in rows)
    text = "\n".join(line for row in rows for line in _lines(row))
    ctx.obj.show({"ok": ok, "config": loaded.file, "venues": rows}, f"{loaded.file}\n{text}", code=0 if ok else 1)


def _rights() -> tuple[Right, ...]:
    return "trade", "read"


def _row(settings: Settings, venue: str, right: Right) -> dict[str, Any]:
    from core.config.credentials import find, own_keys
    from core.domain.errors import Refused
    from core.guard.redact import PROCESS

    keys = own_keys(settings, venue)
    row: dict[str, Any] = {
        "venue": venue, "right": right, "source": keys.source if keys else "default", "where": None,
        "keys": {}, "missing": [], "next_step": "", "ok": False,
    }  # fmt: skip
    try:
        found = find(settings, venue, right, os.environ, PROCESS)
    except Refused as error:
        row["next_step"] = PROCESS.clean(str(error))
    else:
        row |= {"where": found.where, "keys": found.fields, "missing": list(found.missing)}
        row |= {"next_step": found.next_step, "ok": not found.missing}
    if keys is not None and keys.source == "file":
        row["file_private"] = row["where"] is not None
    return row


def _lines(row: dict[str, Any]) -> list[str]:
    from app.context import clean

    there = ", ".join(f"{name} {'yes' if is_there else 'NO'}" for name, is_there in row["keys"].items())
    head = f"{'ok' if row['ok'] else 'FAIL':<5} {row['venue']:<13} {row['right']:<6} {there or 'not read'}"
    private = ", a private file" if row.get("file_private") else ""
    lines = [f"{head}  from {clean(row['where'])}{private}" if row["where"] else head]
    if row["missing"]:
        lines.append(f"      missing: {', '.join(row['missing'])}")
    return [*lines, f"      {clean(row['next_step'])}"] if row["next_step"] else lines
