"""A YAML file as plain values plus the line of every key, so that an error can say where.

YAML 1.2 (`yes` is text, `0o7` octal). Duplicate keys, tabs and broken syntax are refused with their line.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.errors import ConfigError

Path = tuple[str | int, ...]


@dataclass
class Tree:
    """Values of one file or override set, the line of each path (1-based) and where each value came from."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    origin: dict[Path, str] = field(default_factory=dict)
    file: str = ""

    def line(self, path: Path) -> int:
        """Line of `path`, or of the nearest parent that has one; 0 when nothing is known."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 0

    def put(self, path: Path, value: Any, origin: str) -> None:
        """Set one value, making the mappings on the way. Raises ConfigError where the way leads nowhere."""
        here: Any = self.values
        for n, part in enumerate(path):
            name = ".".join(map(str, path[: n + 1]))
            place: Any = part
            if isinstance(here, list) and not (isinstance(part, int) and part < len(here)):
                raise ConfigError(f"Expected an index below {len(here)} in {name}, was {part}", origin)
            if not isinstance(here, dict | list):
                raise ConfigError(f"Expected a key of its own, was {name} below a plain value", origin)
            if n == len(path) - 1:
                here[place] = value
            elif isinstance(here, list):
                here = here[place]
            else:
                if here.get(part) is None:
                    here[part] = [] if isinstance(path[n + 1], int) else {}
                here = here[part]
        for below in [known for known in self.origin if known[: len(path)] == path]:
            del self.origin[below]
        self.origin[path] = origin


def read_yaml(path: pathlib.Path) -> Tree:
    """Parse a file whose top level is a mapping. Raises ConfigError with file and line."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"Expected a config file at {path}, found none") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Expected a readable UTF-8 file, was {error}", str(path)) from error
    try:
        node = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise ConfigError(f"Expected valid YAML, was: {error.problem or error.context}", str(path), line) from None
    except YAMLError as error:
        raise ConfigError(f"Expected valid YAML, was: {error}", str(path)) from None
    if node is None:
        raise ConfigError("Expected a mapping of settings, was an empty file", str(path), 1)
    if not isinstance(node, Mapping):
        raise ConfigError(f"Expected a mapping of settings at the top, was a {type(node).__name__}", str(path), 1)
    tree = Tree(file=str(path))
    tree.values = _plain(node, (), tree)
    return tree


def scalar_of(text: str) -> Any:
    """Text as YAML 1.2 reads it, `[1, 2]` included; text that is no YAML stays text."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text


def _plain(node: Any, path: Path, tree: Tree) -> Any:
    """Round-trip nodes to plain dicts, lists and scalars, noting each key's line."""
    mark: Any = getattr(node, "lc", None)
    if isinstance(node, dict):
        out: dict[str, Any] = {}
        for key, value in node.items():
            if not isinstance(key, str):
                raise ConfigError(f"Expected a text key, was {key!r}", tree.file, mark.key(key)[0] + 1)
            tree.lines[(*path, key)] = mark.key(key)[0] + 1
            out[key] = _plain(value, (*path, key), tree)
        return out
    if isinstance(node, list):
        for i in range(len(node)):
            tree.lines[(*path, i)] = mark.item(i)[0] + 1
        return [_plain(value, (*path, i), tree) for i, value in enumerate(node)]
    tree.origin[path] = "file"
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    if node is None:
        return None
    return str(node)  # dates and other YAML scalars: the schema decides
