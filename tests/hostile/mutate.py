"""What a hostile or broken venue may say: one JSON message and what is wrong with it, drawn from a seed.

`garbage` makes at least one figure or the shape itself unreadable, so nothing of the changed place may be believed;
`lies` may also leave plain figures that are wrong, doubled or out of order: they may be believed, but never crash.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

NO_FIGURES: tuple[Any, ...] = (
    None, "", " ", "NaN", "nan", "-nan", "inf", "-inf", "Infinity", "-Infinity", "1e308", "-1e308", "1e-308", "1e999",
    "0x1F", "1_0", "１２", "1,5", "--1", "1.2.3", "abc", "\x00", "\x1b[2J", "\u202e1", "9" * 400, True, False, [], {},
    [[]], [None], {"p": "1"}, 1e308, -1e308, 2**63, 2**64, -(2**63), 10**40, "-5", -5,
)  # fmt: skip
RAW = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1E+999")  # as JSON numbers, which only some readers take
FRAMES = (
    b"", b" ", b"{", b"[", b"{}", b"[]", b"null", b"true", b"0", b"-1", b'""', b'"x"', b"{]", b"\x00", b"\xff\xfe{}",
    b"[[[[]]]]", b'{"e":null}', b'{"channel":null}', b'{"e":[]}', b'{"e":{"e":1}}', b'{"channel":"error","data":null}',
    b'{"channel":"l2Book","data":null}', b'{"channel":"l2Book","data":{"coin":null,"levels":null,"time":null}}',
    b'{"channel":"userFills","data":{"isSnapshot":false,"fills":[null]}}', b'{"channel":"orderUpdates","data":[null]}',
    b'{"channel":"userFills","data":{"fills":{}}}', b'{"channel":"trades","data":[{}]}', b'{"e":"trade"}',
    b'{"e":"depthUpdate","s":"ETHUSDC"}', b'{"e":"ORDER_TRADE_UPDATE"}', b'{"e":"ORDER_TRADE_UPDATE","o":null}',
    b'{"e":"ORDER_TRADE_UPDATE","o":{"s":"ETHUSDC"}}', b'{"e":"ACCOUNT_UPDATE","a":null}', b'{"e":"markPriceUpdate"}',
    b'{"error":{"code":null,"msg":null}}', b'{"error":{"code":-1003,"msg":"Too many"}}', b'{"code":0,"msg":"x"}',
    b'{"id":"x","status":500,"error":{"code":-1,"msg":"\\u001b[2J"}}', b'{"id":1,"result":null}', b"pong", b"ping",
)  # fmt: skip
DEPTHS = (200, 2_000, 100_000)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a message, the message itself left out."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


def put(message: Any, path: tuple[Any, ...], value: Any) -> None:
    """Write one place; `...` takes the key away."""
    for key in path[:-1]:
        message = message[key]
    if value is ...:
        del message[path[-1]]
    else:
        message[path[-1]] = copy.deepcopy(value)


class Mutations:
    """Of one seed. `mixed(text)` is any of them; each returns the bytes of a frame and the name of what was done."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def frame(self, text: str) -> tuple[bytes, str]:
        """Anything: garbage in places, lies, torn and flipped bytes, foreign frames, depth."""
        kind = self.dice.random()
        if kind < 0.45:
            return self.garbage(text)
        if kind < 0.65:
            return self.lies(text)
        if kind < 0.80:
            return self.bytes_of(text)
        if kind < 0.97:
            return self.dice.choice(FRAMES), "another frame"
        return self.deep(text)

    def garbage(self, text: str, fields: frozenset[str] | None = None) -> tuple[bytes, str]:
        """One to three places of the message hold what is no figure, or are missing; only `fields` where given."""
        message = copy.deepcopy(json.loads(text))
        done = []
        for _ in range(self.dice.randint(1, 3)):
            found = [p for p in places(message) if fields is None or any(part in fields for part in p)]
            if not found:
                break
            path = self.dice.choice(found)
            value = self.dice.choice((*NO_FIGURES, ...))
            put(message, path, value)
            done.append(f"{'.'.join(map(str, path))}={'gone' if value is ... else ascii(value)[:40]}")
        out = json.dumps(message)
        if self.dice.random() < 0.15:
            out = self._raw(out)
        return out.encode("utf-8", "surrogatepass"), "; ".join(done)

    def _raw(self, out: str) -> str:
        """A string figure becomes a bare JSON number that is none."""
        spots = [i for i, c in enumerate(out) if c == ":"]
        at = self.dice.choice(spots) + 1 if spots else 0
        end = at
        while end < len(out) and out[end] not in ",}]":
            end += 1
        return out[:at] + self.dice.choice(RAW) + out[end:]

    def lies(self, text: str) -> tuple[bytes, str]:
        """Plain but wrong: other figures, levels out of order, doubled or crossed, foreign symbols, sequences."""
        message = copy.deepcopy(json.loads(text))
        done = []
        for _ in range(self.dice.randint(1, 3)):
            found = list(places(message))
            if not found:
                break
            path = self.dice.choice(found)
            old = message
            for key in path:
                old = old[key]
            new = self._lie(old)
            put(message, path, new)
            done.append(f"{'.'.join(map(str, path))}={ascii(new)[:40]}")
        return json.dumps(message).encode("utf-8", "surrogatepass"), "lie " + "; ".join(done)

    def _lie(self, old: Any) -> Any:
        if isinstance(old, list):
            new = list(old) * self.dice.choice((1, 1, 2, 50))
            self.dice.shuffle(new)
            return new
        if isinstance(old, dict):
            return {**old, str(self.dice.random()): self.dice.choice(NO_FIGURES)}
        if isinstance(old, bool):
            return not old
        if isinstance(old, int):
            return self.dice.choice((0, 1, old + 1, old - 1, old * 10, old * 1_000, 2**53, 2**62, -old))
        if isinstance(old, float):
            return self.dice.choice((0.0, old * 10, old / 10, old + 1e-9, -old, float(2**53)))
        figure = str(old)
        if figure.replace(".", "", 1).isdigit():
            return self.dice.choice((
                "0", "0.0", figure + "0", "1" + figure, figure.replace(".", "", 1), figure[:-1] or "0", float(figure),
                "35184372088832", "0.00000000001", figure + "1",
            ))  # fmt: skip
        return self.dice.choice(
            ("BTCUSDT", "ETHUSDC", "", figure.lower(), figure + "X", "TRADE", "SELL", "0x" + "0" * 32)
        )

    def bytes_of(self, text: str) -> tuple[bytes, str]:
        """Flipped bits, a cut, doubled pieces, noise."""
        raw = bytearray(text.encode())
        how = self.dice.choice(("flip", "cut", "twice", "noise", "insert"))
        if how == "flip":
            for _ in range(self.dice.randint(1, 8)):
                raw[self.dice.randrange(len(raw))] ^= 1 << self.dice.randrange(8)
        elif how == "cut":
            del raw[self.dice.randrange(len(raw)) :]
        elif how == "twice":
            raw += bytes(raw)
        elif how == "noise":
            raw = bytearray(self.dice.randbytes(self.dice.randint(0, 400)))
        else:
            at = self.dice.randrange(len(raw))
            raw[at:at] = self.dice.randbytes(self.dice.randint(1, 20))
        return bytes(raw), how

    def cut(self, text: str) -> tuple[bytes, str]:
        """The beginning of a frame."""
        return text.encode()[: self.dice.randrange(1, len(text))], "cut"

    def deep(self, text: str) -> tuple[bytes, str]:
        """Nested past every recursion limit, bare or inside a field of the frame."""
        n = self.dice.choice(DEPTHS)
        hole = ("[" * n + "]" * n) if self.dice.random() < 0.5 else ('{"a":' * n + "1" + "}" * n)
        if self.dice.random() < 0.5:
            return hole.encode(), f"depth {n}"
        message = json.loads(text)
        found = list(places(message))
        path = self.dice.choice(found)
        put(message, path, "@@")
        return json.dumps(message).replace('"@@"', hole).encode(), f"depth {n} at {path}"
