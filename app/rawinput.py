"""Raw bytes of the terminal to the toolkit's events, the key hook first. Nothing that can be typed ends the console.

The toolkit's parser raises on some sequences, which would end the App, takes keys out of a bracketed paste that holds
an escape, and believes any size that is told among the keys: what it cannot read is dropped here, so are the escapes of
a paste, and the size is the kernel's.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.message import Message

from app.keyhook import KeyHook, presses_alone

ESC = "\x1b"


class RawInput:
    """`feed` what was read, `tick` when nothing came for a while; both give events. For one thread.

    A read of nothing but EMERGENCY ends a paste whose end was lost, here as in the hook. size: columns and rows now.
    """

    def __init__(self, hook: KeyHook, size: Callable[[], tuple[int, int]], debug: bool = False) -> None:
        self._hook, self._size, self._debug = hook, size, debug
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._parser = XTermParser(debug)
        self._pasting = False
        self._held = ""  # within a paste: what may become its end; outside: the last characters
        self.dropped = 0  # sequences that the parser could not read

    def feed(self, data: bytes) -> Iterator[Message]:
        """The hook sees every byte before anything is parsed."""
        self._hook.feed(data)
        if self._pasting and presses_alone(data):
            self._pasting, self._held = False, ""
            self._renew()
        for character in self._decode(data):
            for passed in self._within_paste(character) if self._pasting else self._outside(character):
                yield from self._read(self._parser.feed(passed))

    def tick(self) -> Iterator[Message]:
        """An escape that stayed alone is the key Esc."""
        yield from self._read(self._parser.tick())

    def close(self) -> None:
        """Input has ended; nothing is owed to a screen that closes."""
        for _ in self._read(self._parser.feed("")):
            pass

    def _outside(self, character: str) -> str:
        self._held = (self._held + character)[-len(BRACKETED_PASTE_START) :]
        if self._held != BRACKETED_PASTE_START:
            return character
        self._pasting, self._held = True, ""
        self._renew()  # on a slow line it may have taken the escape for a key of its own
        return BRACKETED_PASTE_START

    def _within_paste(self, character: str) -> str:
        """What of the paste goes on: no escape but that of its end, which is held until it is one."""
        self._held += character
        if BRACKETED_PASTE_END.startswith(self._held):
            if self._held != BRACKETED_PASTE_END:
                return ""
            self._pasting, self._held = False, ""
            return BRACKETED_PASTE_END
        passed, self._held = (self._held[:-1], ESC) if character == ESC else (self._held, "")
        return passed.replace(ESC, "")

    def _read(self, parsed: Iterable[Message]) -> Iterator[Message]:
        try:
            for event in parsed:
                resized = isinstance(event, events.Resize)
                yield events.Resize.from_dimensions(self._size(), event.pixel_size) if resized else event
        except Exception:  # whatever it was: the parser is broken from here on, and the console must not end by it
            self.dropped += 1
            self._renew()
            if self._pasting:
                yield from self._parser.feed(BRACKETED_PASTE_START)

    def _renew(self) -> None:
        """A parser in its first state, which knows what the terminal has said about itself."""
        old, new = self._parser, XTermParser(self._debug)
        new.mouse_pixels, new.terminal_size, new.terminal_pixel_size = (
            old.mouse_pixels, old.terminal_size, old.terminal_pixel_size,
        )  # fmt: skip
        self._parser = new
