"""What each key of the registry must bring about, derived from the registry: commands, screens, notes. Data and pure
functions; a key that is added later is judged by its danger, an action that sends something new must be named here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.commands import AckAlert, AnyCommand, Halt, Pause, WriteReport
from core.domain.snapshot import Snapshot
from screens.actions import (
    ASK,
    EMERGENCY,
    GLOBAL,
    NOTE,
    OVERVIEW,
    PULL,
    SCREENS,
    VIEW,
    Action,
    built,
    textual_key,
)
from tests.console.fabricated import T0

STOPS = ("HALTING", "HALTED", "FLATTENING", "FLAT")

# actions that send without a question: name -> the one command, with what must stand in it
SENDS: dict[str, tuple[type[AnyCommand], dict[str, object]]] = {
    "emergency": (Halt, {"reason": "Ctrl+G", "t_key": T0}),
    "pause": (Pause, {}),
    "write_report": (WriteReport, {}),
    "ack": (AckAlert, {"alert": 4}),  # the newest that nobody has acknowledged
    "ack_all": (AckAlert, {"alert": 0}),
}
ASKS = {"flatten": "FlattenDialog", "rearm": "RearmDialog"}  # actions that open a dialog before anything is sent
OPENS = {"quit": "QuitDialog", "command": "CommandLine", "holder": "HolderDialog"}
SAYS = {"hint_quit": "Ctrl+C does nothing", "faster": "refresh", "slower": "refresh"}


@dataclass(frozen=True)
class Situation:
    """Where a key is pressed. `read_only`: a viewer's console."""

    scope: str
    snap: Snapshot | None
    read_only: bool = False

    @property
    def run(self) -> str:
        return self.snap.state.run if self.snap is not None else ""


@dataclass(frozen=True)
class Meaning:
    """`sends`: exactly this command, or none. `stands`: scope of the screen or name of the modal on top afterwards, ""
    = whatever this key has of its own. `said`: a word that the note must have, None = no word is owed."""

    sends: tuple[type[AnyCommand], dict[str, object]] | None = None
    stands: str = ""
    said: str | None = None


def every_key() -> list[str]:
    """Every key of the registry, once, as the toolkit names it."""
    return list(dict.fromkeys(textual_key(key) for action in built() for key in action.keys))


def action_of(key: str, scope: str) -> Action | None:
    """What `key` means on the screen: its own meaning first."""
    found = {action.scope: action for action in built() if key in map(textual_key, action.keys)}
    return found.get(scope) or found.get(GLOBAL)


def turned(at: Situation, by: int) -> str:
    """The neighbour in the order of the registry."""
    if at.scope not in SCREENS:
        return ""  # on top of another
    return SCREENS[(SCREENS.index(at.scope) + by) % len(SCREENS)]


def meaning(action: Action | None, at: Situation) -> Meaning:
    """What must come of it. Raises KeyError for an action that trades or records and is not named above."""
    if action is None:
        return Meaning(stands=at.scope)
    if action.danger == VIEW:
        return _seen(action, at)
    if at.read_only:
        return Meaning(stands=at.scope, said="READ-ONLY")
    if action.danger == EMERGENCY:
        return Meaning(SENDS["emergency"], at.scope, "EMERGENCY")
    if at.snap is None:
        return Meaning(stands=at.scope, said="no picture")
    if action.danger == ASK:
        if action.name == "rearm" and at.run not in ("HALTED", "FLAT"):
            return Meaning(stands=at.scope, said="only when HALTED")
        return Meaning(stands=ASKS[action.name])
    assert action.danger in (NOTE, PULL), action
    if action.name == "pause" and at.run in STOPS:
        return Meaning(stands=at.scope, said="R re-arms")
    if action.name == "pause" and at.run == "PAUSED":
        return Meaning(stands="ResumeDialog")
    return Meaning(SENDS[action.name], at.scope, None if action.name.startswith("ack") else "")


def _seen(action: Action, at: Situation) -> Meaning:
    """An action that only shows something: never a command."""
    name = action.name
    if name in ("next_screen", "previous_screen"):
        return Meaning(stands=turned(at, 1 if name == "next_screen" else -1))
    if name in SCREENS:
        return Meaning(stands=name)
    if name == "back" or (name.startswith("zoom_") and name != "zoom_focused"):
        return Meaning(stands=OVERVIEW)
    if name in OPENS:
        return Meaning(stands=OPENS[name])
    return Meaning(said=SAYS.get(name))


def fits(command: AnyCommand, sends: tuple[type[AnyCommand], dict[str, object]]) -> bool:
    """Of that kind, with an id of its own, and with these fields."""
    kind, fields = sends
    if type(command) is not kind or not command.id:
        return False
    return all(getattr(command, name) == value for name, value in fields.items())


def wrong(expected: Meaning, sent: Sequence[AnyCommand], stands: str, note: str) -> list[str]:
    """Every way in which what came differs from what must come, as sentences."""
    found = []
    if expected.sends is None:
        if sent:
            found.append(f"Expected no command, was {list(sent)}")
    elif len(sent) != 1 or not fits(sent[0], expected.sends):
        found.append(f"Expected exactly {expected.sends}, was {list(sent)}")
    if expected.stands and stands != expected.stands:
        found.append(f"Expected {expected.stands} on top, was {stands}")
    if expected.said is not None and (not note or expected.said not in note):
        found.append(f"Expected a note with {expected.said!r}, was {note!r}")
    return found


__all__ = ["Meaning", "Situation", "action_of", "every_key", "meaning", "wrong"]
