"""A thousand hostile strings, and every string field of a struct filled with them: found by its types, so that a field
which is new is covered by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec

MARK = "Zq"  # stands in each payload, so that a reader can tell data from frame
_C0 = [chr(n) for n in range(0x20)] + ["\x7f"]
_C1 = [chr(n) for n in range(0x80, 0xA0)]
_BIDI = [chr(n) for n in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
_UNSEEN = [chr(n) for n in (0xAD, 0x34F, 0x115F, 0x180E, 0x200B, 0x200C, 0x200D, 0x2060, 0x3164, 0xFE0F, 0xFEFF, 0xFFA0,
                            0x2028, 0x2029, 0xE0001, 0xE0041, 0xFFF9, 0xFFFC, 0x1D173)]  # fmt: skip
_ESCAPES = (
    "\x1b]0;title\x07", "\x1b]2;title\x1b\\", "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07", "\x1b]52;c;cm0=\x1b\\", "\x1b]1337;File=name=x:AAAA\x07", "\x1b]10;?\x07",
    "\x1b]777;notify;a;b\x07", "\x1bP$qm\x1b\\", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b_Gf=24;AAAA\x1b\\", "\x1b^pm\x1b\\",
    "\x1bXsos\x1b\\", "\x1b[2J", "\x1b[H", "\x1b[31m", "\x1b[999;999H", "\x1b[6n", "\x1b[c", "\x1b[>c", "\x1b[21t",
    "\x1b[?1049l", "\x1b[?25l", "\x1b[?2004h", "\x1b[5i", "\x1b[3J", "\x1bc", "\x1b7", "\x1b#8", "\x1b(0", "\x1b%G",
    "\x9b2J", "\x9d0;title\x9c", "\x90q\x9c", "\x9fG\x9c", "\x1b", "\x1b[", "\x1b]", "\x1b[38;5;1", "\r\n", "\n", "\r",
    "\b\b\b", "\t", "\x0b", "\x0c", "\x00", "\x07", "\x0e", "\x0f", "\x18", "\x1a", "\x05", "\x85", "\x84",
)  # fmt: skip
_MARKUP = (
    "[bold]", "[/bold]", "[/]", "[", "]", "[red]r[/red]", "[link=http://evil.example]x[/link]", "[@click=app.quit]q[/]",
    "[blink]b[/blink]", "[on red]", "[[", "\\[bold]", "[$error]e[/]", "[not a style]", "[/not]", "{0}", "{x!r}",
    "%s%n%d",
    "$(reboot)", "`reboot`", "${HOME}", "${oc.env:HOME}", "{{7*7}}", ":smile:", "&lt;", "&#x1b;[2J", "\\x1b[2J",
    "\\u001b",
)  # fmt: skip
_DOCUMENT = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='http://e'>x</a>", "<!-- c -->", "<b>b</b>",
    "![i](http://evil.example/i.png)", "[l](http://evil.example/)", "[l][r]", "[r]: http://evil.example/",
    "<http://e.example>",
    "http://evil.example/", "www.evil.example", "# head", "## head", "- item", "1. item", "> quote", "---", "***",
    "___",
    "| a | b |", "|", "||", "\\|", "`code`", "```\nfence\n```", "    indented", "*em*", "**strong**", "_em_",
    "~~s~~", "<",
    ">", "&", '"', "'", "\\", "a\\", "![", "](", "[x](javascript:alert(1))", "[x](data:text/html,x)", "\n\n# head\n\n",
    "\n\n<script>", "\n| a |\n|---|\n| ![x](y) |\n", "$x$", "\\(x\\)", "[^1]", "@user", "#1", "a\r\nb", "x\u2028y",
)  # fmt: skip
_SHEET = (
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1", " =1+1", '"=1+1',
    "=HYPERLINK()",
    "＝1+1", "；=1", ";=1+1", ",=1+1", "'=1+1", "=\x001", "|=1", "%=1", '","=1+1","', '"\n=1+1',
)  # fmt: skip
_LABEL = (
    'a"b',
    "a\\b",
    "a\nb",
    'x"} 1\nevil 2',
    "{",
    "}",
    "a=b",
    'le="+Inf"',
    "# HELP evil",
    "\n# TYPE evil counter",
    "NaN",
)
_WIDE = (
    "e" + "\u0301" * 500, "\u0301" * 200, "Z" + "\u0489" * 300, "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "漢字" * 200, "ﷺ" * 20,
    "\U0001f1e9\U0001f1ea", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "👍🏽", "ｆｕｌｌ", "𒐫" * 30,
    "\u1f00\u0345" * 90,
    "x" * 256, "x" * 10_000, "=" * 5_000, "\u0e33" * 60, "क्षि" * 40, "\U0010ffff", "\ufffe", "\ud800", "\udfff",
    "a\ud83dz",
    "\udcff\udc1b", " " * 300, "", " ", "--", "NaN", "None", "null", "0", "-0", "1e999", "true",
)  # fmt: skip
_PATHS = (
    "../../etc/passwd",
    "/dev/tty",
    "file:///etc/passwd",
    "~",
    "C:\\x",
    "a/b",
    ".",
    "..",
    "con",
    "a\x00b",
    "-rf",
    "--help",
)


def _made() -> Iterator[str]:
    seeds = (*_ESCAPES, *_MARKUP, *_DOCUMENT, *_SHEET, *_LABEL, *_WIDE, *_PATHS)
    single = (*_C0, *_C1, *_BIDI, *_UNSEEN)
    yield from seeds
    for text in seeds:
        yield MARK + text + MARK
    for sign in single:
        yield sign
        yield f"{MARK}{sign}{MARK}"
    for first, second in itertools.product(_ESCAPES[:28], ("[/bold]", "|", "\u202e", "=", "</script>", "\n", "\ud800")):
        yield f"{first}{second}{MARK}"
    for first, second in itertools.product(_MARKUP[:14], (*_DOCUMENT[:12], *_ESCAPES[:6])):
        yield f"{MARK}{first}{second}"


PAYLOADS: tuple[str, ...] = tuple(dict.fromkeys(_made()))
SAYABLE: tuple[str, ...] = tuple(text.encode("utf-8", "replace").decode() for text in PAYLOADS)  # no lone surrogates


class Filler:
    """Fills the string fields of any value with payloads in turn. `kept`: fields that stay, by "Class.field"."""

    def __init__(self, at: int = 0, kept: frozenset[str] = frozenset(), payloads: tuple[str, ...] = PAYLOADS) -> None:
        self.at, self.kept, self.payloads = at, kept, payloads
        self.fields: set[str] = set()

    def next(self) -> str:
        self.at += 1
        return self.payloads[self.at % len(self.payloads)]

    def filled(self, value: Any, where: str = "") -> Any:
        """The same value with other strings; everything that is no string stays."""
        if isinstance(value, str):
            if where in self.kept:
                return value
            self.fields.add(where)
            return self.next()
        if isinstance(value, msgspec.Struct):
            name = type(value).__name__
            changes = {
                field: self.filled(getattr(value, field), f"{name}.{field}") for field in value.__struct_fields__
            }
            return type(value)(**changes)
        if isinstance(value, tuple):
            inner = [self.filled(part, where) for part in value]
            return type(value)(*inner) if hasattr(value, "_fields") else tuple(inner)
        if isinstance(value, list):
            return [self.filled(part, where) for part in value]
        if isinstance(value, dict):
            return {self.filled(key, where): self.filled(inner, where) for key, inner in value.items()}
        return value


def string_fields(kind: Any, seen: set[Any] | None = None) -> set[str]:
    """Every "Class.field" under a struct type that may hold text."""
    seen = set() if seen is None else seen
    found: set[str] = set()
    for info in _structs(msgspec.inspect.type_info(kind), seen):
        for field in info.fields:
            if _holds_text(field.type):
                found.add(f"{info.cls.__name__}.{field.name}")
    return found


def _structs(info: Any, seen: set[Any]) -> Iterator[Any]:
    if isinstance(info, msgspec.inspect.StructType):
        if info.cls in seen:
            return
        seen.add(info.cls)
        yield info
        for field in info.fields:
            yield from _structs(field.type, seen)
    for part in _parts(info):
        yield from _structs(part, seen)


def _parts(info: Any) -> Iterator[Any]:
    for name in ("item_type", "key_type", "value_type"):
        if hasattr(info, name):
            yield getattr(info, name)
    for name in ("item_types", "types"):
        yield from getattr(info, name, ())


def _holds_text(info: Any) -> bool:
    if isinstance(info, msgspec.inspect.StrType):
        return True
    return not isinstance(info, msgspec.inspect.StructType) and any(_holds_text(part) for part in _parts(info))
