"""Commands that look: `status` and `position`. They ask the running core, else read the state dir themselves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from app.context import as_text

if TYPE_CHECKING:
    from app.context import Globals

NOBODY = "no core runs in this state dir"
CHECK_FIRST = (
    "The venue's own page is the truth: if it shows a position that this list does not, look there first, rule out a "
    "second process (perpconsole doctor), then ask again (docs/operating.md)."
)


def register(cli: typer.Typer) -> None:
    cli.command("status")(status)
    cli.command("position")(position)


def status(ctx: typer.Context) -> None:
    """What the core does: run state, gate, money, round. Exit 1 when no core runs."""
    from core.control.client import ControlClient
    from core.control.protocol import Status
    from core.domain.errors import Unavailable

    options: Globals = ctx.obj
    try:
        with ControlClient(options.state) as client:
            body = {"running": True, **client.ask(Status()).body}
        options.show({**body, "state_dir": str(options.state)})
    except (Unavailable, FileNotFoundError) as error:
        body = {"running": False, "why": str(error) if isinstance(error, Unavailable) else NOBODY, **_left(options)}
        options.show(body, f"{NOBODY} ({options.state})\n{as_text(body)}", code=1)


def _left(options: Globals) -> dict[str, Any]:
    """What the disk says while nobody answers: the latch, and who holds the lock."""
    import msgspec

    from core.clock import SystemClock
    from core.guard.latch import Latch
    from core.guard.lock import BEAT_FILE, InstanceLock, describe, heartbeat_age, read_record

    if not options.state.is_dir():
        return {"latch": None, "holder": None}
    clock = SystemClock()
    lock = InstanceLock(options.state, clock)
    held = lock.holders()
    text = None
    if held.found:
        text = describe(read_record(lock.path), heartbeat_age(options.state / BEAT_FILE, clock), held)
    stop = Latch(options.state).read()
    return {"latch": None if stop is None else msgspec.to_builtins(stop), "holder": text}


def position(
    ctx: typer.Context,
    verify: bool = typer.Option(False, "--verify", help="ask the venue itself, foreign orders included"),
) -> None:
    """Positions and open orders; without a running core straight from the venue."""
    from core.control.client import ControlClient
    from core.control.protocol import Position
    from core.domain.errors import Refused, Unavailable

    options: Globals = ctx.obj
    try:
        with ControlClient(options.state) as client:
            reply = client.ask(Position(verify=verify))
            if not reply.ok:
                raise Refused(reply.text)
            body = reply.body
    except (Unavailable, FileNotFoundError):
        body = _from_venue(options)
    unread = body.get("not_read") or []
    options.show({**body, "note": CHECK_FIRST} if verify else body, code=1 if unread else 0)


def _from_venue(options: Globals) -> dict[str, Any]:
    """The accounts of the state dir, opened under the lock, and the recorded ones of real venues."""
    from app.keys import keys_of
    from core.clock import SystemClock
    from core.control.accounts import open_live
    from core.control.answers import listed
    from core.control.outcome import Outcome
    from core.control.paper_account import open_accounts
    from core.domain.events import Read

    rows: dict[str, list[dict[str, Any]]] = {"positions": [], "orders": []}
    failed: list[str] = []
    if options.state.is_dir():
        clock = SystemClock()
        anywhere = os.environ.get("PERP_ALLOW_FILESYSTEM") == "1"
        paper = open_accounts(options.state, clock, "position", anywhere)
        live = open_live(options.state, keys_of, clock, lambda step, text: None, closes=False)
        failed += [f"{one.venue}: {one.text}" for one in live if isinstance(one, Outcome)]
        opened = [one for one in live if not isinstance(one, Outcome)]
        for account in (*paper, *opened):
            held, alive = account.read(Read("positions", 1)), account.read(Read("orders", 2))
            account.close()
            if error := held.error or alive.error:
                failed.append(f"{account.name}: {error}")
                continue
            found = listed(account.name, account.symbols, held.positions, alive.orders)
            for kind in rows:
                rows[kind] += found[kind]
    return {
        "source": "venue",
        "core": NOBODY,
        **rows,
        "foreign_orders": sum(not order["ours"] for order in rows["orders"]),
        "not_read": failed,
    }
