"""Random strings of bytes as a bad line, a torn terminal or a careless paste would send them; never the emergency key.

`strings(seed, first, last)` gives them with how each arrives. Chance from core.rng: seed and number name a string.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.keyhook import BEL, KeyScanner
from core import rng

LONGEST = 200
ACCOUNT = "main-01"
KEYS = bytes(range(32, 127)) + b"\r\t\x1b\x7f\x00\x11\x03\x10"
WORDS = tuple(
    word.encode()
    for word in (
        "f", "p", "R", "q", "d", "s", "x", "y", "a", "A", "w", ":", "/", "?", "\r", "\t", "\x1b", "flat", "flat\r",
        "arm\r", "go\r", "stop\r", "why\r", f"{ACCOUNT}\r", "fflat\r", f"p{ACCOUNT}\r", "pgo\r", f"Rwhy\r{ACCOUNT}\r",
        "qsstop\r", "qxflat\r", ":flatten\rflat\r", ":rearm\r", ":quit\r", "\x11s", "0", "[", "]", " ", "\n",
    )
)  # fmt: skip
FINALS = b"ABCDEFGHIJKLMOPQRSTUXZ@`abcdefghilmnpqrstuvxyz{|}~"


@dataclass(frozen=True)
class Typed:
    """`chunks` arrive one after the other. slowly: each is dealt with before the next one comes, half-read escapes run
    out of time in between, and dialogs listen at once: the hardest case for a torn sequence."""

    number: int
    kind: str
    chunks: tuple[bytes, ...]
    slowly: bool

    @property
    def data(self) -> bytes:
        return b"".join(self.chunks)


def strings(seed: int, first: int, last: int) -> Iterator[Typed]:
    """Each from a stream of its own, so that any one of them can be made again alone."""
    for number in range(first, last):
        yield string(seed, number)


def string(seed: int, number: int) -> Typed:
    kinds = (_bytes, _keys, _escapes, _torn, _words, _pastes, _drops)
    draw = rng.stream(seed, f"torrent {number}")
    while True:
        made = kinds[number % len(kinds)](number, draw)
        if not any(KeyScanner().feed(piece) for piece in (made.data, b" " + made.data)) and not _pressed(made):
            return made


def _pressed(made: Typed) -> bool:
    """Whether the emergency key is in it after all."""
    scanner = KeyScanner()
    return BEL in made.data or any(scanner.feed(chunk) for chunk in made.chunks)


def _some(draw: np.random.Generator, alphabet: bytes, most: int = LONGEST) -> bytes:
    drawn = draw.integers(0, len(alphabet), int(draw.integers(0, most + 1)))
    return bytes(alphabet[n] for n in drawn)


def _cut(draw: np.random.Generator, data: bytes, most: int) -> tuple[bytes, ...]:
    at = sorted({0, len(data), *(int(n) for n in draw.integers(0, len(data) + 1, int(draw.integers(1, most + 1))))})
    return tuple(data[a:b] for a, b in pairwise(at))


def _bytes(number: int, draw: np.random.Generator) -> Typed:
    """Any byte, in one read: most of it is torn UTF-8."""
    return Typed(number, "bytes", (_some(draw, bytes(n for n in range(256) if n != 7)),), False)


def _keys(number: int, draw: np.random.Generator) -> Typed:
    """A cat on the keyboard: one key after the other, each with its effect before the next."""
    data = _some(draw, KEYS, 60)
    return Typed(number, "keys", tuple(data[i : i + 1] for i in range(len(data))), True)


def _escape(draw: np.random.Generator) -> bytes:
    """One sequence of a terminal, or what looks like one."""

    def figure(top: int = 300) -> bytes:
        return str(int(draw.integers(0, top))).encode()

    kind = int(draw.integers(0, 12))
    if kind == 0:  # cursor keys and the like, with parameters
        return b"\x1b[" + b";".join(figure() for _ in range(int(draw.integers(0, 4)))) + _one(draw, FINALS)
    if kind == 1:
        return b"\x1bO" + _one(draw, FINALS)
    if kind == 2:  # a mouse report, old form
        return b"\x1b[M" + bytes(int(n) for n in draw.integers(32, 256, 3) if n != 7)
    if kind == 3:  # new form
        return b"\x1b[<" + b";".join(figure(100_000) for _ in range(3)) + _one(draw, b"mM")
    if kind == 4:  # focus
        return _one(draw, b"IO", b"\x1b[")
    if kind == 5:  # kitty: key, modifiers and kind, text
        parts = [b":".join(figure(1_200_000) for _ in range(int(draw.integers(1, 3)))) for _ in range(3)]
        return b"\x1b[" + b";".join(parts[: int(draw.integers(1, 4))]) + _one(draw, b"u~ABCDEFHPQRS")
    if kind == 6:  # reports: mode, cursor, size
        return _one_of(draw, b"\x1b[?2026;2$y", b"\x1b[?2048;2$y", b"\x1b[12;40R", b"\x1b[48;900;900;0;0t",
                       b"\x1b[48;99999999;99999999;1;1t", b"\x1b[99999999999999999999R")  # fmt: skip
    if kind == 7:
        return _one_of(draw, b"\x1b]0;title\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b[?1;2c", b"\x1b_Gi=1;OK\x1b\\")
    if kind == 8:
        return b"\x1b" + _some(draw, KEYS.replace(b"\x1b", b""), 40)
    if kind == 9:
        return b"\x1b" * int(draw.integers(1, 4))
    return _some(draw, KEYS, 3)


def _one(draw: np.random.Generator, alphabet: bytes, before: bytes = b"") -> bytes:
    return before + bytes([alphabet[int(draw.integers(0, len(alphabet)))]])


def _one_of(draw: np.random.Generator, *choices: bytes) -> bytes:
    return choices[int(draw.integers(0, len(choices)))]


def _several(draw: np.random.Generator, most: int) -> bytes:
    data = b""
    while len(data) < most:
        data += _escape(draw)
    return data[:LONGEST].replace(BEL, b"")


def _escapes(number: int, draw: np.random.Generator) -> Typed:
    """Whole sequences, some cut by the end of a read."""
    return Typed(number, "escapes", _cut(draw, _several(draw, int(draw.integers(1, LONGEST))), 4), False)


def _torn(number: int, draw: np.random.Generator) -> Typed:
    """Sequences split anywhere, with more than the escape delay between the parts."""
    return Typed(number, "torn", _cut(draw, _several(draw, int(draw.integers(1, 80))), 24), True)


def _words(number: int, draw: np.random.Generator) -> Typed:
    """An unbracketed paste in which the very words stand that confirm things."""
    data = b"".join(WORDS[n] for n in draw.integers(0, len(WORDS), int(draw.integers(1, 40))))[:LONGEST]
    return Typed(number, "words", _cut(draw, data, 4), False)


def _pastes(number: int, draw: np.random.Generator) -> Typed:
    """Bracketed pastes of such words with escapes among them, torn; some without an end."""
    inside = b"".join(
        _one_of(draw, *WORDS, b"\x1b", b"\x1b[A", b"\x1b" + b"f" * 34, b"\x1bf\x1bf", b"\x1b[20", b"\xff\x00", b"p" * 9)
        for _ in range(int(draw.integers(1, 12)))
    )[: LONGEST - 12]
    end = _one_of(draw, b"\x1b[201~", b"\x1b[201~", b"\x1b[201~", b"")
    return Typed(number, "pastes", _cut(draw, b"\x1b[200~" + inside + end, 12), True)


def _drops(number: int, draw: np.random.Generator) -> Typed:
    """Any byte, one by one."""
    data = _some(draw, bytes(n for n in range(256) if n != 7), 60)
    return Typed(number, "drops", tuple(data[i : i + 1] for i in range(len(data))), True)
