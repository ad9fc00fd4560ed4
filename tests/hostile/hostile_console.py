"""A console on a real terminal that shows hostile strings in every field: test_terminal_bytes.py starts it."""

from __future__ import annotations

from typing import Any

from app.console import Console
from app.options import Options
from core.clock import SystemClock
from tests.console.fabricated import FakeClient
from tests.console.fabricated_audit import files
from tests.console.showcase import base
from tests.hostile.payloads import Filler
from tests.hostile.test_screens import STEP, WORDS, Spoilt, hostile_pages, read_report


class Hostile(FakeClient):
    """Another hostile picture with each look."""

    def __init__(self) -> None:
        self.turn = 0
        super().__init__(base("overview"))
        self.pages = hostile_pages(Filler(0))

    def latest(self) -> Any:
        self.turn += 1
        kept = WORDS if self.turn % 2 else frozenset()
        return Filler(self.turn * STEP, kept).filled(base("venues" if self.turn % 3 else "risk"))


def main() -> None:
    options = Options(clock=SystemClock(), palette="default", ascii_only=False, read_report=read_report, audit=Spoilt,
                      journals=files)  # fmt: skip
    Console(Hostile(), options).run()


if __name__ == "__main__":
    main()
