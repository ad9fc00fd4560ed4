"""One client of the control socket: hello, then questions, each answered in a task of its own; stops come first.

Owns what a peer may ask in its role and how its answers are written. Runs in the server's loop only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

from core import tasks
from core.clock import stopwatch
from core.control import answers
from core.control.protocol import (
    ROLES,
    VERSION,
    Ack,
    AnyAsk,
    BadFrame,
    Do,
    Hello,
    Picture,
    Position,
    Query,
    Reply,
    Report,
    Reports,
    Status,
    Told,
    Watch,
    Welcome,
    frame,
    frame_length,
    read_ask,
)
from core.domain.commands import Attended, Flatten, Halt
from core.domain.errors import PerpError
from core.guard.process import myself

if TYPE_CHECKING:
    from core.control.server import ControlServer

HELLO_S = 2.0
WRITE_S = 5.0
ANSWER_S = 15.0
PENDING = 32
MAX_HZ = 20.0
GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError, BadFrame)


class Connection:
    """One peer. `pid` is the kernel's word for who it is; `who` is what it says."""

    def __init__(
        self,
        server: ControlServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
        pid: int,
    ) -> None:
        self._server, self._desk = server, server.desk
        self._reader, self._writer = reader, writer
        self._number, self.pid = number, pid
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.role = self.who = ""
        self.watching = False

    async def serve(self) -> None:
        """Until the peer goes, errs or is too slow."""
        try:
            if await self._greet():
                while True:
                    self._take(await self._read())
        except GONE:
            return
        finally:
            for task in list(self._tasks):
                task.cancel()
            if self._server.controller is self:
                self._server.controller = None
                self._desk.send(Attended(yes=False, who=self.who))

    def abort(self) -> None:
        """Drop the connection and what is still unwritten."""
        self._writer.transport.abort()

    async def _read(self) -> AnyAsk:
        length = frame_length(await self._reader.readexactly(4))
        return read_ask(await self._reader.readexactly(length))

    async def _greet(self) -> bool:
        async with tasks.timeout(HELLO_S):
            hello = await self._read()
        if not isinstance(hello, Hello) or hello.role not in ROLES:
            raise BadFrame(f"Expected a hello first, was {type(hello).__name__}")
        refusal = ""
        if hello.version != VERSION:
            refusal = f"Expected protocol {VERSION}, was {hello.version}; use the same version of perpconsole"
        elif hello.role == "controller" and (other := self._server.controlled_by):
            refusal = f"Expected no other controller, was {other}; perpconsole attach --read-only looks on"
        if refusal:
            await self._tell(Reply(n=hello.n, ok=False, text=refusal))
            return False
        self.role = hello.role
        self.who = "".join(c for c in hello.who if c.isprintable())[:64] + f" (pid {self.pid})"
        if self.role == "controller":
            self._server.controller = self
            self._desk.send(Attended(yes=True, who=self.who))
        me = myself()
        await self._tell(
            Welcome(n=hello.n, version=VERSION, pid=me.pid, start_ticks=me.start_ticks, host=me.host, role=self.role)
        )
        return True

    def _take(self, ask: AnyAsk) -> None:
        """Answer one question; a stop closes the gate here, before anything is scheduled."""
        if isinstance(ask, Do) and isinstance(ask.command, Halt | Flatten) and self.role != "viewer":
            began = stopwatch()
            number = self._desk.stop(msgspec.structs.replace(ask.command, who=self.who))
            verb = "flatten" if isinstance(ask.command, Flatten) else "halt"
            ack = Ack(n=ask.n, stop_id=self._desk.gate.stop_id, verb=verb, closed_ns=stopwatch() - began)
            self._spawn(self._stream_stop(ack, number))
        elif len(self._tasks) >= PENDING:
            raise BadFrame(f"Expected at most {PENDING} questions at a time, was one more")
        else:
            self._spawn(self._answer(ask))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = tasks.spawn(work, f"control-{self._number}", on_error=self._failed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, GONE):
            self._server.fault(error)
        self.abort()

    async def _tell(self, message: Told) -> None:
        raw = frame(message)
        async with self._writing:
            self._writer.write(raw)
            async with tasks.timeout(WRITE_S):
                await self._writer.drain()

    async def _answer(self, ask: AnyAsk) -> None:
        if isinstance(ask, Watch):
            await self._stream_pictures(ask)
            return
        try:
            reply = await self._reply(ask)
        except PerpError as error:
            reply = Reply(n=ask.n, ok=False, text=str(error))
        await self._tell(reply)

    async def _reply(self, ask: AnyAsk) -> Reply:
        if isinstance(ask, Status):
            body = answers.status(self._desk) | {"watching": self._server.viewers}
            return Reply(n=ask.n, ok=True, body=body)
        if isinstance(ask, Position):
            return await self._position(ask)
        if isinstance(ask, Reports):
            return Reply(n=ask.n, ok=True, body={"reports": answers.report_names(self._server.reports)})
        if isinstance(ask, Report):
            text = await asyncio.to_thread(answers.report_text, self._server.reports, ask.name)
            return Reply(n=ask.n, ok=True, text=text)
        if isinstance(ask, Do):
            return await self._command(ask)
        if isinstance(ask, Query):
            page = await asyncio.to_thread(self._desk.query, ask.question)
            return Reply(n=ask.n, ok=True, body=msgspec.to_builtins(page))
        return Reply(n=ask.n, ok=False, text="Expected one hello, was a second")

    async def _position(self, ask: Position) -> Reply:
        read = self._desk.read_position
        if not ask.verify or read is None:
            text = "" if not ask.verify else "this core cannot read its venue again; these are the core's own figures"
            return Reply(n=ask.n, ok=not ask.verify, text=text, body=answers.position(self._desk))
        try:
            async with tasks.timeout(ANSWER_S):
                return Reply(n=ask.n, ok=True, body=await asyncio.to_thread(read, True))
        except TimeoutError:
            return Reply(n=ask.n, ok=False, text=f"the venue did not answer within {ANSWER_S:.0f} s")

    async def _command(self, ask: Do) -> Reply:
        if self.role == "viewer":
            return Reply(n=ask.n, ok=False, text="Expected a controller or a command line, was a read-only viewer")
        future = self._desk.ask(msgspec.structs.replace(ask.command, who=self.who))
        try:
            async with tasks.timeout(ANSWER_S):
                answer = await asyncio.wrap_future(future)
        except TimeoutError:
            self._desk.forget(future)
            return Reply(n=ask.n, ok=False, text=f"no answer within {ANSWER_S:.0f} s; the core may be stuck")
        return Reply(n=ask.n, ok=answer.ok, text=answer.text)

    async def _stream_stop(self, ack: Ack, number: int) -> None:
        await self._tell(ack)
        fresh = asyncio.Event()
        end = self._desk.watch(self._waker(fresh))
        try:
            while True:
                now = answers.progress(self._desk, ack.verb, ack.n, number)
                await self._tell(now)
                if now.done:
                    return
                await fresh.wait()
                fresh.clear()
        finally:
            end()

    async def _stream_pictures(self, ask: Watch) -> None:
        pause = 1.0 / min(max(ask.hz if ask.hz == ask.hz else 1.0, 0.1), MAX_HZ)
        fresh = asyncio.Event()
        end = self._desk.watch(self._waker(fresh))
        self.watching = True
        shown = -1
        try:
            while True:
                picture = self._desk.latest()
                if picture is not None and shown != self._desk.published:
                    shown = self._desk.published
                    await self._tell(Picture(n=ask.n, snapshot=picture))
                    await tasks.sleep(pause)
                else:
                    await fresh.wait()
                fresh.clear()
        finally:
            self.watching = False
            end()

    def _waker(self, fresh: asyncio.Event) -> Callable[[], None]:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the server's loop closed a moment ago: nobody looks on
                loop.call_soon_threadsafe(fresh.set)

        return wake
