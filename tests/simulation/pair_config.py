"""The shipped pair with windows and thresholds so small that a synthetic quarter of an hour shows every state."""

from __future__ import annotations

import pathlib
from typing import Any

from ruamel.yaml import YAML

SHIPPED = pathlib.Path(__file__).parents[2] / "configs" / "pair_lock.yml"
LIVELY = {
    "minConditions": 1, "minDiff": 0.0, "minTargetReturn": -0.01, "fundingSpreadBps": 0.0, "settlementBarMin": 0.0,
    "emaFast": 3, "emaSlow": 8, "epsilonBp": 20.0, "gPct": 0.0003, "bandMinSamples": 60, "bandWindowSec": 600,
    "tMaxSec": 60, "exitMaxSec": 60, "exitReboundPct": 0.0003,
}  # fmt: skip


def lively(folder: pathlib.Path, **changed: Any) -> pathlib.Path:
    """Written to `folder`; `changed` are further parameters."""
    yaml = YAML(typ="safe")
    config = yaml.load(SHIPPED.read_text(encoding="utf-8"))
    config["strategies"][0]["params"] |= LIVELY | changed
    path = folder / "pair.yml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    return path
