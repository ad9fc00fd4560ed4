"""Why a value, a frame or a row was dropped: stable texts, counted per stream and shown on the venues screen.

Owns the words and the one exception that carries them inside the codec; it must not escape to callers.
"""

from __future__ import annotations

NOT_A_NUMBER = "not_a_number"
INFINITE = "infinite"
NEGATIVE = "negative"
ZERO = "zero"
TOO_LARGE = "too_large"
OFF_GRID = "off_grid"
WRONG_TYPE = "wrong_type"
EMPTY = "empty"
CROSSED = "crossed"
UNSORTED = "unsorted"
BAD_FRAME = "bad_frame"
FOREIGN = "foreign_symbol"
UNKNOWN_KIND = "unknown_kind"
NOT_MARKET = "not_market"  # prints that were not made in the order book (insurance fund, ADL)

FAULTS = ("", NOT_A_NUMBER, INFINITE, NEGATIVE, ZERO, TOO_LARGE, OFF_GRID)  # codes of core.codec.columns


class Hostile(ValueError):
    """A value that must not reach the core. `reason` is one of the texts of this module."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
