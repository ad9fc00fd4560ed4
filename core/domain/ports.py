"""Ports: what the core needs of the outside, as protocols. `build.py` hands in the real or the virtual form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.domain.commands import Answer, AnyCommand
from core.domain.events import Health, Input, Moment, Read, ReadReply, Step
from core.domain.order import Report, Request
from core.domain.questions import AnyQuestion, Page
from core.domain.snapshot import Snapshot


class Clock(Protocol):
    """Wall time in ns since the epoch (UTC) and a monotonic ns counter for durations."""

    def now(self) -> int: ...
    def monotonic(self) -> int: ...


class VenuePort(Protocol):
    """Where requests go. Never raises for a venue's refusal: refusals, losses and fills come back as reports."""

    def send(self, requests: Sequence[Request]) -> None: ...
    def read(self, reads: Sequence[Read]) -> None: ...


class LivePort(Protocol):
    """A real account behind the live driver. Answers and fills come as reports through the `EventSink` it was given.

    `send` returns when the request has its answer (a report of the venue's word, or LOST) and never raises for a venue
    or a network; a create is sent at most once. `read` always answers, with `error` where nothing could be had.
    """

    async def send(self, request: Request) -> None: ...
    async def read(self, read: Read, emergency: bool = False) -> ReadReply: ...
    async def cancel_all(self, instrument: int) -> bool: ...
    def health(self) -> Health: ...


class EventSink(Protocol):
    """Where sources and venues push what they received."""

    def input(self, event: Input) -> None: ...
    def report(self, report: Report) -> None: ...


class StepSink(Protocol):
    """A reader of steps (metrics, store, snapshot, rounds). May fail without stopping trading."""

    name: str

    def take(self, step: Step) -> None: ...


class Timers(Protocol):
    """Named timers of the engine."""

    def at(self, ts: int, name: str) -> None: ...
    def cancel(self, name: str) -> None: ...


class CoreClient(Protocol):
    """The one door between a console and a core. `send` never blocks on the core's loop; `query` waits for its page, so
    consoles ask it beside their own loop; it raises PerpError where there is none."""

    def send(self, command: AnyCommand) -> None: ...
    def latest(self) -> Snapshot | None: ...
    def answers(self) -> Sequence[Answer]: ...
    def query(self, question: AnyQuestion) -> Page: ...


Process = Callable[[Moment], Step]
