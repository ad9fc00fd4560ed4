"""The audit replay in the console: starts and ends its process with the screen, carries questions and answers, plays.

A mixin of the App that stands before those whose words it adds to. Nothing of a replay sends a command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.domain.audit import AnyAuditTold, AuditPort, CursorTold, JournalTold, OpenJournal
from screens.actions import AUDIT
from screens.audit import Audit
from screens.modals.journals import JournalsDialog

DRAW_NS = 240_000_000  # a step is seen at once; a play or a long way at 4 Hz: repainting takes time from trading
NOT_THE_REPLAY = "the core of now, not the replay: "
NO_FILES = "this console has no files of its own to replay"
NO_JOURNAL = "no journal in this state dir yet: a core writes one from its first step on"


class Auditing:
    """Expects of the App: options, clock, client, screen, screen_stack, note, ask, show_screen, redraw."""

    _audit: AuditPort | None = None
    _audited = ""
    _audit_drawn = 0
    _audit_told: Mapping[type, AnyAuditTold] = {}  # the newest of each kind
    _audit_moved = 0  # when the replay was played on, monotonic ns
    _audit_ts = 0  # how far, recorded ns

    def look_for_audit(self: Any) -> None:
        """Ten times a second: the process lives as long as its screen, or as a console that is about a journal."""
        screen = self._audit_screen()
        if screen is None:
            if not self.options.journal:
                self.close_audit()
            elif self._audit is not None:
                self._audit_pictures(None)
            return
        if self._audit is None and (screen.file is not None or not self._start_audit(screen)):
            return
        if screen.file is None:  # another screen than the one that heard the beginning
            for one in self._audit_told.values():
                screen.take(one)
        self._audit_pictures(screen)
        self._play(screen)
        for question in screen.asks():
            self._audit.ask(question)

    def _audit_screen(self: Any) -> Audit | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, Audit)), None)

    def _start_audit(self: Any, screen: Audit) -> bool:
        """On the newest journal of the state dir, or the one that was named. False: the screen says why not."""
        files = self.options.journals()
        path = self._audited or self.options.journal or (files[0].path if files else "")
        why = NO_JOURNAL if not path else NO_FILES if self.options.audit is None else ""
        if not why:
            try:
                self._audit = self.options.audit()
            except OSError as error:
                why = f"the replay's process did not start: {error.strerror or error}"
        if why:
            screen.take(JournalTold("", trouble=why))
            return False
        self._open_audit(path)
        return True

    def _open_audit(self: Any, path: str) -> None:
        """This journal from here on; a process that did not start is tried again with it."""
        path = str(Path(path).expanduser())
        self._audited, self._audit_told = path, {}
        screen = self._audit_screen()
        if screen is not None:
            screen.opened()
        if self._audit is not None:
            self._audit.ask(OpenJournal(path))
        elif screen is not None:
            screen.file = None

    def _audit_pictures(self: Any, screen: Audit | None) -> None:
        told = self._audit.told()
        for one in told:
            self._audit_told = {**self._audit_told, type(one): one}
            if isinstance(one, CursorTold) and one.picture is not None and hasattr(self.client, "show"):
                self.client.show(one.picture)
            if screen is not None:
                screen.take(one)
        now = self.clock.monotonic()
        if told and screen is not None and screen.view is not None and now - self._audit_drawn >= DRAW_NS:
            self._audit_drawn = now
            screen.show(screen.view)

    def _play(self: Any, screen: Audit) -> None:
        now = self.clock.monotonic()
        if not screen.playing:
            self._audit_ts = 0
        elif not self._audit_ts:
            self._audit_ts, self._audit_moved = screen.cursor.ts if screen.cursor is not None else 0, now
        else:
            self._audit_ts += (now - self._audit_moved) * screen.speed
            self._audit_moved = now
            screen.played_to(self._audit_ts)

    def close_audit(self: Any) -> None:
        """End the process; nothing waits for it."""
        if self._audit is not None:
            self._audit.close()
            self._audit = None

    def on_mount(self: Any) -> None:
        if self.options.journal:
            self.call_after_refresh(self.show_screen, AUDIT)

    def on_unmount(self: Any) -> None:
        self.close_audit()

    # --- whose keys these are ---------------------------------------------------------------------------------------
    def _of_now(self: Any) -> None:
        if isinstance(self.screen, Audit) and self._note and not self._note.startswith(NOT_THE_REPLAY):
            self.note(NOT_THE_REPLAY + self._note, self._note_level)

    def _emergency_seen(self: Any) -> None:
        super()._emergency_seen()  # type: ignore[misc]
        self._of_now()

    def action_pause(self: Any) -> None:
        super().action_pause()  # type: ignore[misc]
        self._of_now()

    def ask(self: Any, dialog: Any, then: Callable[[str], None]) -> None:
        if isinstance(self.screen, Audit) and not isinstance(dialog, JournalsDialog):
            self.note(NOT_THE_REPLAY + "its figures stand in rows 2 and 3", "text")
        super().ask(dialog, then)  # type: ignore[misc]

    def take_answers(self: Any) -> None:
        before = self._note
        super().take_answers()  # type: ignore[misc]
        if self._note != before:
            self._of_now()

    # --- keys -------------------------------------------------------------------------------------------------------
    def run_command(self: Any, text: str) -> None:
        """`:audit FILE` on top of what the command line knows."""
        word, _, rest = text.partition(" ")
        if word == AUDIT and rest.strip():
            self.show_screen(AUDIT)
            self._open_audit(rest.strip())
            return
        super().run_command(text)  # type: ignore[misc]

    def action_audit_journals(self: Any) -> None:
        self.ask(JournalsDialog(self.view, self.options.journals(), self._audited), self._open_audit)

    def action_audit_goto(self: Any) -> None:
        if isinstance(self.screen, Audit):
            self._line("", "HH:MM or HH:MM:SS (UTC), or a step: #1234", self._audit_goto)

    def _audit_goto(self: Any, text: str) -> None:
        if text and isinstance(self.screen, Audit) and not self.screen.go_to(text):
            self.note(f"Expected HH:MM, HH:MM:SS (UTC) or #step, was {text}")

    def action_audit_copy(self: Any) -> None:
        if isinstance(self.screen, Audit) and self.screen.text():
            self.copy_to_clipboard(self.screen.text())
            self.note("step copied", "text")


def _key(work: Callable[[Audit], None]) -> Callable[[Any], None]:
    def act(self: Any) -> None:
        if isinstance(self.screen, Audit):
            work(self.screen)
            self.look_for_audit()
            self.redraw()

    return act


KEYS: dict[str, Callable[[Audit], None]] = {
    "audit_back": lambda screen: screen.move(-1),
    "audit_on": lambda screen: screen.move(1),
    "audit_back_ten": lambda screen: screen.move(-10),
    "audit_on_ten": lambda screen: screen.move(10),
    "audit_page_back": lambda screen: screen.page(-1),
    "audit_page_on": lambda screen: screen.page(1),
    "audit_first": lambda screen: screen.edge(last=False),
    "audit_last": lambda screen: screen.edge(last=True),
    "audit_play": lambda screen: screen.play(),
    "audit_faster": lambda screen: screen.turn_speed(1),
    "audit_slower": lambda screen: screen.turn_speed(-1),
    "audit_details": lambda screen: screen.details(),
}
for _name, _work in KEYS.items():
    setattr(Auditing, f"action_{_name}", _key(_work))
