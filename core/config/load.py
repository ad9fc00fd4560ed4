"""Effective configuration: default < file < environment (`PERP__SECTION__KEY`) < flags, with the origin of each value.

The loader knows no strategy: `schemas` maps a strategy kind to the models of its `params` and `risk`. What it refuses
is refused before anything starts.
"""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import structs
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from core.config.instruments import all_venues, find_venue
from core.config.overrides import MASK, apply_environment, apply_flags, expand_secrets, is_secret, refuse_references
from core.config.plausible import faults, filter_faults
from core.config.round7 import restructured
from core.config.settings import Settings, StrategySettings
from core.config.tree import Path, Tree, read_yaml
from core.config.validate import check, fault_at
from core.config.venue import Venue
from core.domain.errors import ConfigError
from core.domain.instrument import Instrument


@dataclass(frozen=True)
class Schema:
    """Models of one strategy kind."""

    params: type[BaseModel]
    risk: type[BaseModel]


@dataclass(frozen=True)
class Loaded:
    """A checked configuration: settings, per strategy its models and instrument, and how it came about."""

    settings: Settings
    params: tuple[BaseModel, ...]
    risks: tuple[BaseModel, ...]
    traded: tuple[tuple[Instrument, ...], ...]  # by strategy, in the order of its `places`
    file: str
    origin: dict[str, str]  # dotted key -> default | file | env NAME | flag NAME
    effective: dict[str, Any]  # secrets masked
    sha256: str

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All of them, strategy by strategy; one that several trade stands there several times."""
        return tuple(instrument for mine in self.traded for instrument in mine)

    def keyed(self) -> list[tuple[str, Instrument, int]]:
        """(venue:symbol, instrument, strategy) in the order of `instruments`."""
        return [
            (f"{venue}:{symbol}", instrument, n)
            for n, (settings, mine) in enumerate(zip(self.settings.strategies, self.traded, strict=True))
            for (venue, symbol), instrument in zip(settings.places, mine, strict=True)
        ]


def load(
    path: pathlib.Path,
    schemas: Mapping[str, Schema],
    environ: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read, override, check. `flags` are dotted keys to values. Raises ConfigError with file and line."""
    tree = restructured(read_yaml(path))
    apply_environment(tree, environ)
    apply_flags(tree, flags or {})
    expand_secrets(tree, environ)
    settings = check(Settings, tree)
    refuse_references(tree)
    params: list[BaseModel] = []
    risks: list[BaseModel] = []
    traded: list[tuple[Instrument, ...]] = []
    for i, strategy in enumerate(settings.strategies):
        if strategy.kind not in schemas:
            known = ", ".join(sorted(schemas))
            text = f"Expected one of {known} for strategies.{i}.kind, was {strategy.kind!r}"
            raise fault_at(text, tree, ("strategies", i, "kind"))
        schema = schemas[strategy.kind]
        for key in ("params", "risk"):
            tree.values["strategies"][i].setdefault(key, {})
        _share(schema, tree, ("strategies", i))
        params.append(check(schema.params, tree, ("strategies", i, "params")))
        risks.append(check(schema.risk, tree, ("strategies", i, "risk")))
        traded.append(_placed(settings, i, params[i], risks[i], tree))
    _refuse_two_margins(settings, traded, tree)
    effective = settings.model_dump(mode="json")
    for key, value in effective["gateway"].items():
        if value is not None and is_secret(("gateway", key)):
            effective["gateway"][key] = MASK
    for i, (one, other) in enumerate(zip(params, risks, strict=True)):
        effective["strategies"][i]["params"] = one.model_dump(mode="json")
        effective["strategies"][i]["risk"] = other.model_dump(mode="json")
    return Loaded(
        settings,
        tuple(params),
        tuple(risks),
        tuple(traded),
        str(path),
        _origins(effective, tree),
        effective,
        hashlib.sha256(msgspec.json.encode(effective, order="deterministic")).hexdigest(),
    )


def _share(schema: Schema, tree: Tree, at: Path) -> None:
    """A limit that strategy and risk both know (netMax, singleMax) is one figure, wherever it is written."""
    strategy = tree.values["strategies"][at[1]]
    shared = set(schema.params.model_fields) & set(schema.risk.model_fields)
    for name in sorted(shared):
        found: dict[str, str] = {}
        for section in ("params", "risk"):
            given = strategy[section] if isinstance(strategy[section], dict) else {}
            for key in (name, to_camel(name)):
                if key in given:
                    found[section] = key
        if len(found) == 2:
            one, other = (strategy[section][found[section]] for section in ("params", "risk"))
            if one != other:
                text = f"Expected {found['risk']} {one!r} as in params, was {other!r}"
                raise fault_at(text, tree, (*at, "risk", found["risk"]))
        for section, key in found.items():
            twin = "risk" if section == "params" else "params"
            if twin not in found and isinstance(strategy[twin], dict):
                strategy[twin][key] = strategy[section][key]
                here, there = (*at, section, key), (*at, twin, key)
                tree.lines[there] = tree.line(here)
                tree.origin.update(
                    {(*there, *p[len(here) :]): o for p, o in tree.origin.items() if p[: len(here)] == here}
                )


def _placed(settings: Settings, i: int, params: BaseModel, risk: BaseModel, tree: Tree) -> tuple[Instrument, ...]:
    """The instruments of strategy `i`; refuses what does not fit them."""
    strategy, at = settings.strategies[i], ("strategies", i)
    values = {f"params.{k}": v for k, v in params} | {f"risk.{k}": v for k, v in risk}
    equity = strategy.budget or settings.equity
    found = []
    for leg, (name, symbol) in enumerate(strategy.places):
        venue = _venue(name, symbol, tree, _place_at(strategy, at, leg))
        venue = replace(venue, instrument=_margined(venue.instrument, params, tree, at))
        for path, text in (*faults(values, equity, venue), *filter_faults(strategy.filters, venue)):
            raise fault_at(text, tree, _as_written(tree, (*at, *path)))
        found.append(venue.instrument)
    if len({instrument.base for instrument in found}) > 1:
        coins = " and ".join(instrument.base for instrument in found)
        what = "both legs" if strategy.backup is None else "both legs and the backup"
        raise fault_at(f"Expected {what} of one coin, was {coins}", tree, (*at, "legs"))
    return tuple(found)


def _place_at(strategy: StrategySettings, at: Path, n: int) -> Path:
    """Where the config names place `n` of a strategy."""
    if strategy.legs is None:
        return at
    return (*at, "legs", n) if n < len(strategy.legs) else (*at, "backup")


def _margined(instrument: Instrument, params: BaseModel, tree: Tree, at: Path) -> Instrument:
    """With the leverage and the margin mode that the strategy's own parameters ask for, where it has any (S1-24)."""
    leverage = getattr(params, "leverage", instrument.leverage)
    if leverage > instrument.max_leverage:
        text = f"Expected leverage of at most {instrument.max_leverage} on {instrument.venue}, was {leverage}"
        raise fault_at(text, tree, (*at, "params", "leverage"))
    isolated = getattr(params, "isolated_margin", instrument.isolated)
    return structs.replace(instrument, leverage=leverage, isolated=isolated)


def _refuse_two_margins(settings: Settings, traded: Sequence[tuple[Instrument, ...]], tree: Tree) -> None:
    """An instrument has one leverage and one margin mode at a venue, whichever strategies trade it."""
    known: dict[tuple[str, str], Instrument] = {}
    for i, mine in enumerate(traded):
        for x in mine:
            other = known.setdefault((x.venue, x.symbol), x)
            if (other.leverage, other.isolated) != (x.leverage, x.isolated):
                modes = [f"{'isolated' if one.isolated else 'cross'} {one.leverage}x" for one in (other, x)]
                text = f"Expected one margin mode and leverage for {x.venue}:{x.symbol}, was {' and '.join(modes)}"
                raise fault_at(text, tree, ("strategies", i, "params", "leverage"))


def _venue(name: str, symbol: str, tree: Tree, at: Path) -> Venue:
    """The venue file that the config names at `at`."""
    try:
        venue = find_venue(name, symbol)
    except ConfigError as error:
        if error.file:
            raise
        key = "symbol" if name in {v.instrument.venue for v in all_venues()} else "venue"
        raise fault_at(str(error), tree, (*at, key)) from None
    if venue.spot:
        raise fault_at(f"Expected a perpetual, was the spot market {symbol}", tree, (*at, "symbol"))
    return venue


def _as_written(tree: Tree, path: Path) -> Path:
    """The spelling in the file of the last key of `path`."""
    camel = (*path[:-1], to_camel(str(path[-1])))
    return camel if camel in tree.lines or camel in tree.origin else path


def _origins(effective: Any, tree: Tree, path: Path = ()) -> dict[str, str]:
    out: dict[str, str] = {}
    items = effective.items() if isinstance(effective, dict) else enumerate(effective)
    for key, value in items:
        here = (*path, key)
        if isinstance(value, dict | list) and value:
            out.update(_origins(value, tree, here))
        else:
            out[".".join(map(str, here))] = _origin(tree, here)
    return out


def _origin(tree: Tree, path: Path) -> str:
    wanted = tuple(_fold(part) for part in path)
    best = "default"
    for known, origin in tree.origin.items():
        folded = tuple(_fold(part) for part in known)
        if folded == wanted:
            return origin
        if wanted[: len(folded)] == folded:
            best = origin
    return best


def _fold(part: str | int) -> str | int:
    return part.replace("_", "").lower() if isinstance(part, str) else part
