"""A console on the lively client in a real terminal; every command and the end go to the file named in argv.

A second word `live`: with real money, so that every dialog wants its word.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from app.console import Console
from app.hangup import terminal_ok
from app.options import Options
from core.domain.snapshot import Snapshot
from tests.console.fabricated import LivelyClient, lively
from tests.console.torrent import ACCOUNT


def main() -> None:
    out = Path(sys.argv[1])

    def say(text: str) -> None:
        with out.open("a") as file:
            file.write(f"{text} {time.time_ns()}\n")

    good, why = terminal_ok()
    if not good:
        say(f"refused {why}")
        sys.exit(1)
    client = lively()
    plain_send = LivelyClient.send

    def send(command: object) -> None:
        say(type(command).__name__)
        plain_send(client, command)  # type: ignore[arg-type]

    client.send = send  # type: ignore[method-assign]
    if sys.argv[2:] == ["live"]:
        plain_latest = client.latest

        def latest() -> Snapshot | None:
            snap = plain_latest()
            return snap and msgspec.structs.replace(snap, mode="LIVE", network="mainnet", account=ACCOUNT)

        client.latest = latest  # type: ignore[method-assign]
    cpu, wall = time.process_time(), time.monotonic()
    ended = Console(client, Options(core_alive=lambda: client.alive, on_lost=lambda why: say(f"lost: {why}"))).run()
    say(f"ended {ended} cpu {(time.process_time() - cpu) / (time.monotonic() - wall):.3f}")


if __name__ == "__main__":
    main()
