"""The part of the go-live checklist that needs no venue: config, live, network, keys, a record of rounds, this machine.

Sends nothing. Says where keys were found, never what they are.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from core.build.assemble import load_config
from core.build.backtest import flags_of
from core.build.checklist.items import FAIL, NOTE, OK, Checklist
from core.build.golive import access_of, owner_of, proven, refuse_mixed
from core.build.holdings import sign_of
from core.clock import SystemClock
from core.config.credentials import find
from core.config.load import Loaded
from core.config.settings import Settings, VenueAccess
from core.control.launch import Launch
from core.domain.errors import ConfigError, PerpError, Refused
from core.guard.account import account_name, accounts_folder
from core.guard.filesystem import check_lockable
from core.guard.latch import Latch
from core.guard.lock import BEAT_FILE, InstanceLock, describe, heartbeat_age, read_record
from core.guard.private import check_private
from core.guard.redact import PROCESS
from core.venues.ccxt.catalogue import traits_of
from core.venues.ccxt.instances import Access
from core.venues.ccxt.traits import Traits

GB = 1 << 30
LEAST_FREE = GB // 5  # a core halts below


class Reach(NamedTuple):
    """A venue that can be asked. `account` names the lock that a live core of this account holds, `sign` its record of
    positions."""

    traits: Traits
    access: Access
    account: str
    sign: str
    url: str = ""


def configured(launch: Launch, items: Checklist) -> Loaded | None:
    """R-C1: the configuration as live would have it; None where it cannot be read at all."""
    flags = flags_of(launch)
    try:
        loaded = load_config(launch.config, {**flags, "mode": "live"})
    except ConfigError as refusal:
        try:
            loaded = load_config(launch.config, {**flags, "mode": None})
        except ConfigError as error:
            items.add("config", FAIL, str(error), "correct the file; the message names the line", ("R-C1",))
            return None
        wanted = "live: true" in str(refusal)
        items.add("config", OK if wanted else FAIL, loaded.file, str(refusal), ("R-C1",))
        if wanted:
            items.add("live: true", FAIL, "live: false", "write `live: true` into the config", ("R-C1",))
        return loaded
    items.add("config", OK, f"{loaded.file}, sha256 {loaded.sha256[:12]}", rows=("R-C1",))
    items.add("live: true", OK, f"stated; account {loaded.settings.account}", rows=("R-C1",))
    return loaded


def reached(loaded: Loaded, launch: Launch, items: Checklist) -> dict[str, Reach | None]:
    """Network and keys of each venue of the config, by its name; None where it cannot be asked."""
    settings = loaded.settings
    names = list(dict.fromkeys(venue for strategy in settings.strategies for venue, _ in strategy.places))
    found: dict[str, Reach | None] = {}
    known: dict[str, VenueAccess] = {}
    for name in names:
        items.venue = name if len(names) > 1 else ""
        try:
            known[name] = access_of(settings, name)
            found[name] = _reached(settings, name, known[name], items)
        except PerpError as error:
            first, _, rest = str(error).partition("; ")
            items.add("network", FAIL, first, " ".join(rest.split()), ("R-C1",))
            found[name] = None
    items.venue = ""
    try:
        refuse_mixed(known)
    except Refused as error:
        items.add("networks", FAIL, str(error), "give every venue mainnet, or none", ("R-C1",))
    if known:
        network = (
            "mainnet" if any(one.network == "mainnet" for one in known.values()) else known[next(iter(known))].network
        )
        _round_on_record(loaded, launch, network, items)
    return found


def _reached(settings: Settings, name: str, known: VenueAccess, items: Checklist) -> Reach | None:
    """Raises PerpError."""
    traits = traits_of(name, known.signer_library)
    refusal = traits.refuses(known.network)
    where = f"{name} on {known.network}{f' at {known.url}' if known.url else ''}"
    items.judge("network", not refusal, where, refusal, ("R-C1",))
    try:
        found = find(settings, name, "trade", os.environ, PROCESS)
    except Refused as error:
        items.add("keys", FAIL, str(error), "docs/keys.md says where keys may lie", ("S4-83",))
        return None
    fields = ", ".join(field for field, there in found.fields.items() if there) or "nothing"
    told = f"{fields} found in {found.where}; not shown"
    if found.missing:
        told = f"{' and '.join(found.missing)} missing in {found.where}"
    complete = items.judge("keys", not found.missing, told, found.next_step, ("S4-83",))
    if not complete or refusal:
        return None
    keys = {field: value.get_secret_value() for field, value in found.values.items()}
    access = Access(known.network, keys, traits.addresses(known.url) if known.url else None)
    account = account_name(name, known.network, known.url, owner_of(keys))
    return Reach(traits, access, account, sign_of(settings.account, name, known.network, known.url), known.url)


def _round_on_record(loaded: Loaded, launch: Launch, network: str, items: Checklist) -> None:
    try:
        items.add("round on record", OK, proven(launch.report_dir, loaded, launch.unproven), rows=("S1-02",))
    except Refused as error:
        verdict = FAIL if network == "mainnet" else NOTE
        money = network == "mainnet"
        step = "run a backtest or a paper round to its end, or give --unproven REASON at the start" if money else ""
        found = str(error).partition("; ")[0] if money else f"none; {network} is play money, none wanted"
        items.add("round on record", verdict, found, step, ("S1-02",))


def this_machine(state: Path, items: Checklist) -> bool:
    """State dir, disk, lock, latch. True where no core of ours runs here."""

    def private() -> str:
        if not state.exists():
            return f"{state}: will be made, mode 0700"
        check_private(state, "folder")
        return f"{state}: private, on {check_lockable(state)}"

    items.local("state dir", private, "chmod 700, or another --state-dir on a local disk", ("R-X3",))
    place = next(folder for folder in (state, *state.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    items.judge(
        "disk room", free >= LEAST_FREE, f"{free / GB:.1f} GB free", "make room: a core halts below 0.2 GB", ("R-S1",)
    )
    return _free("core of this state dir", "halt latch", state, items)


def this_account(reach: Reach, items: Checklist) -> bool:
    """The same for the account, under whatever state dir. True where no core of ours trades it from here."""
    return _free("core of this account", "halt latch of account", accounts_folder() / reach.account, items)


def _free(name: str, latch: str, folder: Path, items: Checklist) -> bool:
    """Lock and latch of one folder."""
    if not folder.is_dir():
        items.add(name, OK, "none on this machine", rows=("R-W1",))
        return True
    clock = SystemClock()
    lock = InstanceLock(folder, clock)
    held = lock.holders()
    text = "none on this machine"
    if held.found:
        text = describe(read_record(lock.path), heartbeat_age(folder / BEAT_FILE, clock), held)
    left_alone = "a second start is refused; its orders and its dead-man's switch are left alone"
    items.add(name, NOTE if held.found else OK, text, left_alone, ("R-W1",))
    stop = Latch(folder).read()
    if stop is not None:
        step = "a start comes up HALTED; re-arm with R in the console or `perpconsole resume`"
        items.add(latch, NOTE, f"engaged by {stop.who}: {stop.reason}", step, ("R-W6",))
    return not held.found
