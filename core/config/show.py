"""`config show`: every effective value with where it came from, and what differs between two configurations.

Secrets are masked before they get here (`Loaded.effective`); this module only lays out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from core.config.load import Loaded


class Entry(msgspec.Struct, frozen=True):
    """One key: dotted name, value as JSON has it, origin: default, file, `env NAME` or `flag NAME`."""

    key: str
    value: Any
    origin: str


class Change(msgspec.Struct, frozen=True):
    """One difference; None where a side has no such key."""

    key: str
    before: Any
    after: Any


def entries(loaded: Loaded) -> tuple[Entry, ...]:
    """Every key in the order of the models."""
    return tuple(Entry(key, value, loaded.origin.get(key, "default")) for key, value in flat(loaded.effective))


def changes(before: Loaded, after: Loaded) -> tuple[Change, ...]:
    """Keys whose values differ, in the order of `before`, then new ones."""
    one, other = dict(flat(before.effective)), dict(flat(after.effective))
    keys = [*one, *(key for key in other if key not in one)]
    return tuple(Change(key, one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key))


def text(loaded: Loaded) -> str:
    """File and hash, then `key value origin`, aligned."""
    rows = [(entry.key, value_text(entry.value), entry.origin) for entry in entries(loaded)]
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    head = f"{loaded.file}  sha256 {loaded.sha256[:12]}"
    return "\n".join([head, *(f"{key:<{wide[0]}}  {value:<{wide[1]}}  {origin}" for key, value, origin in rows)])


def value_text(value: Any) -> str:
    """A value as the file would hold it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(one) for one in value) + "]"
    return str(value)


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values; a list of plain values is one value."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}{key}.")
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for i, inner in enumerate(value):
            yield from flat(inner, f"{prefix}{i}.")
    else:
        yield prefix.removesuffix("."), value
