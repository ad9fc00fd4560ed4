"""Figures as an operator types them."""

from __future__ import annotations

import re

_FIGURE = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)([km]?)", re.IGNORECASE)
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6}
CONFIGURED = "config"  # in place of a figure: what the configuration says


def figure_of(text: str) -> float | None:
    """`100`, `0.25`, `100k`, `1.5M`; None when it is no figure. No sign: limits are typed as sizes."""
    found = _FIGURE.fullmatch(text.strip())
    return float(found[1]) * _TIMES[found[2].lower()] if found else None
