"""Ends the process that holds the lock and does not answer: only `panic` may (K-33), and only a holder proven by the
kernel (it holds the flock or the abstract socket right now), named by pid and start time through a pidfd.
"""

from __future__ import annotations

import os
import select
import signal

import msgspec

from core.guard.holders import Holding
from core.guard.process import start_ticks

DEATH_S = 3.0


class Ended(msgspec.Struct, frozen=True):
    """What became of one holder. done: it is gone; text: one sentence for the evidence."""

    pid: int
    done: bool
    text: str


def end_holders(found: tuple[Holding, ...]) -> list[Ended]:
    """SIGSTOP to all of them, then SIGKILL to all, then wait for their end. Never raises for one that resists."""
    opened: list[tuple[Holding, int]] = []
    ended: list[Ended] = []
    for holding in found:
        if holding.pid == os.getpid():
            continue
        try:
            opened.append((holding, _open(holding)))
        except ProcessLookupError:
            ended.append(Ended(holding.pid, True, f"pid {holding.pid} was gone already"))
        except OSError as error:
            ended.append(Ended(holding.pid, False, f"pid {holding.pid} cannot be opened: {error}"))
    try:
        refused = {holding.pid: why for holding, fd in opened if (why := _send(fd, signal.SIGSTOP))}
        for holding, fd in opened:
            why = _send(fd, signal.SIGKILL) or refused.get(holding.pid, "")
            gone = _gone(fd)
            text = f"pid {holding.pid} ({holding.command}) killed" if gone else f"pid {holding.pid} still there: {why}"
            ended.append(Ended(holding.pid, gone, text))
    finally:
        for _, fd in opened:
            os.close(fd)
    return ended


def _open(holding: Holding) -> int:
    """A descriptor of that very process: the pid may have been reused since it was looked up."""
    fd = os.pidfd_open(holding.pid)
    if start_ticks(holding.pid) != holding.start_ticks:
        os.close(fd)
        raise ProcessLookupError(f"pid {holding.pid} is another process by now")
    return fd


def _send(fd: int, number: signal.Signals) -> str:
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return ""
    except OSError as error:
        return str(error)
    return ""


def _gone(fd: int) -> bool:
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)  # a pidfd is readable once its process has ended
    return bool(waiting.poll(DEATH_S * 1000))
