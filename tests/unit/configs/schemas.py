"""The real schemas, as `core.build` collects them."""

from __future__ import annotations

from core.config.load import Schema
from core.risk.params import RiskParams
from core.strategies.asmm.params import AsmmParams

SCHEMAS = {"asmm": Schema(AsmmParams, RiskParams)}
