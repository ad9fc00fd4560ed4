"""A loopback TCP proxy with faults of the network between a client and a venue; it knows no protocol but a first line.

Runs in a thread of its own, so that a blocked loop of either side changes nothing. A fault is set for a kind of
connection (`kind_of(first line)` names it) and holds for those that are open and for new ones until `heal`.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

READ, ROOM, LOOK_S = 65_536, 4 << 20, 0.01
DO = ("hole", "reset", "trickle", "half_open", "delay", "cut")
RST = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a reset


@dataclass(frozen=True)
class Fault:
    """hole: accepted, then nothing passes either way, nothing ends; what was sent arrives when it heals, as TCP does.
    half_open: the same, and for ever: the far side is gone. reset: RST, at once. trickle: `rate` bytes a second each
    way. delay: `seconds` each way. cut: RST in the middle of the next large piece from the venue, once a connection.
    """

    do: str
    rate: float = 1.0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.do not in DO:
            raise ValueError(f"Expected one of {', '.join(DO)}, was {self.do}")


@dataclass(eq=False)
class Way:
    """One direction: pieces with the time at which they may leave."""

    source: socket.socket
    sink: socket.socket
    pieces: deque[tuple[float, bytes]] = field(default_factory=deque)
    size: int = 0
    budget: float = 0.0
    ended: bool = False

    def put(self, data: bytes, due: float) -> None:
        self.pieces.append((due, data))
        self.size += len(data)


class Connection:
    """A client's connection and its twin at the venue."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.ways = (Way(client, server), Way(server, client))
        self.kind = ""
        self.gone = False  # half open: the far side is no more
        self.looked = time.monotonic()

    def close(self, reset: bool) -> None:
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                one.close()


class FaultProxy:
    """`with FaultProxy(port, kind_of) as proxy:` listens on `proxy.port`. `seen` and `hit` count by kind."""

    def __init__(self, target: int, kind_of: Callable[[str], str] = lambda line: "all") -> None:
        self.target, self._kind_of = target, kind_of
        self.rules: dict[str, Fault] = {}
        self.seen: Counter[str] = Counter()  # connections
        self.hit: Counter[str] = Counter()  # that a fault touched
        self._open: set[Connection] = set()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, name="fault proxy", daemon=True)
        self._guard = threading.Lock()

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)
        self._listener.close()
        for one in self._open:
            one.close(reset=False)

    def fault(self, kind: str, do: str, **more: float) -> None:
        """From now on, for connections of this kind, or of every kind: `*`."""
        with self._guard:
            self.rules[kind] = Fault(do, **more)

    def heal(self) -> None:
        with self._guard:
            self.rules.clear()

    # the thread ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.is_set():
            with selectors.DefaultSelector() as ears:
                ears.register(self._listener, selectors.EVENT_READ, None)
                for one in self._open:
                    for way in one.ways:
                        if not way.ended and way.size < ROOM:
                            ears.register(way.source, selectors.EVENT_READ, (one, way))
                ready = [key.data for key, _ in ears.select(LOOK_S)]
            if None in ready:
                self._accept()
            now = time.monotonic()
            with self._guard:
                rules = dict(self.rules)
            for one in list(self._open):
                if not self._carry(
                    one, [way for word in ready if word and word[0] is one for way in word[1:]], rules, now
                ):
                    self._open.discard(one)
            if any(rule.do == "hole" for rule in rules.values()):
                self._ended.wait(LOOK_S)  # what nobody reads stays readable

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                for one in (client, server):
                    one.setblocking(False)
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(Connection(client, server))

    def _carry(self, one: Connection, ready: list[Way], rules: dict[str, Fault], now: float) -> bool:
        """Read, hold, write; False when the connection is over."""
        if one.ways[0] in ready:
            self._meet(one)
        rule = rules.get(one.kind) or rules.get("*")
        do = rule.do if rule else ""
        if one.kind and do == "reset":
            return self._end(one, do)
        if do == "half_open" and one.kind and not one.gone:
            one.gone = True
            self.hit[one.kind] += 1
            one.server.close()
            one.ways[1].ended = True
        try:
            if one.gone:
                if one.ways[0] in ready and not one.client.recv(READ):
                    return self._end(one, "")
                return True
            if not (one.kind and do == "hole"):
                for way in ready:
                    self._hear(one, way, rule, now)
            spent, one.looked = now - one.looked, now
            for way in one.ways:
                if not self._tell(one, way, rule, now, spent):
                    return self._end(one, "cut")
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return self._end(one, "")
        if all(way.ended and not way.pieces for way in one.ways):
            return self._end(one, "")
        return True

    def _meet(self, one: Connection) -> None:
        """Look at a request's first line without taking it: a connection that is kept may become a stream."""
        with contextlib.suppress(OSError):
            line = one.client.recv(READ, socket.MSG_PEEK).partition(b"\r\n")[0].decode("latin-1")
            if line.endswith("HTTP/1.1") and (kind := self._kind_of(line)) != one.kind:
                one.kind = kind
                self.seen[kind] += 1

    def _hear(self, one: Connection, way: Way, rule: Fault | None, now: float) -> None:
        data = way.source.recv(READ)
        if not data:
            way.ended = True
            return
        way.put(data, now + (rule.seconds if rule and rule.do == "delay" else 0.0))

    def _tell(self, one: Connection, way: Way, rule: Fault | None, now: float, spent: float) -> bool:
        """Send what may leave; False where the connection is cut here."""
        do = rule.do if rule and one.kind else ""
        if do == "hole":
            return True
        way.budget = min(way.budget + rule.rate * spent, max(rule.rate, 1.0)) if rule and do == "trickle" else 0.0
        while way.pieces and way.pieces[0][0] <= now:
            due, data = way.pieces.popleft()
            if do == "trickle":
                self.hit[one.kind] += 1
                most = int(way.budget)
                way.budget -= most
            else:
                most = len(data) // 2 if do == "cut" and way is one.ways[1] and len(data) > 200 else len(data)
            sent = way.sink.send(data[:most]) if most else 0
            way.size -= sent
            if do == "cut" and most < len(data):
                return False
            if sent < len(data):
                way.pieces.appendleft((due, data[sent:]))
                return True
        if way.ended and not way.pieces:
            way.sink.shutdown(socket.SHUT_WR)
        return True

    def _end(self, one: Connection, why: str) -> bool:
        if why:
            self.hit[one.kind] += 1
        one.close(reset=bool(why))
        return False
