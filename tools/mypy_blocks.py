"""A mypy plugin for the array fields of blocks: `px: i64s[2, LEVELS]` is an i64s, whatever its shape.

The shape is read at run time by core.kernel and is no type; without this mypy takes it for type arguments.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.plugin import AnalyzeTypeContext, Plugin
from mypy.types import Type

ARRAYS = {"core.kernel.i64s", "core.kernel.f64s"}


def without_shape(context: AnalyzeTypeContext) -> Type:
    """The array type itself: indexing gives a number or, for a 2-D field, a row."""
    return context.api.named_type("core.kernel.i64s", [])


class Blocks(Plugin):
    """Hooks the two array names."""

    def get_type_analyze_hook(self, fullname: str) -> Callable[[AnalyzeTypeContext], Type] | None:
        return without_shape if fullname in ARRAYS else None


def plugin(version: str) -> type[Plugin]:
    """mypy's entry point."""
    return Blocks
