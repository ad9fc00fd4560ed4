"""What every quoter does, in numbers: the same for our engine and for the two others, which read them from argv.

Heavy: both quotes follow the touch at every change of it. Light: they stand far behind it and move
only when they are `SLACK` ticks off.
"""

from __future__ import annotations

SLACK = {"heavy": 0, "light": 140}  # ticks
AWAY = {"heavy": 0, "light": 400}  # ticks behind the touch
QTY = 10  # lots an order
MAX_POSITION = 200  # lots: beyond, only the side that reduces is quoted
LATENCY_NS = 1_000_000  # feed, entry and response alike
