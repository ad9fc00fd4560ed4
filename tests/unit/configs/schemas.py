"""The real schemas, as `core.build` collects them."""

from __future__ import annotations

from core.config.load import Schema
from core.risk.params import RiskParams
from core.strategies.asmm.params import AsmmParams
from core.strategies.pair_lock.params import PairParams

SCHEMAS = {"asmm": Schema(AsmmParams, RiskParams), "pair_lock": Schema(PairParams, RiskParams)}
