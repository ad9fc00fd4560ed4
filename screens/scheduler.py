"""Scheduler: what happens next and when, the rounds that have ended, and how the run state came to be what it is."""

from __future__ import annotations

from screens.actions import SCHEDULER
from screens.base import bindings
from screens.board import Board
from screens.panes import scheduler_history, scheduler_next, scheduler_rounds
from screens.widgets.pane import Pane


class Scheduler(Board):
    """Three panes at every size; one alone when zoomed."""

    scope = SCHEDULER
    board = "scheduler"
    BINDINGS = bindings(SCHEDULER)

    def made(self) -> list[Pane]:
        return [
            Pane("scheduler-next", "Next", scheduler_next.draw),
            Pane("scheduler-rounds", "Finished rounds", scheduler_rounds.draw, table=True),
            Pane("scheduler-history", "State history", scheduler_history.draw, table=True),
        ]
