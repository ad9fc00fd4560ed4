"""Pauses of the collector: what lives as long as the process is taken out of its sight once everything is built.

A full collection walks every object that is alive; with the venues' markets loaded that is a standstill of 100 ms and
more, in which no cancel leaves. What is made later is few and is collected as always.
"""

from __future__ import annotations

import gc


def settle() -> int:
    """Collect once, then freeze what is left. Call when a core is built, and again when its kernels are compiled.
    Returns how many objects are out of sight."""
    gc.collect()
    gc.freeze()
    return gc.get_freeze_count()
