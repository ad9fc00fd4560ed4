"""docs/configuration.md out of the models: key, default, range from the code, unit and meaning from the profile.

`configs/round7.yml` and `configs/pair_lock.yml` hold every key with a comment; a key without one is an error, so that
neither can fall behind.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.config.load import Schema
from core.config.settings import Keys, Settings, VenueAccess
from core.config.show import value_text
from core.domain.errors import ConfigError

BEGIN, END = "<!-- generated: keys -->", "<!-- end of generated -->"

_LINE = re.compile(r"^(\s*)(?:- )?(\w+):[^#]*(?:#\s*(.*))?$")
_BOUND = {"gt": "> ", "ge": ">= ", "lt": "< ", "le": "<= "}


def meanings(profile: pathlib.Path) -> dict[tuple[str, str], str]:
    """(section, key) -> the comment behind it; section is the nearest key above with less indentation."""
    out: dict[tuple[str, str], str] = {}
    above: list[tuple[int, str]] = []
    for line in profile.read_text(encoding="utf-8").splitlines():
        found = _LINE.match(line)
        if not found or line.lstrip().startswith("#"):
            continue
        depth = len(found.group(1)) + (2 if line.lstrip().startswith("- ") else 0)
        above = [(d, key) for d, key in above if d < depth]
        section = above[-1][1] if above else ""
        if found.group(3):
            text = re.sub(r"\bETH\b", "base coin", found.group(3))
            out[section, found.group(2)] = re.sub(r"\bUSDC\b", "quote", text)
        above.append((depth, found.group(2)))
    return out


def reference(schemas: Mapping[str, Schema], profiles: Sequence[pathlib.Path]) -> str:
    """The generated part of the page, markdown; a key is told by the first profile that has it. Raises ConfigError for
    a key that none explains."""
    profile = profiles[0]
    told = {key: text for path in reversed(profiles) for key, text in meanings(path).items()}
    parts = [_table("", Settings, told, "Top level", profile)]
    risk_of: dict[type[BaseModel], str] = {}
    for name, field in Settings.model_fields.items():
        model = _section(field)
        if name == "strategies" and model is not None:
            parts.append(_table("strategies", model, told, "`strategies:` (a list)", profile))
            filters = _section(model.model_fields["filters"])
            for kind, schema in sorted(schemas.items()):
                parts.append(_table("params", schema.params, told, f"`params:` of `kind: {kind}`", profile))
                if risk_of.setdefault(schema.risk, kind) == kind:
                    parts.append(_table("risk", schema.risk, told, f"`risk:` of `kind: {kind}`", profile))
                else:
                    parts.append(f"`risk:` of `kind: {kind}`: the keys of `kind: {risk_of[schema.risk]}`.")
            if filters is not None:
                parts.append(_table("filters", filters, told, "`filters:` of a strategy", profile))
        elif name == "venues":
            parts.append(_table("venues", VenueAccess, told, "`venues:` (one entry a venue, by its name)", profile))
            parts.append(_table("keys", Keys, told, "`keys:` of a venue", profile))
        elif model is not None:
            parts.append(_table(name, model, told, f"`{name}:`", profile))
    return "\n\n".join(parts)


def inserted(page: str, generated: str) -> str:
    """`page` with the part between the two marks replaced."""
    head, _, rest = page.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"Expected {BEGIN} and {END} in the page, found none")
    return f"{head}{BEGIN}\n\n{generated}\n\n{END}{tail}"


def _table(section: str, model: type[BaseModel], told: dict[tuple[str, str], str], title: str, at: pathlib.Path) -> str:
    rows = [f"### {title}", "", "| key | default | allowed | unit and meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        section_alone = _section(field) is not None and field.default is not None  # one that may be absent is a key
        if section_alone or name in ("params", "risk"):
            continue
        key = str(field.alias or name)
        text = told.get((section, key)) or told.get(("risk", key)) or field.description
        if text is None:
            raise ConfigError(f"Expected a comment behind {section}.{key} saying unit and meaning, found none", str(at))
        default = (
            "required" if field.is_required() else value_text(_plain(field.get_default(call_default_factory=True)))
        )
        rows.append(f"| `{key}` | {default} | {', '.join(_allowed(field))} | {text.replace('|', '&#124;')} |")
    return "\n".join(rows)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    for one in (field.annotation, *get_args(field.annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _allowed(field: FieldInfo) -> Iterator[str]:
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        yield " &#124; ".join(str(choice) for choice in get_args(annotation))
    for part in field.metadata:
        for name, sign in _BOUND.items():
            if getattr(part, name, None) is not None:
                yield f"{sign}{value_text(getattr(part, name))}"


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value
