"""A console on a core of another process: `attach`, and the offer of plain `perpconsole` where a core runs already.

The core is told nothing here: its control socket knows which of its peers controls it, and when that one is gone.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import PerpError, Refused, Unavailable

if TYPE_CHECKING:
    from app.client import Socket
    from core.control.launch import Launch

CONTROLLER, VIEWER = "controller", "viewer"
OFFER = "[a]ttach, [v]iew only, [n]othing (Enter = nothing): "
CHOICES = {"": "", "n": "", "a": CONTROLLER, "v": VIEWER}
START = "perpconsole starts one with a console, perpconsole core one without"
LATER = "perpconsole attach comes back to it"


def attach(launch: Launch, role: str) -> str:
    """Run a console on the core of this state dir until it is left; one sentence about how that ended, "" in a browser.

    Raises Refused when no core answers, another console controls it, or no terminal is here.
    """
    from app import webdriver
    from app.client import Socket
    from app.console import Console
    from app.corethread import spawn_panic
    from app.hangup import terminal_ok
    from app.looks import options_of

    web = role == VIEWER and webdriver.asked_for(os.environ)
    size = webdriver.size_of(os.environ)  # read before the looks drop it
    good, why = terminal_ok()
    if not (good or web):
        raise Refused(f"{why}; without a terminal: perpconsole status")
    try:
        client = Socket.connected_to(launch.state_dir, role)
    except Unavailable as error:
        raise Refused(f"{error}; {START}") from error

    def panic() -> None:
        spawn_panic(launch.state_dir, launch.report_dir)

    try:
        options = options_of(
            launch,
            attached=True,
            read_only=role == VIEWER,
            core_alive=client.core_alive,
            read_report=lambda path: _report(client, path),
            on_stuck=None if role == VIEWER else panic,
            driver=partial(webdriver.driver_for, size) if web else None,
        )
        if web:  # its files would lie on this machine, not on the browser's
            options = replace(options, export=_not_from_here)
        why = Console(client, options).run() or "lost"
        return "" if web else _told(why, client)
    finally:
        client.close()


def _not_from_here(name: str, text: str) -> str:
    raise OSError(errno.EROFS, "read-only: nothing is written from a browser")


def _told(why: str, client: Socket) -> str:
    pid = client.core_pid
    return {"stop": f"core pid {pid} has ended", "core dead": f"core pid {pid} is gone"}.get(
        why, f"core pid {pid} goes on; {LATER}"
    )


def _report(client: Socket, path: str) -> str:
    """A report by its name over the socket. Raises OSError as a file would."""
    try:
        return client.report(Path(path).name)
    except PerpError as error:
        raise OSError(errno.EIO, str(error), path) from error


def instead(launch: Launch, held: str) -> str:
    """A core runs here already (UC-07): name its holder, offer to attach. Raises Refused where none is wanted, `held`
    in it where nobody can be asked."""
    from core.control.client import ControlClient
    from core.control.protocol import Status

    if launch.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(held)
    try:
        with ControlClient(launch.state_dir) as client:
            body = client.ask(Status()).body
    except PerpError as error:
        raise Refused(f"{held}; it does not answer: {error}") from error
    print(f"{held}\nA core runs here already: pid {body['pid']}, {body.get('mode', '')} {body['run']}")
    choice = None
    while choice not in CHOICES:
        print(OFFER, end="", flush=True)
        choice = sys.stdin.readline().strip().lower()
    if not CHOICES[choice]:
        raise Refused("nothing started: a core runs here already")
    return attach(launch, CHOICES[choice])
