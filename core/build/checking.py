"""`perpconsole check` and `config show`: what would happen with this configuration, before anything starts."""

from __future__ import annotations

from typing import Any

import msgspec

from core.build.assemble import load_config
from core.build.backtest import flags_of
from core.config import selfcheck, selfcheck_text, show
from core.config.instruments import find_venue
from core.config.load import Loaded
from core.control.launch import Launch
from core.domain.errors import Refused
from core.risk.params import RiskParams
from core.strategies.asmm.check import warnings
from core.strategies.asmm.params import AsmmParams


def check(launch: Launch) -> dict[str, Any]:
    """Every planned order against the venue's filters, and the limits against each other (S3-69). ok false: exit 1."""
    loaded = load_config(launch.config, flags_of(launch))
    results, texts = [], []
    for n, settings in enumerate(loaded.settings.strategies):
        params, risk, instrument = loaded.params[n], loaded.risks[n], loaded.instruments[n]
        if not isinstance(params, AsmmParams) or not isinstance(risk, RiskParams):
            raise Refused(f"Expected a strategy with a ladder, was {settings.kind}; no check is known for it")
        price = launch.price or find_venue(settings.venue, settings.symbol).reference_price
        planned = selfcheck.ladder(
            price, params.base_size, params.layer_size_decay, params.first_bps, params.spacing_ratio,
            params.max_layers, params.layer_spacing_mode == "geometric",
        )  # fmt: skip
        bounds = selfcheck.Limits(**{name: getattr(risk, name) for name in selfcheck.Limits.__struct_fields__})
        found = selfcheck.self_check(instrument, price, planned, settings.budget or loaded.settings.equity, bounds)
        said = warnings(params, instrument)
        results.append({"strategy": settings.name, "ok": found.ok, "warnings": said, **msgspec.to_builtins(found)})
        texts += [selfcheck_text.text(found, instrument), *(f"warn  {text}" for text in said)]
    return {"ok": all(one["ok"] for one in results), "strategies": results, "text": "\n".join(texts)}


def effective_config(launch: Launch) -> dict[str, Any]:
    """Every effective value with where it came from, and the hash. Secrets are masked by the loader."""
    loaded: Loaded = load_config(launch.config, flags_of(launch))
    values = {entry.key: {"value": entry.value, "origin": entry.origin} for entry in show.entries(loaded)}
    return {"ok": True, "file": loaded.file, "sha256": loaded.sha256, "values": values, "text": show.text(loaded)}
