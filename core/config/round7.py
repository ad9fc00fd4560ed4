"""The source's own Round7 file (S3-50): its camelCase keys, flat or in groups, put where ours lie, line numbers kept.

Its layout is not known, so a key counts by its name wherever it stands. Unknown keys are refused like any other.
"""

from __future__ import annotations

import difflib
from typing import Any

from pydantic.alias_generators import to_camel

from core.config.settings import Settings
from core.config.tree import Path, Tree
from core.config.validate import known_keys
from core.domain.errors import ConfigError

KIND, VENUE, SYMBOL = "asmm", "binance_usdm", "ETHUSDC"

PARAMS = (
    "layerSpacingMode spacingRatio layerSizeDecay maxLayers momentumThreshold momentumAlpha "
    "inventoryPressureThreshold inventoryPressureStrength inventoryPressureExponent minSpread feeBuffer baseSize "
    "quoteIntervalMs takeProfitPct skewFactor"
).split()
RISK = (
    "netMax singleMax dailyMax latencyMs pnlMin pnlMax stopLoss haltSeconds reduceOnlyThreshold "
    "reduceOnlyMaxSlippagePct reduceOnlyMarketTriggerPct drawdownBands reduceFractions reduceMode "
    "reduceCooldownSeconds shockPct"
).split()
FILTERS = "tickSize stepSize minQty maxQty minNotional".split()
GATEWAY = "apiKey apiSecret baseURL".split()

_HOME: dict[str, Path] = {
    **dict.fromkeys(PARAMS, ("strategies", 0, "params")),
    **dict.fromkeys(RISK, ("strategies", 0, "risk")),
    **dict.fromkeys(FILTERS, ("strategies", 0, "filters")),
    **dict.fromkeys(GATEWAY, ("gateway",)),
}
_GROUPS: dict[str, Path] = {
    "strategy": ("strategies", 0, "params"),
    "risk": ("strategies", 0, "risk"),
    "symbol": ("strategies", 0, "filters"),
    "exchange": ("exchange",),
    "gateway": ("gateway",),
}


def is_round7(tree: Tree) -> bool:
    """A file without our `strategies` that has a key or a group of the source's."""
    values = tree.values
    return "strategies" not in values and any(
        _camel(key) in _HOME or key in ("strategy", "risk", "symbol") for key in values
    )


def restructured(tree: Tree) -> Tree:
    """`tree` in our layout; itself if it already is. Raises ConfigError for keys that belong nowhere."""
    if not is_round7(tree):
        return tree
    out = Tree(file=tree.file)
    _symbol(tree, out)
    for key, value in tree.values.items():
        if key in _GROUPS and isinstance(value, dict):
            for inner in value:
                if (key, inner) in (("symbol", "name"), ("exchange", "symbol")):
                    continue
                _move(tree, (key, inner), (*_HOME.get(_camel(inner), _GROUPS[key]), inner), out)
        elif _camel(key) in _HOME:
            _move(tree, (key,), (*_HOME[_camel(key)], key), out)
        elif key == "symbol":
            continue
        elif key in known_keys(Settings):
            _move(tree, (key,), (key,), out)
        else:
            raise ConfigError(f"Expected a known key, was {key!r}{_meant(key)}", tree.file, tree.line((key,)))
    return out


def _symbol(tree: Tree, out: Tree) -> None:
    """The strategy's entry: its symbol from `symbol: X`, `symbol: {name: X}` or `exchange: {symbol: X}`."""
    found: tuple[Path, Any] = (), SYMBOL
    places: tuple[Path, ...] = (("symbol",), ("symbol", "name"), ("exchange", "symbol"))
    for path in places:
        here: Any = tree.values
        for part in path:
            here = here.get(part) if isinstance(here, dict) else None
        if here is not None and not isinstance(here, dict):
            found = path, here
            break
    path, symbol = found
    entry = {"name": f"mm-{str(symbol).lower()}", "kind": KIND, "venue": VENUE, "symbol": symbol}
    line = tree.line(path) or 1
    for key, value in entry.items():
        out.put(("strategies",), out.values.get("strategies") or [{}], "default")
        out.put(("strategies", 0, key), value, "file" if key == "symbol" and path else "default")
        out.lines[("strategies", 0, key)] = line
    del out.origin[("strategies",)]


def _move(tree: Tree, source: Path, target: Path, out: Tree) -> None:
    here: Any = out.values
    for part in target[:-1]:
        here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
    if any(_camel(str(known)) == _camel(str(target[-1])) for known in here):
        raise ConfigError(f"Expected {target[-1]} once, found it twice", tree.file, tree.line(source))
    value: Any = tree.values
    for part in source:
        value = value[part]
    here[target[-1]] = value
    for book in (tree.lines, tree.origin):
        moved = {(*target, *path[len(source) :]): what for path, what in book.items() if path[: len(source)] == source}
        (out.lines if book is tree.lines else out.origin).update(moved)  # type: ignore[arg-type]
    for n in range(1, len(target)):
        out.lines.setdefault(target[:n], tree.line(source[:1]))


def _camel(key: str) -> str:
    return to_camel(key) if "_" in key else key


def _meant(key: str) -> str:
    near = difflib.get_close_matches(key, [*_HOME, *_GROUPS, *known_keys(Settings)], 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
