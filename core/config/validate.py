"""From a tree and a pydantic model to a checked object, or to one error that names file, line, expected and found.

Strict whatever the model says: no text for numbers, no number for text. A secret is never printed.
"""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from core.config.tree import Path, Tree
from core.domain.errors import ConfigError

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number (no unit, no quotes)",
    "float_parsing": "a number (no unit, no quotes)",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "string_sub_type": "text",
    "finite_number": "a finite number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


class Section(BaseModel):
    """Base of every part of the configuration: unknown keys refused, types strict, snake_case and camelCase alike."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


def check(model: type[M], tree: Tree, path: Path = ()) -> M:
    """Validate the part of `tree` at `path`. Raises ConfigError for the first fault, in order of lines."""
    here: Any = tree.values
    for part in path:
        here = here[part]
    _refuse_twins(here, path, tree)
    try:
        return model.model_validate(_frozen(here), strict=True)
    except ValidationError as error:
        found = error.errors()
        mistyped = {fault["loc"][:-1] for fault in found if fault["type"] == "extra_forbidden"}
        faults = sorted(found, key=lambda f: _urgency(f, mistyped, tree, path))
        raise _config_error(model, faults[0], len(faults) - 1, tree, path) from None


def _urgency(fault: Any, mistyped: set[Any], tree: Tree, path: Path) -> tuple[bool, int]:
    """By line; a key that a mistyped one left missing, and "too short", only follow from other faults."""
    follows = fault["type"] == "too_short" or (fault["type"] == "missing" and fault["loc"][:-1] in mistyped)
    return follows, tree.line((*path, *_real_path(tree, path, fault["loc"])))


def _refuse_twins(value: Any, path: Path, tree: Tree) -> None:
    """One key in two spellings (`netMax` and `net_max`): which one counts would be a guess."""
    if isinstance(value, dict):
        seen: dict[str, str] = {}
        for key, inner in value.items():
            twin = seen.setdefault(to_camel(key) if "_" in key else key, key)
            if twin != key:
                raise fault_at(f"Expected one spelling of a key, was {twin!r} and {key!r}", tree, (*path, key))
            _refuse_twins(inner, (*path, key), tree)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _refuse_twins(inner, (*path, i), tree)


def fault_at(text: str, tree: Tree, path: Path) -> ConfigError:
    """An error about the value at `path`: in the file with its line, or in the variable or flag that set it."""
    origin = next((tree.origin[path[:n]] for n in range(len(path), 0, -1) if path[:n] in tree.origin), "file")
    if origin not in ("file", "default"):
        return ConfigError(text, origin)
    return ConfigError(text, tree.file, tree.line(path))


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down: strict models hold tuples."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    return value


def _config_error(model: type[BaseModel], fault: Any, more: int, tree: Tree, path: Path) -> ConfigError:
    where: Path = (*path, *_real_path(tree, path, fault["loc"]))
    name = ".".join(str(part) for part in where)
    found = fault.get("input")
    kind = fault["type"]
    if kind == "extra_forbidden":
        text = f"Expected a known key, was {name!r}{_did_you_mean(model, fault['loc'])}"
    elif kind == "missing":
        text = f"Expected {name}, found no such key"
    elif kind == "value_error":
        text = fault["msg"].removeprefix("Value error, ")
        where = (*where, *_named_key(text, tree, where))
    elif _is_secret(model, fault["loc"]):
        text = f"Expected text for {name}, was something else (not shown)"
    else:
        expected = _EXPECTED.get(kind) or _limit(fault) or fault["msg"].removeprefix("Input should be ")
        text = f"Expected {expected} for {name}, was {found!r}"
    if more:
        text += f" (and {more} more)"
    return fault_at(text, tree, where)


def _limit(fault: Any) -> str:
    """Lengths and patterns in our words; empty for other kinds."""
    context = fault.get("ctx", {})
    match fault["type"]:
        case "string_too_short":
            return f"at least {context['min_length']} characters"
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "string_pattern_mismatch":
            return f"text of the pattern {context['pattern']}"
        case "too_short":
            return f"at least {context['min_length']} entries"
        case "too_long":
            return f"at most {context['max_length']} entries"
    return ""


def _named_key(text: str, tree: Tree, where: Path) -> Path:
    """A rule between keys belongs to its section; the key that its message names first has the better line."""
    words = [to_camel(word) if "_" in word else word for word in re.findall(r"\w+", text)]
    keys = {to_camel(key) if isinstance(key, str) and "_" in key else key: key for key in _keys_at(tree, where)}
    return next(((keys[word],) for word in words if word in keys), ())


def _keys_at(tree: Tree, where: Path) -> list[Any]:
    here: Any = tree.values
    for part in where:
        here = here[part]
    return list(here) if isinstance(here, dict) else []


def _is_secret(model: type[BaseModel], loc: tuple[Any, ...]) -> bool:
    owner = _model_at(model, loc[:-1])
    fields = owner.model_fields if owner is not None and loc else {}
    field = fields.get(str(loc[-1])) or next((f for f in fields.values() if f.validation_alias == loc[-1]), None)
    return field is not None and SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))


def _real_path(tree: Tree, path: Path, loc: tuple[Any, ...]) -> Path:
    """The path as it stands in the file: pydantic reports aliases, files may use either spelling."""
    here: Any = tree.values
    for part in path:
        here = here[part]
    out: list[str | int] = []
    for part in loc:
        if isinstance(here, dict) and isinstance(part, str) and part not in here:
            twin = next((key for key in here if to_camel(key) == part or key == to_camel(part)), part)
            part = twin
        out.append(part)
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
    return tuple(out)


def _did_you_mean(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    names = known_keys(_model_at(model, loc[:-1]))
    near = difflib.get_close_matches(str(loc[-1]), names, 1, 0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known here: {', '.join(sorted({n for n in names if '_' in n or n.islower()}))}" if names else ""


def known_keys(model: type[BaseModel] | None) -> list[str]:
    """Every spelling a section accepts."""
    if model is None:
        return []
    names: list[str] = []
    for name, field in model.model_fields.items():
        names.append(name)
        alias = field.validation_alias
        if isinstance(alias, str):
            names.append(alias)
        elif isinstance(alias, AliasChoices):
            names.extend(str(choice) for choice in alias.choices)
    return names


def _model_at(model: type[BaseModel], loc: tuple[Any, ...]) -> type[BaseModel] | None:
    here: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        fields = getattr(here, "model_fields", {})
        field = fields.get(part) or next((f for f in fields.values() if f.validation_alias == part), None)
        here = _inner_model(field.annotation) if field else None
        if here is None:
            return None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _inner_model(inner)
        if found is not None:
            return found
    return None
