"""Colours and signs. Three palettes (default blue and orange, classic green and red, mono), one ASCII set of signs.

A colour never stands alone: a word or a shape says the same. Red is for LIVE, HALTED and CRIT only, also where the
terminal has 16 colours and each of these becomes its nearest one; classic alone draws losses and sells red.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from rich.style import Style

BACK = "#0c1016"
PANEL = "#0c1016"

_BASE = {
    "text": "#d3dae3",
    "value": "bold #f2f5f9",
    "label": "#8493a5",
    "dim": "#76889c",
    "faint": "#3a4655",
    "frame": "#2f3b4a",
    "focus": "#59b2ff",
    "title": "bold #a9bacd",
    "accent": "#62d0e8",
    "ok": "#52c7a4",
    "warn": "#e9c14f",
    "crit": "bold #ff6464",
    "up": "#5aaeff",
    "down": "#ec9200",
    "buy": "#5aaeff",
    "sell": "#ec9200",
    "key": "bold #62d0e8",
    "stale": "#7d8a97",
    "old": "#8a94a0",
    "badstale": f"bold {BACK} on #e9c14f",
    "line": "#62d0e8",
    "band": "#76889c",
    "chip.ok": f"bold {BACK} on #52c7a4",
    "chip.warn": f"bold {BACK} on #e9c14f",
    "chip.crit": "bold #ffffff on #b3261e",
    "chip.note": f"bold {BACK} on #a9bacd",
    "paper": "bold #06120c on #55c878",
    "testnet": "bold #161002 on #d8b13c",
    "live": "bold #ffffff on #b3261e",
    "replay": "bold #ffffff on #1f3f9f",
    "halted": "bold #b3261e on #ffffff",
    "bar": "#a9bacd on #18202b",
    "bar.key": "bold #62d0e8 on #18202b",
    "bar.stop": "bold #ffffff on #3a4655",
    "kpi": "#8493a5 on #121922",
    "kpi.back": "on #121922",
    "ground": f"on {BACK}",
    "dialog": "on #131a23",
}
_CLASSIC = {"up": "#57c26a", "down": "#f07178", "buy": "#57c26a", "sell": "#f07178", "ok": "#57c26a"}
_MONO = {
    **dict.fromkeys(_BASE, ""),
    "value": "bold",
    "label": "dim",
    "dim": "dim",
    "faint": "dim",
    "frame": "dim",
    "focus": "bold",
    "title": "bold",
    "crit": "bold reverse",
    "warn": "bold",
    "key": "bold",
    "stale": "dim",
    "badstale": "reverse",
    **dict.fromkeys(("chip.ok", "chip.warn", "chip.crit", "chip.note", "halted", "live", "bar.stop"), "bold reverse"),
    **dict.fromkeys(("paper", "testnet", "replay", "bar", "bar.key"), "reverse"),
}
PALETTES = {"default": _BASE, "classic": {**_BASE, **_CLASSIC}, "mono": _MONO}

_SIGNS = {
    "up": "▲", "down": "▼", "on": "●", "off": "○", "half": "◌", "crit": "■", "warn": "!", "ok": "ok",
    "age": "⏱", "arrow": "→", "sep": "│", "dot": "·", "h": "─", "tl": "╭", "tr": "╮", "bl": "╰", "br": "╯", "v": "│",
    "hatch": "░░", "hatch2": "▒▒", "hatch3": "▓▓", "back": "◀◀", "more": "…", "now": "◄", "dash": "—", "plusminus": "±",
    "sq": "■■", "grid": "┄", "delta": "→", "root": "√", "micro": "µ",
}  # fmt: skip
_ASCII = {
    "up": "^", "down": "v", "on": "*", "off": "o", "half": ".", "crit": "#", "warn": "!", "ok": "ok",
    "age": "~", "arrow": "->", "sep": "|", "dot": ";", "h": "-", "tl": "+", "tr": "+", "bl": "+", "br": "+", "v": "|",
    "hatch": "//", "hatch2": "==", "hatch3": "##", "back": "<<", "more": "..", "now": "<", "dash": "-",
    "plusminus": "+-",
    "sq": "!!", "grid": "-", "delta": "->", "root": "sqrt ", "micro": "u",
}  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """One palette with its signs. `style(name)` is a rich Style, `sign(name)` a shape."""

    palette: str = "default"
    ascii_only: bool = False

    @cached_property
    def _styles(self) -> dict[str, Style]:
        return {name: Style.parse(text) if text else Style.null() for name, text in PALETTES[self.palette].items()}

    @cached_property
    def _signs(self) -> dict[str, str]:
        return _ASCII if self.ascii_only else _SIGNS

    def on(self, name: str, back: str) -> Style:
        """Style `name` on the ground `back`; a style with a ground of its own keeps it."""
        made = self._combined.get((name, back))
        if made is None:
            made = self._combined[name, back] = self._styles[back] + self._styles[name]
        return made

    @cached_property
    def _combined(self) -> dict[tuple[str, str], Style]:
        return {}

    def style(self, name: str) -> Style:
        """Raises KeyError for a name that no palette has: a wrong name is a fault of ours."""
        return self._styles[name]

    def sign(self, name: str) -> str:
        return self._signs[name]

    def text(self, text: str) -> str:
        """`text` in what the terminal can draw: in ASCII mode every other sign becomes its look-alike or `?`."""
        if not self.ascii_only or text.isascii():
            return text
        return text.translate(_LOOKALIKES).encode("ascii", "replace").decode()


_LOOKALIKES = str.maketrans(
    {
        **{chr(code): "+" for code in range(0x2500, 0x2580)}, **{chr(code): "#" for code in range(0x2580, 0x25A0)},
        **dict.fromkeys("─┄┈╌", "-"), **dict.fromkeys("│┆┊╎▏▎▕", "|"), **dict.fromkeys("━┃┏┓┗┛┅┉╍", "#"),
        "µ": "u", "σ": "s", "√": "r", "→": ">", "…": "~", "·": ";", "×": "x", "±": "~", "—": "-", "–": "-", "−": "-",
        "░": ".", "▁": "_", "▔": "-", "▲": "^", "▼": "v", "▶": ">", "●": "*", "•": "*", "○": "o", "≥": ">", "≤": "<",
        "⏱": "~", "■": "#", "◄": "<", "π": "p", "Δ": "d",
    }
)  # fmt: skip


def profit_style(value: float | None) -> str:
    """Style name of a signed amount."""
    return "dim" if value is None else "up" if value > 0 else "down" if value < 0 else "text"


def profit_sign(theme: Theme, value: float | None, digits: int = 2) -> str:
    """`▲`, `▼` or a blank of the same width, by the value as it is shown: at `digits` places."""
    shown = round(value, digits) if value is not None and math.isfinite(value) else value
    return " " if not shown else theme.sign("up") if shown > 0 else theme.sign("down")
