"""What an operator (key, command line, signal, socket) may ask of the core. Commands are journalled like all events."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, tag_field="do", tag=str.lower, kw_only=True):
    """Base. `id` is unique per sender and makes repeats harmless; `who` is operator@tty for the audit."""

    id: str = ""
    who: str = ""


class Halt(Command, frozen=True):
    """No new risk, zero open orders of ours, positions kept, latched. `t_key` ns when the key was seen."""

    reason: str = "operator"
    t_key: int = 0
    scope: str = "ours"


class Flatten(Command, frozen=True):
    """Halt, then zero position. Only the simulated-money modes skip the typed word. `reach`: a leg is closed though its
    pair's other venue does not answer."""

    reason: str = "operator"
    t_key: int = 0
    scope: str = "ours"
    reach: bool = False


class Pause(Command, frozen=True):
    """Pull quotes, keep exits; not latched."""

    reason: str = "operator"


class Resume(Command, frozen=True):
    """Quote again after a pause."""

    word: str = ""


class Rearm(Command, frozen=True):
    """Clear the halt latch after the checklist. `word`: account name on mainnet, `arm` elsewhere."""

    word: str = ""
    reason: str = ""


class Stop(Command, frozen=True):
    """End the process: cancel all, verify, exit. Not latched. `flatten` closes positions first."""

    flatten: bool = False


class FinishRound(Command, frozen=True):
    """End the running round now, as its timer would."""


class WriteReport(Command, frozen=True):
    """Write the report of the running round now, without ending it."""


class CancelOrder(Command, frozen=True):
    """Cancel one of our orders."""

    cl_id: int


class SetLimit(Command, frozen=True):
    """Tighten one limit of the running core; `value` None = the configuration's again. Sizes in base coin, money in the
    quote currency. `symbol` is needed where several are traded."""

    limit: str
    value: float | None = None
    symbol: str = ""


class AckAlert(Command, frozen=True):
    """Acknowledge one alert (`alert` = its number) or, with 0, all of them."""

    alert: int = 0


class Attended(Command, frozen=True):
    """A controlling console came (`yes`) or the last one went; drives UNATTENDED and its grace timer."""

    yes: bool


AnyCommand = (
    Halt
    | Flatten
    | Pause
    | Resume
    | Rearm
    | Stop
    | FinishRound
    | WriteReport
    | CancelOrder
    | SetLimit
    | AckAlert
    | Attended
)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The core's reply to a command: accepted, or refused with the reason and the next step."""

    id: str
    ok: bool
    text: str = ""
