"""Every key of the registry on every screen and in every dialog: what was sent, what stands, what was said (CONSOLE.md
3). The expectations are derived from the registry in tests.console.meanings: a key added later is tested here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from textual import events
from textual.screen import ModalScreen

import screens
from app.console import Console
from app.navigation import BUILT
from app.options import Options
from core.domain.commands import AnyCommand, Halt
from core.domain.snapshot import Snapshot
from screens.actions import EMERGENCY, GLOBAL, HELP, OVERVIEW, SCREENS, VIEW, built, textual_key
from screens.base import ConsoleScreen
from screens.modals.base import Dialog
from tests.console import meanings
from tests.console.fabricated import FakeClient, StillClock
from tests.console.fabricated_pages import PAGES
from tests.console.meanings import Situation
from tests.console.showcase import COMMON, DIALOGS, STATES, WALKED, base, opened_by

SIZE = (80, 24)
Kind = TypeVar("Kind")
CHARACTERS = {textual_key(key): key for action in built() for key in action.keys if len(key) == 1} | {"space": " "}


class Hands:
    """A console under test: presses a key and waits until nothing is queued any more; puts everything back."""

    def __init__(self, scope: str, snap: Snapshot | None, **options: Any) -> None:
        self.scope, self.snap = scope, snap
        self.clock, self.client = StillClock(), FakeClient(snap)
        self.client.pages = dict(PAGES)
        given = {**COMMON, **options}
        self.app = Console(self.client, Options(clock=self.clock, **given))
        self.pilot: Any = None

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[Hands]:
        """Its screen stands, nothing was sent yet."""
        async with self.app.run_test(size=SIZE) as self.pilot:
            await self.pilot.pause()
            await self.back()
            yield self

    async def rest(self, rounds: int = 3) -> None:
        """Every message that is queued now, and what it queues, has been handled."""
        for _ in range(rounds):
            await self.pilot._wait_for_screen()

    async def press(self, *keys: str) -> None:
        for key in keys:
            event = events.Key(key, CHARACTERS.get(key, key if len(key) == 1 else None))
            event.set_sender(self.app)
            self.app._driver.send_message(event)
        await self.rest(max(3, len(keys) // 5))

    @property
    def stands(self) -> str:
        screen = self.app.screen
        return screen.scope if isinstance(screen, ConsoleScreen) else type(screen).__name__

    @property
    def note(self) -> str:
        return self.app._note

    async def back(self) -> None:
        """As it was before the key."""
        app = self.app
        for _ in range(5):
            if isinstance(app.screen, ConsoleScreen):
                break
            await self.press("escape")
        app._frozen_since, app.hz, app.emergency_sent, app._note = None, 2.0, None, ""
        app.overview.unzoom()
        if self.stands != self.scope:
            app.show_screen(OVERVIEW)
            await self.rest()
            for key in opened_by(self.scope):
                await self.press(key)
        if hasattr(app.screen, "unzoom"):
            app.screen.unzoom()
        app.poll()
        await self.rest(1)
        self.client.sent.clear()


def acting(scope: str) -> list[str]:
    """The keys that do more on this screen than show something, and those that open a dialog."""
    actions = {key: meanings.action_of(key, scope) for key in meanings.every_key()}
    return [key for key, action in actions.items()
            if action is not None and (action.danger != VIEW or action.name in meanings.OPENS)]  # fmt: skip


def below(root: type[Kind]) -> Iterator[type[Kind]]:
    """Every class of ours below `root`, however deep, of whatever module."""
    for found in pkgutil.walk_packages(screens.__path__, "screens."):
        importlib.import_module(found.name)
    waiting = list(root.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("screens."):
            yield kind


Judge = Callable[[str, str, list[AnyCommand], str], list[str]]


async def walked(hands: Hands, judged: Judge, keys: Sequence[str] = ()) -> list[str]:
    """Press each key on the screen; the faults that `judged(key, stands, sent, note)` finds, each with its key."""
    faults = []
    async with hands.ready():
        for key in keys or meanings.every_key():
            assert hands.stands == hands.scope
            await hands.press(key)
            found = judged(key, hands.stands, list(hands.client.sent), hands.note)
            modal = isinstance(hands.app.screen, ModalScreen)
            sent = len(hands.client.sent)
            if modal:
                await hands.press("escape")
                if isinstance(hands.app.screen, ModalScreen):
                    found.append(f"Expected Esc to close {hands.stands}")
                if len(hands.client.sent) != sent:
                    found.append("Expected Esc to send nothing")
            faults += [f"{hands.scope}, key {key}: {fault}" for fault in found]
            await hands.back()
    return faults


def by_registry(at: Situation) -> Judge:
    def judged(key: str, stands: str, sent: list[AnyCommand], note: str) -> list[str]:
        return meanings.wrong(meanings.meaning(meanings.action_of(key, at.scope), at), sent, stands, note)

    return judged


def test_every_screen_of_the_registry_is_built_and_every_screen_is_walked() -> None:
    assert set(SCREENS) == {OVERVIEW, HELP, *BUILT}
    assert {kind.scope for kind in below(ConsoleScreen) if kind.scope} == set(WALKED)


@pytest.mark.parametrize("scope", WALKED)
async def test_every_key_does_what_the_registry_says_on_every_screen(scope: str) -> None:
    """S3-72."""
    snap = base(scope)
    faults = await walked(Hands(scope, snap), by_registry(Situation(scope, snap)))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("scope", WALKED)
async def test_no_key_of_a_viewer_sends_anything_on_any_screen_and_a_note_says_why(scope: str) -> None:
    snap = base(scope)
    at = Situation(scope, snap, read_only=True)
    hands = Hands(scope, snap, read_only=True)
    faults = await walked(hands, by_registry(at), acting(scope))
    async with Hands(scope, snap, read_only=True).ready() as hands:
        await hands.press(*meanings.every_key())  # one after the other, whatever each has opened
        if hands.client.sent:
            faults.append(f"{scope}: Expected no command, was {hands.client.sent}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", ["paused", "halted", "live", "halted-live", "stale", "nothing"])
async def test_every_key_that_acts_does_what_the_registry_says_in_every_state(name: str) -> None:
    snap = STATES[name](base(OVERVIEW))
    faults = await walked(Hands(OVERVIEW, snap), by_registry(Situation(OVERVIEW, snap)), acting(OVERVIEW))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("scope", WALKED)
async def test_no_key_needs_a_picture_of_the_core(scope: str) -> None:
    """Pressed one after the other before the first picture: nothing but EMERGENCY is sent, nothing breaks."""
    async with Hands(scope, None).ready() as hands:
        await hands.press(*meanings.every_key())
        assert {type(command) for command in hands.client.sent} <= {Halt}, hands.client.sent
        assert hands.app.is_running


# --- dialogs ----------------------------------------------------------------------------------------------------------
KINDS = {kind.__name__: kind for kind in below(ModalScreen) if not kind.__subclasses__()}


def test_every_dialog_has_a_case() -> None:
    assert set(KINDS) == set(DIALOGS), "Expected how each dialog is opened in showcase.DIALOGS"


@pytest.fixture
def hearing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs hear at once: a test need not wait for their deaf instant."""
    monkeypatch.setattr("screens.modals.base.DEAF_S", 0.001)
    monkeypatch.setattr(Dialog, "_tick", lambda _self: None)


def before(name: str) -> Hands:
    """The screen that this dialog is opened from."""
    opened = DIALOGS[name]
    return Hands(opened.scope, STATES[opened.state](base(opened.scope)))


async def opened(hands: Hands, name: str) -> None:
    for key in DIALOGS[name].keys:
        await hands.press(key)
        await hands.rest()
        if isinstance(hands.app.screen, Dialog):
            for _ in range(100):
                if not hands.app.screen._deaf:
                    break
                await hands.pilot.pause(0.01)
    assert hands.stands == name
    hands.client.sent.clear()


@pytest.mark.parametrize("name", sorted(KINDS))
async def test_in_a_dialog_only_emergency_acts_and_typed_text_triggers_nothing(name: str, hearing: None) -> None:
    """UC-05: each key of the registry, pressed in each dialog with real money at stake."""
    scope, hands = DIALOGS[name].scope, before(name)
    urgent = {textual_key(key) for action in built() if action.danger == EMERGENCY for key in action.keys}
    faults = []
    async with hands.ready():
        await opened(hands, name)
        for key in dict.fromkeys((*meanings.every_key(), "y", "n", "backspace", "delete", "home", "end")):
            if hands.stands != name:
                await hands.back()
                await opened(hands, name)
            await hands.press(key)
            sent = [type(command) for command in hands.client.sent]
            if sent != ([Halt] if key in urgent else []):
                faults.append(f"key {key}: Expected {'Halt' if key in urgent else 'no command'}, was {sent}")
            if key == "escape" and hands.stands != scope:
                faults.append(f"Esc: Expected {scope} on top, was {hands.stands}")
            elif key != "escape" and key not in DIALOGS[name].answers and hands.stands != name:
                faults.append(f"key {key}: Expected {name} to stay, was {hands.stands}")
            hands.client.sent.clear()
    assert not faults, f"{name}: " + "\n".join(faults)


@pytest.mark.parametrize("name", sorted(name for name, kind in KINDS.items() if issubclass(kind, Dialog)))
async def test_a_dialog_opens_on_cancel_and_enter_alone_does_nothing(name: str, hearing: None) -> None:
    scope, hands = DIALOGS[name].scope, before(name)
    async with hands.ready():
        await opened(hands, name)
        lines = hands.app.screen.query_one("#dialog")
        chips = [
            span.text.strip()
            for y in range(lines.size.height)
            for span in lines.render_line(y)
            if span.style is not None and span.style.bgcolor == hands.app.view.theme.style("chip.note").bgcolor
        ]
        assert chips in (["Cancel"], ["Stay"], ["Close"])
        for _ in range(3):
            await hands.press("enter")
        assert hands.client.sent == []
        assert hands.stands == scope


@pytest.mark.parametrize("name", sorted(KINDS))
async def test_pasted_text_answers_no_dialog(name: str, hearing: None) -> None:
    hands = before(name)
    async with hands.ready():
        await opened(hands, name)
        hands.app.screen.post_message(events.Paste("flat\rmain-01\rstop\rgo\ry"))
        await hands.rest()
        await hands.press("enter")
        assert hands.client.sent == []


def test_a_new_action_that_sends_must_be_named() -> None:
    """The table of expectations is the registry's own danger: one of a danger that sends must say what it sends."""
    for action in built():
        for scope in SCREENS if action.scope == GLOBAL else (action.scope,):
            meanings.meaning(action, Situation(scope, base(scope)))


def test_what_each_screen_is_opened_by_is_a_key_of_the_registry() -> None:
    assert all(len(opened_by(scope)) == (scope != OVERVIEW) for scope in SCREENS)
