"""EMERGENCY as it is typed: Ctrl+G (0x07), F12 and their kitty forms found in the raw input, before any queue.

The machine decides which press flattens; the hook calls out from the input thread. Knows no toolkit and no core.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

MS = 1_000_000
QUIET_NS = 500 * MS  # no press before a second one for so long, else it is key repeat
WINDOW_NS = 5_000 * MS
SETTLE_NS = 400 * MS  # and none after it: the first repeat of a held key comes up to 0.7 s after the press
BEL = b"\x07"
PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
HOLD = 24  # bytes of an unfinished sequence that are kept for the next read
_KITTY = re.compile(rb"\x1b\[(?:(103(?::\d*)*);(\d+)(?::([123]))?(?:;[\d:]*)?u|24(?:;(\d+)(?::([123]))?)?~)")
_ALONE = re.compile(rb"(?:\x07|" + re.sub(rb"\((?!\?)", rb"(?:", _KITTY.pattern) + rb")+")
_LOCKS = 0b1100_0000  # caps lock and num lock in a kitty modifier


class EmergencyKey:
    """Which press halts, which one flattens. Every press halts again (that only re-sends cancels).

    A press flattens when it comes 0.5-5 s after the last separate press, nothing came in the 0.5 s before it and
    nothing comes in the 0.4 s after it, and the HALTED frame was drawn before it. Times are monotonic ns.
    """

    def __init__(self, double_press_flattens: bool = True) -> None:
        self.double_press_flattens = double_press_flattens
        self._first: int | None = None  # the last separate press that halted
        self._last: int | None = None
        self._waiting: int | None = None  # a press that flattens if it stays alone
        self._drawn = False

    def halted_drawn(self) -> None:
        """The HALTED frame stands on the screen."""
        self._drawn = True

    def cleared(self) -> None:
        """Not halted any more: the next press starts again."""
        self._first = self._waiting = None
        self._drawn = False

    def press(self, t: int) -> None:
        """A press at `t`; the caller halts on every one of them."""
        last, self._last = self._last, t
        if last is not None and t - last < QUIET_NS:
            self._waiting = None
            return
        first = self._first
        if first is not None and QUIET_NS <= t - first <= WINDOW_NS and self._drawn and self.double_press_flattens:
            self._waiting = t
            return
        self._first = t

    @property
    def pending(self) -> bool:
        return self._waiting is not None

    def due(self, t: int) -> bool:
        """True once, when the waiting press stayed alone: flatten now."""
        if self._waiting is None or t - self._waiting < SETTLE_NS:
            return False
        self._first = self._waiting = None
        return True


class KeyScanner:
    """Finds the emergency key in raw bytes, however they are cut. Pasted text never counts.

    A read of nothing but the key, in whatever form, always counts: a paste whose end was lost cannot swallow it.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._pasting = False

    def feed(self, data: bytes) -> int:
        """Number of presses in `data`."""
        if self._pasting and (alone := presses_alone(data)):
            self._tail, self._pasting = b"", False
            return alone
        text, self._tail = self._tail + data, b""
        presses = at = 0
        while at < len(text):
            if self._pasting:
                end = text.find(PASTE_END, at)
                if end < 0:
                    self._tail = text[max(at, len(text) - len(PASTE_END) + 1) :]
                    return presses
                at, self._pasting = end + len(PASTE_END), False
                continue
            byte = text[at : at + 1]
            if byte == BEL:
                presses += 1
            elif byte == b"\x1b":
                if text.startswith(PASTE_START, at):
                    self._pasting = True
                    at += len(PASTE_START)
                    continue
                if match := _KITTY.match(text, at):
                    presses += _is_press(match)
                    at = match.end()
                    continue
                rest = text[at:]
                if len(rest) < HOLD and re.fullmatch(rb"\x1b(?:\[[\d:;]*)?", rest):
                    self._tail = rest
                    return presses
            at += 1
        return presses


def presses_alone(data: bytes) -> int:
    """Presses in a read that holds nothing else; 0 where it does."""
    if not _ALONE.fullmatch(data):
        return 0
    return data.count(BEL) + sum(_is_press(match) for match in _KITTY.finditer(data))


def _is_press(match: re.Match[bytes]) -> bool:
    """Ctrl+G with no other modifier, or F12 alone; locks do not matter, releases do not count."""
    g, g_mods, g_kind, f_mods, f_kind = match.groups()
    held = (int((g_mods if g else f_mods) or b"1") - 1) & ~_LOCKS
    return (g_kind or f_kind) != b"3" and held == (4 if g else 0)


class KeyHook:
    """Joins scanner and machine and calls out from the thread that reads the keys.

    `on_emergency(t_key_ns)` closes the gate and sends Halt; `on_flatten(t_key_ns)` sends Flatten. `wall` gives the
    stamp of a key, `monotonic` the time between presses. Safe from several threads.
    """

    def __init__(
        self,
        on_emergency: Callable[[int], None],
        on_flatten: Callable[[int], None],
        wall: Callable[[], int],
        monotonic: Callable[[], int],
        double_press_flattens: bool = True,
    ) -> None:
        self._machine = EmergencyKey(double_press_flattens)
        self._scanner = KeyScanner()
        self._on_emergency, self._on_flatten = on_emergency, on_flatten
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        self._key_ns = 0
        self.reads_keys = False  # a driver feeds raw bytes: the app's own binding must not count the press again

    def feed(self, data: bytes) -> None:
        """Raw input, in the input thread, before the toolkit parses it."""
        for _ in range(self._scanner.feed(data)):
            self.press()

    def press(self) -> None:
        """One press, from whatever thread saw it."""
        t_key = self._wall()
        self._on_emergency(t_key)  # first: nothing, not even the lock, stands before the gate
        with self._lock:
            self._key_ns = t_key
            self._machine.press(self._monotonic())

    def poll(self) -> None:
        """Call at least every 0.1 s: flattens when a second press stayed alone."""
        with self._lock:
            due, t_key = self._machine.due(self._monotonic()), self._key_ns
        if due:
            self._on_flatten(t_key)

    @property
    def pending(self) -> bool:
        """A second press waits to be known as a separate one."""
        with self._lock:
            return self._machine.pending

    def halted_drawn(self) -> None:
        with self._lock:
            self._machine.halted_drawn()

    def cleared(self) -> None:
        with self._lock:
            self._machine.cleared()

    def allow_double(self, yes: bool) -> None:
        with self._lock:
            self._machine.double_press_flattens = yes
