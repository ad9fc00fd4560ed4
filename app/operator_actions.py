"""What each action of the registry does: most send one command to the core, those that cost money ask first.

A mixin of the App: it owns commands, their ids and answers, and which screen is open; it draws nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from core.domain.commands import (
    AckAlert,
    AnyCommand,
    CancelOrder,
    Flatten,
    Halt,
    Pause,
    Rearm,
    Resume,
    SetLimit,
    Stop,
    WriteReport,
)
from core.domain.snapshot import Snapshot
from core.domain.typed import CONFIGURED, figure_of
from screens.actions import Action
from screens.board import Board
from screens.confirm import stop_word
from screens.modals.base import Dialog
from screens.modals.command import CommandLine
from screens.modals.flatten import FlattenDialog, ResumeDialog
from screens.modals.holder import HolderDialog
from screens.modals.quit import QuitDialog, StopDialog
from screens.modals.rearm import RearmDialog
from screens.panes.alerts import newest_unacked
from screens.rounds import Rounds
from screens.widgets.chrome import STOPS


class OperatorActions:
    """Expects of the App: client, options, clock, hook, view, snapshot, actions, overview, note, redraw, leave."""

    def init_actions(self: Any) -> None:
        self._numbers = itertools.count(1)
        self._session = f"{self.clock.now():x}"
        self._waiting: dict[str, str] = {}  # command id -> what it was
        self.emergency_sent: int | None = None
        self.stop_sent = False

    # --- commands -------------------------------------------------------------------------------------------------
    def _new_id(self: Any) -> str:
        return f"{self._session}-{next(self._numbers)}"

    def send(self: Any, command: AnyCommand, label: str) -> None:
        """Send with a fresh id; the answer is shown under `label` ("" shows nothing)."""
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        made = type(command)(**{**fields, "id": self._new_id(), "who": self.options.who})
        if label:
            self._waiting[made.id] = label
        self.client.send(made)

    def send_halt(self: Any, t_key: int) -> None:
        """From whatever thread saw the key: nothing but the send stands here."""
        if not self.options.read_only:
            self.client.send(Halt(id=self._new_id(), who=self.options.who, reason="Ctrl+G", t_key=t_key))
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._emergency_seen)

    def send_flatten(self: Any, t_key: int) -> None:
        """The second, separate press."""
        if not self.options.read_only:
            self.client.send(Flatten(id=self._new_id(), who=self.options.who, reason="Ctrl+G twice", t_key=t_key))
            self._loop.call_soon_threadsafe(self.note, "second press: FLATTEN sent", "crit")

    def _emergency_seen(self: Any) -> None:
        if self.options.read_only:
            self.note("READ-ONLY: use `perpconsole halt` on the machine of the core")
            return
        if self.snapshot is None or self.snapshot.state.run not in STOPS:
            self.emergency_sent = self.clock.monotonic()
        self.note("EMERGENCY sent: gate closed, cancelling", "crit")

    def take_answers(self: Any) -> None:
        for answer in self.client.answers():
            label = self._waiting.pop(answer.id, None)
            if label is not None:
                text = f"{label}: {answer.text}" if answer.text else f"{label}: {'ok' if answer.ok else 'refused'}"
                self.note(text, "ok" if answer.ok else "warn")

    def _may(self: Any) -> Snapshot | None:
        """The snapshot, when this console may command and knows the state; else a hint."""
        if self.options.read_only or (self.snapshot is not None and self.snapshot.state.read_only):
            self.note("READ-ONLY: this console only watches")
            return None
        if self.snapshot is None:
            self.note("no picture from the core yet; Ctrl+G works")
        return self.snapshot

    def ask(self: Any, dialog: Dialog, then: Callable[[str], None]) -> None:
        """One dialog at a time."""
        if any(isinstance(screen, Dialog) for screen in self.screen_stack):
            return
        self.push_screen(dialog, lambda answer: then(answer) if answer else None)

    # --- the stop ladder ------------------------------------------------------------------------------------------
    def action_emergency(self: Any) -> None:
        """The input thread has seen the key already; without it (tests, other drivers) the press counts here."""
        if not self.hook.reads_keys:
            self.hook.press()
            self.set_timer(0.45, self._settle_press)

    def _settle_press(self: Any) -> None:
        """A second press flattens once it has stayed alone; look again until that is known."""
        self.hook.poll()
        if self.hook.pending:
            self.set_timer(0.1, self._settle_press)

    def action_pause(self: Any) -> None:
        snap = self._may()
        if snap is None:
            return
        if snap.state.run in STOPS:
            self.note("halted: R re-arms")
        elif snap.state.run == "PAUSED":
            self.ask(ResumeDialog(self.view), lambda word: self.send(Resume(word=word), "resume"))
        else:
            self.send(Pause(), "pause")
            self.note("pause sent", "text")

    def action_flatten(self: Any) -> None:
        if self._may() is not None:
            self.ask(FlattenDialog(self.view), lambda word: self._flatten())

    def _flatten(self: Any) -> None:
        self.send(Flatten(reason="operator", t_key=self.clock.now()), "flatten")
        self.note("FLATTEN sent", "crit")

    def action_rearm(self: Any) -> None:
        snap = self._may()
        if snap is None:
            return
        if snap.state.run not in ("HALTED", "FLAT"):
            self.note("R re-arms only when HALTED or FLAT")
            return

        def go(answer: str) -> None:
            word, _, reason = answer.partition("\n")
            self.send(Rearm(word=word, reason=reason), "re-arm")

        self.ask(RearmDialog(self.view), go)

    async def action_quit(self: Any) -> None:
        def go(answer: str) -> None:
            if answer == "detach":
                self.leave("detach")
            elif answer == "flatten":
                self.ask(FlattenDialog(self.view, then_stop=True), lambda word: self.stop(flatten=True))
            elif answer == "stop":
                if self.snapshot is not None and stop_word(self.snapshot):
                    self.ask(StopDialog(self.view), lambda word: self.stop())
                else:
                    self.stop()

        if not self.options.core_alive():
            self.leave("core dead")
            return
        self.ask(QuitDialog(self.view), go)

    def stop(self: Any, flatten: bool = False) -> None:
        """Ask the core to end; the console stays until it has."""
        self.stop_sent = True
        self.send(Stop(flatten=flatten), "stop")
        self.note("stop sent: cancelling and verifying, the console closes when the core has ended", "warn")

    def terminated(self: Any, why: str) -> None:
        """SIGTERM: of a process with the core in it the core's stop, else this console's end alone."""
        if self.options.read_only or self.options.attached:
            self.leave("detach")
        else:
            self.stop()

    def action_hint_quit(self: Any) -> None:
        self.note("Ctrl+C does nothing here: q quits, Ctrl+G is EMERGENCY STOP")

    # --- records --------------------------------------------------------------------------------------------------
    def action_write_report(self: Any) -> None:
        if self._may() is not None:
            self.send(WriteReport(), "report")
            self.note("report asked for", "text")

    def action_ack(self: Any) -> None:
        snap = self._may()
        alert = newest_unacked(snap.alerts) if snap is not None else None
        if alert is not None:
            self.send(AckAlert(alert=alert.number), f"alert {alert.number}")

    def action_ack_all(self: Any) -> None:
        if self._may() is not None:
            self.send(AckAlert(alert=0), "all alerts")

    def action_holder(self: Any) -> None:
        self.ask(HolderDialog(self.view), lambda _: None)

    def action_copy(self: Any) -> None:
        pane = self.screen.focused_pane if isinstance(self.screen, Board) else None
        if pane is not None:
            self.copy_to_clipboard(pane.shown)
            self.note(f"{pane.title} copied", "text")

    def action_copy_path(self: Any) -> None:
        self._path(copy=True)

    def action_show_path(self: Any) -> None:
        self._path(copy=False)

    def _path(self: Any, copy: bool) -> None:
        row = self.screen.chosen if isinstance(self.screen, Rounds) else None
        if row is None or not row.report:
            self.note("no report written yet: w writes one")
            return
        if copy:
            self.copy_to_clipboard(row.report)
        self.note(("copied " if copy else "") + row.report, "text")

    # --- by name ------------------------------------------------------------------------------------------------------
    def action_command(self: Any) -> None:
        if not isinstance(self.screen, CommandLine):
            self.push_screen(CommandLine(self.view, self.actions), lambda text: self.run_command(text or ""))

    def run_command(self: Any, text: str) -> None:
        """A line of `:`."""
        word, _, rest = text.partition(" ")
        if word == "cancel":
            self._cancel(rest.strip())
        elif word == "limit":
            self._limit(rest.split())
        elif word:
            self.run_name(word)

    def run_name(self: Any, name: str) -> None:
        actions: Sequence[Action] = self.actions
        if any(action.name == name and not action.later for action in actions):
            self.call_next(self.run_action, f"app.{name}")
        else:
            self.note(f"Expected the name of an action, was {name}: ? lists them")

    def _limit(self: Any, words: Sequence[str]) -> None:
        """`limit NAME VALUE [SYMBOL]`, `limit NAME config [SYMBOL]`: the core says whether it may be."""
        if self._may() is None:
            return
        figure = figure_of(words[1]) if 2 <= len(words) <= 3 else None
        if figure is None and (len(words) < 2 or words[1] != CONFIGURED):
            self.note("Expected limit NAME VALUE [SYMBOL] or limit NAME config, NAME of net single value stop day")
            return
        symbol = words[2] if len(words) == 3 else ""
        self.send(SetLimit(limit=words[0], value=figure, symbol=symbol), f"limit {words[0]}")

    def _cancel(self: Any, number: str) -> None:
        snap = self._may()
        if snap is None:
            return
        row = next((row for row in snap.orders if row.id == number), None)
        if row is None or not row.ours or not row.cl_id:
            self.note(f"Expected the id of an open order of ours, was {number or 'nothing'}")
            return
        self.send(CancelOrder(cl_id=row.cl_id), f"cancel {number}")
