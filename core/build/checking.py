"""`perpconsole check`, `check --live` and `config show`: what would happen with this configuration, before it does."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from core.build.assemble import load_config
from core.build.backtest import flags_of
from core.build.checklist import Checklist
from core.build.holdings import read_holdings, sign_of
from core.build.markets import places_of
from core.config import selfcheck, selfcheck_text, show
from core.config.instruments import find_venue
from core.config.load import Loaded
from core.control.launch import Launch
from core.control.venue_record import read_venues
from core.domain.errors import PerpError, Refused
from core.risk.params import RiskParams
from core.strategies.asmm.check import warnings
from core.strategies.asmm.params import AsmmParams

LISTEN_S = 6.0  # that the streams get to come


def check(launch: Launch) -> dict[str, Any]:
    """Every planned order against the venue's filters, and the limits against each other (S3-69). In mode live the
    go-live checklist (S1-50 to S1-57), which has this as its second item. ok false: exit 1."""
    if launch.mode == "live":
        return check_live(launch)
    return planned(load_config(launch.config, flags_of(launch)), launch.price)


def planned(loaded: Loaded, given: float | None) -> dict[str, Any]:
    """The orders of every strategy at `given`, or at the venue file's reference price."""
    results, texts = [], []
    for n, settings in enumerate(loaded.settings.strategies):
        params, risk, instrument = loaded.params[n], loaded.risks[n], loaded.instruments[n]
        if not isinstance(params, AsmmParams) or not isinstance(risk, RiskParams):
            raise Refused(f"Expected a strategy with a ladder, was {settings.kind}; no check is known for it")
        price = given or find_venue(settings.venue, settings.symbol).reference_price
        layers = selfcheck.ladder(
            price, params.base_size, params.layer_size_decay, params.first_bps, params.spacing_ratio,
            params.max_layers, params.layer_spacing_mode == "geometric",
        )  # fmt: skip
        bounds = selfcheck.Limits(**{name: getattr(risk, name) for name in selfcheck.Limits.__struct_fields__})
        found = selfcheck.self_check(instrument, price, layers, settings.budget or loaded.settings.equity, bounds)
        said = warnings(params, instrument)
        results.append({"strategy": settings.name, "ok": found.ok, "warnings": said, **msgspec.to_builtins(found)})
        texts += [selfcheck_text.text(found, instrument), *(f"warn  {text}" for text in said)]
    return {"ok": all(one["ok"] for one in results), "strategies": results, "text": "\n".join(texts)}


def check_live(launch: Launch, listen_s: float = LISTEN_S) -> dict[str, Any]:
    """The go-live checklist: asks the venue, trades nothing. `items` with verdict ok | FAIL | note and a next step."""
    from core.build.checklist_here import configured, reached, this_account, this_machine
    from core.build.checklist_venue import VenueChecks

    items = Checklist()
    loaded = configured(launch, items)
    if loaded is None:
        return items.body()
    items.local("planned orders", lambda: _ladder(loaded, launch), rows=("S3-69",))
    alone = this_machine(launch.state_dir, items)
    reach = reached(loaded, launch, items)
    if reach is None:
        items.judge("venue", False, "not asked", "mend what fails above, then ask again", ("S1-50",))
    else:
        alone = this_account(reach, items) and alone
        places = places_of(loaded)
        owners = {key: n for key, _, n in reversed(loaded.keyed())}
        risks = [loaded.risks[owners[place.key]] for place in places]
        ours, epochs = _on_record(loaded, launch, [place.key for place in places], items)
        venue = VenueChecks(reach, places, risks, alone, items, ours, epochs)
        asyncio.run(venue.ask(listen_s))
    items.not_of_this_strategy()
    return items.body()


def _ladder(loaded: Loaded, launch: Launch) -> str:
    found = planned(loaded, launch.price)
    names = [one["strategy"] for one in found["strategies"]]
    if not found["ok"]:
        raise Refused("an order would be refused, or a limit contradicts another; `perpconsole check` shows which")
    said = sum(len(one["warnings"]) for one in found["strategies"])
    return f"{', '.join(names)}: every order passes the venue file's filters" + (f"; {said} warnings" if said else "")


def _on_record(
    loaded: Loaded, launch: Launch, keys: list[str], items: Checklist
) -> tuple[dict[int, int], frozenset[int]]:
    """(lots of ours by place, epochs of our runs on this account) as earlier runs here wrote them down."""
    name = loaded.settings.strategies[0].venue
    known = loaded.settings.venues.get(name)
    network, url = (known.network, known.url) if known is not None else ("mainnet", "")
    ours: dict[int, int] = {}
    try:
        found = read_holdings(launch.state_dir, sign_of(loaded.settings.account, [(name, network, url)]))
        records = read_venues(launch.state_dir)
    except (PerpError, OSError) as error:
        items.judge("record of ours", False, str(error), "a live start refuses it, too", ("R-B1",))
        return ours, frozenset()
    for row in found.rows if found is not None else ():
        if row.key in keys:
            place = keys.index(row.key)
            ours[place] = ours.get(place, 0) + row.pos
    epochs = frozenset(r.epoch for r in records if (r.name, r.network, r.url) == (name, network, url))
    return ours, epochs


def effective_config(launch: Launch) -> dict[str, Any]:
    """Every effective value with where it came from, and the hash. Secrets are masked by the loader."""
    loaded: Loaded = load_config(launch.config, flags_of(launch))
    values = {entry.key: {"value": entry.value, "origin": entry.origin} for entry in show.entries(loaded)}
    return {"ok": True, "file": loaded.file, "sha256": loaded.sha256, "values": values, "text": show.text(loaded)}
