"""The Textual App: takes Snapshots from a CoreClient, hands Views to the screens, keeps the signs of life.

Knows no trading: what keys do to the core is in app.actions; the trading core is behind `client`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rich.text import Text
from textual import events, work
from textual.app import App, SystemCommand
from textual.await_complete import AwaitComplete
from textual.screen import Screen

from app.auditing import Auditing
from app.hangup import Hangup, utf8_locale
from app.hookdriver import driver_for
from app.inspecting import Inspecting
from app.keyhook import KeyHook
from app.navigation import Navigation
from app.operator_actions import OperatorActions
from app.options import Options
from app.paging import Paging
from app.plain import filters
from core import tasks
from core.domain.commands import Attended
from core.domain.ports import CoreClient
from core.domain.snapshot import Snapshot
from core.guard.crash import text_of
from screens import format as fmt
from screens.actions import GLOBAL, rebind, textual_key
from screens.base import ConsoleScreen, bindings
from screens.modals.base import Dialog
from screens.overview import Overview
from screens.rounds import Rounds
from screens.theme import Theme
from screens.view import View
from screens.widgets.chrome import STOPS

POLL_S = 0.1
FREEZE_NS = 60 * fmt.SECOND
TABLE_NS = 950_000_000
STUCK_NS = 500_000_000
NOTE_NS = 5 * fmt.SECOND
MOUNT_S = 2.0
MIN_HZ, MAX_HZ = 0.5, 4.0


class Console(Auditing, OperatorActions, Navigation, Paging, Inspecting, App[str]):
    """Returns why it ended: `detach`, `stop`, `lost`, `core dead`."""

    TITLE = "perpconsole"
    CSS_PATH = "../screens/console.tcss"
    BINDINGS = bindings(GLOBAL)
    NOTIFICATION_TIMEOUT = 4

    def __init__(self, client: CoreClient, options: Options | None = None) -> None:
        self.options = options or Options()
        self.clock = self.options.clock
        self.client = client
        self.actions = rebind(self.options.keys)
        hook = self.hook = KeyHook(
            self.send_halt, self.send_flatten, self.clock.now, self.clock.monotonic, self.options.double_press_flattens
        )
        made = self.options.driver
        super().__init__(driver_class=made(self._input_ended) if made else driver_for(hook, self._input_ended))
        ascii_only = not utf8_locale() if self.options.ascii_only is None else self.options.ascii_only
        palette = self.options.palette or ("mono" if os.environ.get("NO_COLOR") else "default")
        self.view = View(
            None, Theme(palette, ascii_only), read_only=self.options.read_only, can_detach=self.options.attached
        )
        self._filters += filters(self.view.theme, self.no_color)
        self.hz = self.options.hz
        self.snapshot: Snapshot | None = None
        self._started = self._got = self.clock.monotonic()
        self._drawn = self._drawn_tables = 0
        self._frozen_since: int | None = None
        self._note, self._note_level, self._note_until = "", "dim", 0
        self.sorts: dict[str, tuple[str, bool]] = {}
        self.mouse_on = True
        self._run = ""
        self._why = ""
        self.overview = Overview(self.actions)
        self.hangup = Hangup(self.terminal_lost, self.terminated, self.note)
        self.init_actions()

    # --- life -----------------------------------------------------------------------------------------------------
    def on_mount(self) -> None:
        changed = {
            a.name: ",".join(textual_key(key) for key in a.keys) for a in self.actions if a.name in self.options.keys
        }
        if changed:
            self.set_keymap(changed)
        self.snapshot = self.client.latest()
        self.push_screen(self.overview)
        if not self.is_headless:
            self.hangup.install()
        if self._attends:
            self.send(Attended(yes=True), "")
        self.redraw()  # a key pressed before the first poll finds the picture
        self.set_interval(POLL_S, self.poll)
        self.call_after_refresh(self.poll)

    @property
    def _attends(self) -> bool:
        """The core does not see by itself whether somebody sits here."""
        return not self.options.read_only and not self.options.attached

    def _input_ended(self, why: str) -> None:
        """From the input thread: nothing will ever be typed again."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.terminal_lost, why)

    def _fatal_error(self) -> None:
        """A fault of the console; the toolkit's own words would show the locals of every frame (R-X2)."""
        self.bell()
        if self._exception is not None:
            self._exit_renderables.append(Text(text_of(self._exception)))
        self._close_messages_no_wait()

    def terminal_lost(self, why: str) -> None:
        """The console ends, the core is told and goes on (UNATTENDED)."""
        if self._attends:
            self.send(Attended(yes=False), "")
        self.options.on_lost(why)
        self.leave("lost")

    def leave(self, why: str) -> None:
        if not self._why:
            self._why = why
            self.hangup.remove()
            self.exit(why)

    # --- pictures -------------------------------------------------------------------------------------------------
    def poll(self) -> None:
        """Ten times a second: a changed run state is drawn at once, everything else at its own rate."""
        if not self.is_running:
            return  # a last beat while the screens are being taken down
        now = self.clock.monotonic()
        new = self.client.latest()
        if new is not None and new is not self.snapshot:
            self.snapshot, self._got = new, now
        self.take_answers()
        self.look_for_pages()
        self.look_for_audit()
        self._watch(now)
        run = self.snapshot.state.run if self.snapshot is not None else ""
        urgent = run != self._run
        if urgent:
            self._stop_changed(run)
        # numbers first; tables and plots in the poll after it, so that one repaint is never all of them
        if urgent or now - self._drawn >= fmt.SECOND / self.hz - POLL_S * fmt.SECOND / 2:
            self._drawn = now
            self.redraw(tables=urgent)
        elif now - self._drawn_tables >= TABLE_NS:
            self.redraw(tables=True)

    def redraw(self, tables: bool = True) -> None:
        """Hand a fresh View to every screen that can be seen."""
        now, utc = self.clock.monotonic(), self.clock.now()
        if self._note and now >= self._note_until:
            self._note = ""
        if self._frozen_since is not None and now - self._frozen_since >= FREEZE_NS:
            self._frozen_since = None
        dead = ""
        if not self.options.core_alive():
            dead = self.view.core_dead or fmt.clock(utc)
        self.view = replace(
            self.view,
            snapshot=self.snapshot,
            utc=utc,
            silence_ns=now - self._got,
            beat=utc // fmt.SECOND % 2 == 0,
            frozen_ns=None if self._frozen_since is None else now - self._frozen_since,
            core_dead=dead,
            note=self._note,
            note_level=self._note_level,
            hz=self.hz,
            sorts=self.sorts,
        )
        if tables:
            self._drawn_tables = now
        with self.batch_update():
            for screen in self.screen_stack:
                if isinstance(screen, ConsoleScreen):
                    if self._frozen_since is None or screen.view is None:  # one that was opened since is drawn once
                        screen.show(self.view, tables)
                    else:
                        screen.show_chrome(self.view)
                elif isinstance(screen, Dialog):
                    screen.show(self.view)

    def _stop_changed(self, run: str) -> None:
        before, self._run = self._run, run
        if run in STOPS:
            self._frozen_since = None
            self.call_after_refresh(self.hook.halted_drawn)
        elif before in STOPS:  # the first picture of all says nothing about a press before it
            self.hook.cleared()

    def _watch(self, now: int) -> None:
        """The core's end, and a core that does not answer EMERGENCY."""
        if self.snapshot is not None:
            self.hook.allow_double(self.snapshot.double_press_flattens)
        if self.stop_sent and not self.options.core_alive():
            self.leave("stop")
        sent = self.emergency_sent
        if sent is None:
            return
        if self.snapshot is not None and self.snapshot.state.run in STOPS:
            self.emergency_sent = None
        elif now - sent >= STUCK_NS:
            self.emergency_sent = None
            if self.options.on_stuck is not None:
                self.options.on_stuck()
                self.note("the core did not answer EMERGENCY in 0.5 s: panic started", "crit")
            else:
                self.note("the core did not answer EMERGENCY in 0.5 s: perpconsole panic in another terminal", "crit")

    async def on_event(self, event: events.Event) -> None:
        """Once the console leaves nothing typed counts."""
        if not (self._why and isinstance(event, events.InputEvent)):
            await super().on_event(event)

    async def run_action(self, *args: Any, **named: Any) -> bool:
        """A screen that an action opened stands before the next key counts: keys of one breath find it whole."""
        done = await super().run_action(*args, **named)
        with contextlib.suppress(TimeoutError):
            async with tasks.timeout(MOUNT_S):
                for screen in self.screen_stack[-1:]:
                    await screen._mounted_event.wait()
        return done

    def pop_screen(self) -> AwaitComplete:
        """The overview stays, whoever leaves twice."""
        return AwaitComplete() if self.screen is self.overview else super().pop_screen()

    # --- display actions ------------------------------------------------------------------------------------------
    def note(self, text: str, level: str = "warn") -> None:
        """A hint or an answer on the action line."""
        self._note, self._note_level = text, level
        self._note_until = self.clock.monotonic() + NOTE_NS
        if not self._why:  # SIGTERM after the end still stops the core, but there is no screen to say it on
            self.redraw(tables=False)

    def freeze(self) -> None:
        self._frozen_since = self.clock.monotonic() if self._frozen_since is None else None
        self.redraw()

    def set_rate(self, factor: float) -> None:
        self.hz = min(max(self.hz * factor, MIN_HZ), MAX_HZ)
        self.note(f"refresh {self.hz:g} Hz", "text")

    @work(thread=True, exclusive=True, exit_on_error=False)
    def read_report(self, path: str, screen: Rounds) -> None:
        """Reports are files: read beside the loop."""
        try:
            text = self.options.read_report(path)
        except OSError as error:
            text = f"# Report not readable\n\n{path}: {error.strerror}"
        self.call_from_thread(screen.show_report, text)

    def on_rounds_read(self, message: Rounds.Read) -> None:
        if isinstance(self.screen, Rounds):
            self.read_report(message.path, self.screen)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette offers the registry's actions and nothing of the toolkit's."""
        for action in self.actions:
            if not action.later and action.scope == GLOBAL and action.name != "emergency":
                yield SystemCommand(action.name.replace("_", " "), action.does, lambda n=action.name: self.run_name(n))
