"""Strings from outside: stripped of everything that a terminal could obey (RELIABILITY X4), and capped.

The one place where venue text enters; whatever is drawn, logged or stored went through `clean` first.
"""

from __future__ import annotations

CAP = 256

_FORBIDDEN = [
    *range(0x20),  # C0
    0x7F,
    *range(0x80, 0xA0),  # C1
    0x00AD,  # soft hyphen
    0x034F,  # combining grapheme joiner
    0x061C,  # Arabic letter mark
    0x115F,
    0x1160,
    *range(0x17B4, 0x17B6),
    *range(0x180B, 0x1810),
    *range(0x200B, 0x2010),  # zero width, LRM, RLM
    *range(0x2028, 0x202F),  # line and paragraph separators, bidi embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, invisible operators, bidi isolates
    0x3164,
    *range(0xD800, 0xE000),  # lone surrogates
    *range(0xFE00, 0xFE10),  # variation selectors
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
    *range(0x600, 0x606),
    0x6DD,
    0x70F,
    0x890,
    0x891,
    0x8E2,
    0x110BD,
    0x110CD,  # format signs of scripts
    *range(0x13430, 0x13440),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0000, 0xE0080),  # tags
    *range(0xE0100, 0xE01F0),
]
_TABLE = dict.fromkeys(_FORBIDDEN)


def clean(value: object, cap: int = CAP) -> str:
    """`value` as text of at most `cap` characters without control, bidi and zero-width characters.

    None becomes the empty text, bytes are read as UTF-8 with replacement, other objects by `str`.
    """
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value[: cap * 8].decode("utf-8", "replace")
    text = value if isinstance(value, str) else str(value)
    return text[: cap * 8].translate(_TABLE)[:cap]
