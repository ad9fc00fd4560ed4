"""`perpconsole check`, `check --live` and `config show`: what would happen with this configuration, before it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from core.build.assemble import load_config
from core.build.backtest import flags_of
from core.build.checklist.items import Checklist
from core.build.checklist.pair import Looked, leg_sizes, pair_items
from core.build.holdings import read_holdings
from core.build.markets import places_of
from core.build.planning import planned
from core.config import show
from core.config.load import Loaded
from core.control.launch import Launch
from core.control.venue_record import read_venues
from core.domain.errors import PerpError, Refused

if TYPE_CHECKING:
    from core.build.checklist.here import Reach

LISTEN_S = 6.0  # that the streams get to come


def check(launch: Launch) -> dict[str, Any]:
    """Every planned order against the venue's filters, and the limits against each other (S3-69). In mode live the
    go-live checklist (S1-50 to S1-57), which has this as its second item. ok false: exit 1."""
    if launch.mode == "live":
        return check_live(launch)
    return planned(load_config(launch.config, flags_of(launch)), launch.price)


def check_live(launch: Launch, listen_s: float = LISTEN_S) -> dict[str, Any]:
    """The go-live checklist: asks the venue, trades nothing. `items` with verdict ok | FAIL | note and a next step."""
    from core.build.checklist.here import configured, reached, this_machine

    items = Checklist()
    loaded = configured(launch, items)
    if loaded is None:
        return items.body()
    items.local("planned orders", lambda: _ladder(loaded, launch), rows=("S3-69",))
    alone = this_machine(launch.state_dir, items)
    looked: dict[str, Looked] = {}
    for name, reach in reached(loaded, launch, items).items():
        _ask(loaded, launch, items, reach, name, alone, listen_s, looked)
    items.venue = ""
    if leg_sizes(loaded):
        pair_items(loaded, looked, items)
    else:
        items.not_of_this_strategy()
    return items.body()


def _ask(
    loaded: Loaded, launch: Launch, items: Checklist, reach: Reach | None, name: str, alone: bool, listen_s: float,
    looked: dict[str, Looked],
) -> None:  # fmt: skip
    """All that one venue is asked; its items carry its name where there are several."""
    from core.build.checklist.here import this_account
    from core.build.checklist.venue import VenueChecks

    mine = [place for place in places_of(loaded) if place.instrument.venue == name]
    items.venue = name if len(mine) < len(places_of(loaded)) else ""
    if reach is None:
        items.judge("venue", False, "not asked", "mend what fails above, then ask again", ("S1-50",))
        return
    alone = this_account(reach, items) and alone
    owners = {key: n for key, _, n in reversed(loaded.keyed())}
    risks = [loaded.risks[owners[place.key]] for place in mine]
    ours, epochs = _on_record(reach, launch, [place.key for place in mine], items)
    known = leg_sizes(loaded)
    legs = {n: known[place.key] for n, place in enumerate(mine) if place.key in known}
    venue = VenueChecks(reach, mine, risks, alone, items, ours, epochs, legs)
    asyncio.run(venue.ask(listen_s))
    looked[name] = Looked(venue.costs, venue.median_ms())


def _ladder(loaded: Loaded, launch: Launch) -> str:
    found = planned(loaded, launch.price)
    names = [one["strategy"] for one in found["strategies"]]
    if not found["ok"]:
        raise Refused("an order would be refused, or a limit contradicts another; `perpconsole check` shows which")
    said = sum(len(one["warnings"]) for one in found["strategies"])
    return f"{', '.join(names)}: every order passes the venue file's filters" + (f"; {said} warnings" if said else "")


def _on_record(
    reach: Reach, launch: Launch, keys: list[str], items: Checklist
) -> tuple[dict[int, int], frozenset[int]]:
    """(lots of ours by place, epochs of our runs on this account) as earlier runs here wrote them down."""
    where = reach.traits.name, reach.access.network, reach.url
    ours: dict[int, int] = {}
    try:
        found = read_holdings(launch.state_dir, reach.sign)
        records = read_venues(launch.state_dir)
    except (PerpError, OSError) as error:
        items.judge("record of ours", False, str(error), "a live start refuses it, too", ("R-B1",))
        return ours, frozenset()
    for row in found.rows if found is not None else ():
        if row.key in keys:
            place = keys.index(row.key)
            ours[place] = ours.get(place, 0) + row.pos
    return ours, frozenset(r.epoch for r in records if (r.name, r.network, r.url) == where)


def effective_config(launch: Launch) -> dict[str, Any]:
    """Every effective value with where it came from, and the hash. Secrets are masked by the loader."""
    loaded: Loaded = load_config(launch.config, flags_of(launch))
    values = {entry.key: {"value": entry.value, "origin": entry.origin} for entry in show.entries(loaded)}
    return {"ok": True, "file": loaded.file, "sha256": loaded.sha256, "values": values, "text": show.text(loaded)}
