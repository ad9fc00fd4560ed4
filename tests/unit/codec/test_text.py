"""Strings from outside reach no terminal (RELIABILITY X4)."""

from __future__ import annotations

import unicodedata

import pytest

from core.codec.text import CAP, clean


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]0;title\x07BTC", "]0;titleBTC"),
        ("\x1b]52;c;ZXZpbA==\x1b\\", "]52;c;ZXZpbA==\\"),
        ("\x9b2J\x90q\x9c", "2Jq"),
        ("ab\u202egnp\u202c", "abgnp"),
        ("z\u200be\u200dr\ufeffo\u2060", "zero"),
        ("\u2066x\u2069", "x"),
        ("line\r\nbreak\x00\x7f", "linebreak"),
        ("tag\U000e0041", "tag"),
        ("lone \ud800 surrogate", "lone  surrogate"),
    ],
)
def test_control_bidi_and_zero_width_characters_are_stripped(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_every_code_point_of_the_control_and_format_classes_is_stripped() -> None:
    left = {
        hex(point)
        for point in range(0x110000)
        if unicodedata.category(chr(point)) in ("Cc", "Cs") or unicodedata.bidirectional(chr(point)) in (
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"
        )
        if clean(chr(point))
    }  # fmt: skip
    assert not left


def test_text_is_capped_after_stripping() -> None:
    assert clean("\x1b" * 300 + "a" * 1000) == "a" * CAP
    assert len(clean("x" * 10_000)) == CAP
    assert clean("x" * 10, cap=3) == "xxx"


def test_other_objects_become_text() -> None:
    assert clean(None) == ""
    assert clean(12) == "12"
    assert clean(b"ab\xff\x1b") == "ab�"
    assert clean("BTC-USD 数量") == "BTC-USD 数量"
