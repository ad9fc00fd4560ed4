"""The orders that each strategy of a config would place, against the venue's filters and the limits (S3-69, S1-24)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from core.config import selfcheck, selfcheck_text
from core.config.instruments import find_venue
from core.config.load import Loaded
from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.domain.units import BUY, SELL
from core.risk.params import RiskParams
from core.strategies.asmm import check as ladder_check
from core.strategies.asmm.params import AsmmParams
from core.strategies.pair_lock import check as pair_check
from core.strategies.pair_lock.params import PairParams


def planned(loaded: Loaded, given: float | None) -> dict[str, Any]:
    """The orders of every strategy at `given`, or at the venue files' reference prices. Raises Refused for a strategy
    that no check is known for."""
    results: list[dict[str, Any]] = []
    texts: list[str] = []
    for name, instrument, found, mine in _checked(loaded, given):
        results.append({"strategy": name, "ok": found.ok, "warnings": mine, **msgspec.to_builtins(found)})
        texts += [selfcheck_text.text(found, instrument), *(f"warn  {text}" for text in mine)]
    return {"ok": all(one["ok"] for one in results), "strategies": results, "text": "\n".join(texts)}


def findings(loaded: Loaded) -> list[tuple[str, list[selfcheck.Finding]]]:
    """Rule by rule what `planned` finds, by strategy and instrument; lost layers are one finding. Raises as it does."""
    out = []
    for name, instrument, found, mine in _checked(loaded, None):
        level = "fail" if found.unplaceable else "ok"
        layers = selfcheck.Finding("layers", level, f"{found.placeable} of {found.wanted} can be placed")
        said = [selfcheck.Finding("config", "warn", text) for text in mine]
        out.append((f"{name} {instrument.symbol}", [layers, *found.findings, *said]))
    return out


def _checked(loaded: Loaded, given: float | None) -> Iterator[tuple[str, Instrument, selfcheck.SelfCheck, list[str]]]:
    """Strategy, instrument, its check and its warnings."""
    for n, settings in enumerate(loaded.settings.strategies):
        params, risk = loaded.params[n], loaded.risks[n]
        if not isinstance(params, AsmmParams | PairParams) or not isinstance(risk, RiskParams):
            raise Refused(f"Expected a strategy with planned orders, was {settings.kind}; no check is known for it")
        bounds = selfcheck.Limits(**{name: getattr(risk, name) for name in selfcheck.Limits.__struct_fields__})
        said = warnings_of(params, loaded.traded[n])
        for leg, instrument in enumerate(loaded.traded[n]):
            price = given or find_venue(instrument.venue, instrument.symbol).reference_price
            found = selfcheck.self_check(
                instrument, price, orders_of(params, leg, price), settings.budget or loaded.settings.equity, bounds
            )
            yield settings.name, instrument, found, said[leg]


def orders_of(params: AsmmParams | PairParams, leg: int, price: float) -> tuple[selfcheck.Planned, ...]:
    """What a strategy would place on its instrument `leg`: the ladder, or one order that opens and one that closes."""
    if isinstance(params, PairParams):
        return tuple(selfcheck.Planned(1, side, price, params.base_qty) for side in (BUY, SELL))
    return selfcheck.ladder(
        price, params.base_size, params.layer_size_decay, params.first_bps, params.spacing_ratio, params.max_layers,
        params.layer_spacing_mode == "geometric",
    )  # fmt: skip


def warnings_of(params: AsmmParams | PairParams, traded: tuple[Instrument, ...]) -> list[list[str]]:
    """What loads but does not fit, by instrument."""
    if isinstance(params, PairParams):
        return pair_check.warnings(params, *traded)
    return [ladder_check.warnings(params, instrument) for instrument in traded]
