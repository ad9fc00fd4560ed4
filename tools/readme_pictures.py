"""The pictures of README and docs/console.md: real paper cores on a fixed seed, drawn by the real console.

`python -m tools.readme_pictures [NAME ...]` writes docs/pictures/NAME.svg (`make pictures` all of them). The market and
the orders of a seed are the same each time; measured latencies, and so the last digits of some figures, are not.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.options import Options
from core.clock import VirtualClock
from core.domain.commands import Halt
from core.domain.snapshot import Snapshot
from tools.pictures import picture
from tools.real_console import Moment, Stage, traded

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
CONFIGS = FOLDER.parent.parent / "configs"
WIDE, NARROW = (120, 40), (80, 24)
MINUTE = 60_000_000_000


@dataclass(frozen=True)
class Shot:
    """One file: which keys lead to the screen, at which size."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = WIDE


MAKER = (
    Shot("overview"), Shot("overview-80x24", size=NARROW), Shot("risk", ("r",)), Shot("execution", ("x",)),
    Shot("help", ("question_mark",)),
)  # fmt: skip
STOPPED = (Shot("halted"),)
REPORT = (Shot("rounds", ("o", "down", "enter")),)
PAIR = (Shot("spread", ("s",)),)


def maker_at_work(picture: Snapshot) -> bool:
    """Ten minutes of market making at least."""
    return traded(picture) and picture.round.elapsed_ns >= 10 * MINUTE


def stopped(picture: Snapshot) -> bool:
    """Halted, and the venue's list of orders says so."""
    return picture.state.run == "HALTED" and not picture.orders


def reported(picture: Snapshot) -> bool:
    """A round is over and its report written."""
    return any(row.report and row.ended for row in picture.rounds) and picture.round.number >= 2


def locked(picture: Snapshot) -> bool:
    """Both legs are held for the second time, some seconds after the lock."""
    return picture.round.elapsed_ns >= MINUTE and any(
        pair.state == 3 and picture.ts - pair.since >= MINUTE // 15 for pair in picture.pairs
    )


def moments(wanted: set[str]) -> Iterator[tuple[Shot, Moment]]:
    """Each shot with the moment that it shows; cores run only for what is wanted."""

    def of(shots: tuple[Shot, ...]) -> list[Shot]:
        return [shot for shot in shots if not wanted or shot.name in wanted]

    if of(MAKER) or of(STOPPED):
        with Stage() as stage:
            moment = stage.until(maker_at_work)
            yield from ((shot, moment) for shot in of(MAKER))
            if of(STOPPED):
                stage.desk.send(Halt(who="operator", reason="key"))
                moment = stage.until(stopped)
                yield from ((shot, moment) for shot in of(STOPPED))
    if of(REPORT):
        with Stage(speed=40.0, round_hours=0.25) as stage:
            moment = stage.until(reported)
            yield from ((shot, moment) for shot in of(REPORT))
    if of(PAIR):
        with Stage(speed=4.0, config=CONFIGS / "demo_pair.yml", market=("pair-walk",)) as stage:
            moment = stage.until(locked, settle=False)
            yield from ((shot, moment) for shot in of(PAIR))


def main() -> None:
    """Command line."""
    names = [shot.name for shot in (*MAKER, *STOPPED, *REPORT, *PAIR)]
    parser = argparse.ArgumentParser(prog="python -m tools.readme_pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; none = all")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    if unknown := set(given.names) - set(names):
        parser.error(f"Expected names of {', '.join(names)}, was {', '.join(sorted(unknown))}")
    for shot, moment in moments(set(given.names)):
        options = Options(clock=VirtualClock(moment.picture.ts), palette="default", ascii_only=False)
        path = given.folder / f"{shot.name}.svg"
        asyncio.run(picture(moment, path, shot.size, 0.5, shot.keys, options))
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
