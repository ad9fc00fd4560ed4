"""The replay's process as a console sees it: questions out without waiting, the newest answers in.

A child of this process, niced, its stdin a pipe of ours: it ends when we close that, or when we die.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.domain.audit import AnyAuditAsk, AnyAuditTold, JournalFile, JournalTold

READ = 1 << 18
END_S = 2.0  # what it may take to end by itself
MOST_JOURNALS = 200
ENDED = "the replay's process ended; leave this screen and come back to start it again"


class AuditProcess:
    """`ask`, `told`, `close`, as `core.domain.audit.AuditPort`. Of each kind of answer only the newest is kept."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        known = [path for path in [os.environ.get("PYTHONPATH", "")] if path]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "core.build.audit.child"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *known])}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0,
        )  # fmt: skip
        assert self._child.stdin is not None
        os.set_blocking(self._child.stdin.fileno(), False)
        self._encoder = msgspec.msgpack.Encoder()
        self._news: dict[type[Any], AnyAuditTold] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="audit", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def ask(self, question: AnyAuditAsk) -> None:
        """A question is smaller than a pipe takes at once: it goes whole, or not at all and is said to."""
        raw = self._encoder.encode(question)
        try:
            assert self._child.stdin is not None
            if self._child.stdin.write(len(raw).to_bytes(4, "big") + raw) != len(raw) + 4:  # None: the pipe is full
                raise BlockingIOError
        except (BlockingIOError, BrokenPipeError, ValueError):
            self._told(JournalTold("", trouble=ENDED))

    def told(self) -> list[AnyAuditTold]:
        with self._lock:
            news, self._news = self._news, {}
        return list(news.values())

    def close(self) -> None:
        """Its questions end, so it ends; by its pid where it does not. Never waits: that is another thread's."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        threading.Thread(target=self._wait, name="audit-end", daemon=True).start()

    def _wait(self) -> None:
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _told(self, answer: AnyAuditTold) -> None:
        with self._lock:
            self._news.pop(type(answer), None)
            self._news[type(answer)] = answer

    def _listen(self) -> None:
        """In a thread of its own: decoding a picture takes a fraction of a millisecond."""
        decoder = msgspec.msgpack.Decoder(AnyAuditTold)
        stdout = self._child.stdout
        assert stdout is not None
        buffer = bytearray()
        with stdout:
            while data := stdout.read(READ):
                buffer += data
                while len(buffer) >= 4:
                    end = 4 + int.from_bytes(buffer[:4], "big")
                    if len(buffer) < end:
                        break
                    self._told(decoder.decode(bytes(buffer[4:end])))
                    del buffer[:end]
        self._told(JournalTold("", trouble=ENDED))


def journals_in(state_dir: Path) -> Callable[[], Sequence[JournalFile]]:
    """Lists the journals of a state dir, the newest first."""

    def listed() -> Sequence[JournalFile]:
        found = []
        for path in (state_dir / "journal").glob("*.perpj"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue  # retention took it just now
            found.append(JournalFile(str(path), path.name, stat.st_size, stat.st_mtime_ns))
        return sorted(found, key=lambda one: (-one.changed, one.name))[:MOST_JOURNALS]

    return listed
