"""What lies over the file: `PERP__SECTION__KEY` variables, flags, and secrets taken from the environment.

`${NAME}` is for secret fields only; anywhere else it is refused, so that a config says what it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.config.tree import Path, Tree, scalar_of
from core.config.validate import fault_at

PREFIX = "PERP__"
MASK = "••••"
SECRETS = (("gateway", "api_key"), ("gateway", "api_secret"))

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)


def apply_environment(tree: Tree, environ: Mapping[str, str]) -> None:
    """Every `PERP__` variable into the tree; an unknown key is refused later, naming the variable."""
    for name, text in sorted(environ.items()):
        if name.startswith(PREFIX):
            path = env_path(tree, name)
            value = text if is_secret(path) else env_value(text)
            tree.put(path, value, f"env {name}")


def apply_flags(tree: Tree, flags: Mapping[str, Any]) -> None:
    """Dotted keys to values; None = flag not given."""
    for dotted, value in flags.items():
        if value is not None:
            path = _matched(tree, dotted.split("."))
            tree.put(path, list(value) if isinstance(value, tuple) else value, f"flag {dotted}")


def env_path(tree: Tree, name: str) -> Path:
    """PERP__ROUNDS__HOURS -> rounds.hours; a number is a list index; keys of the file match in either spelling."""
    return _matched(tree, name.removeprefix(PREFIX).lower().split("__"))


def _matched(tree: Tree, parts: list[str]) -> Path:
    here: Any = tree.values
    out: list[str | int] = []
    for part in parts:
        key: str | int = int(part) if part.isdigit() else part
        if isinstance(here, dict) and isinstance(key, str):
            folded = key.replace("_", "").lower()
            key = next((k for k in here if k.replace("_", "").lower() == folded), key)
            here = here.get(key)
        elif isinstance(here, list) and isinstance(key, int) and key < len(here):
            here = here[key]
        else:
            here = None
        out.append(key)
    return tuple(out)


def env_value(text: str) -> Any:
    """Text of a variable as YAML 1.2 reads a scalar or a flow list: numbers, true/false, [1, 2], else the text."""
    bare = text.strip()
    lowered = bare.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if bare.startswith("["):
        return scalar_of(bare)
    if _NUMBER.fullmatch(bare):
        cleaned = lowered.replace(".nan", "nan").replace(".inf", "inf")
        return int(bare) if re.fullmatch(r"[-+]?\d+", bare) else float(cleaned)
    return text


def is_secret(path: Path) -> bool:
    """Whether a value at `path` must never be shown."""
    folded = tuple(part.replace("_", "").lower() if isinstance(part, str) else part for part in path)
    return any(folded == tuple(part.replace("_", "") for part in secret) for secret in SECRETS)


def expand_secrets(tree: Tree, environ: Mapping[str, str]) -> None:
    """`${NAME}` of secret fields; an unset variable leaves the field empty (paper needs no keys)."""
    for path, holder, text in list(_references(tree.values, ())):
        if not is_secret(path):
            continue
        found = _REFERENCE.fullmatch(text)
        if found is None:
            name = ".".join(map(str, path))
            raise fault_at(f"Expected ${{NAME}} alone for {name}, was text round it (not shown)", tree, path)
        holder[path[-1]] = environ.get(found.group(1)) or None
        tree.origin[path] = f"env {found.group(1)}"


def refuse_references(tree: Tree) -> None:
    """`${NAME}` anywhere else: raises ConfigError. Run after the schema, whose own message is better."""
    for path, _, text in _references(tree.values, ()):
        name = ".".join(map(str, path))
        raise fault_at(f"Expected a plain value for {name}, was {text!r}; ${{NAME}} is for secrets only", tree, path)


def _references(value: Any, path: Path) -> Iterator[tuple[Path, Any, str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(inner, str) and "${" in inner:
            yield (*path, key), value, inner
        else:
            yield from _references(inner, (*path, key))
