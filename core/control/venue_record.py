"""`venues.json` in the state dir: which real accounts a live core opened, so that a stop without a config finds them.

Names, addresses, the SOURCE of the keys and the grids of what is traded; never a key. Private, ours, never through a
link. An account stays in it until somebody verified that nothing of ours is left there (`forget_venues`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.domain.errors import Refused
from core.domain.instrument import Instrument
from core.guard.private import check_private, open_private, private_dir, replace_synced

if TYPE_CHECKING:
    from core.config.settings import Keys  # pydantic: a stop starts without it

FILE = "venues.json"
CAP = 1 << 20  # bytes
SCHEMA = 1
NAME = re.compile(r"[a-z0-9_]{1,32}")
LOOPBACK = re.compile(r"https?://(127\.0\.0\.1|localhost):\d{1,5}")
NETWORKS = ("mainnet", "testnet", "demo", "loopback")
PAGES = {
    "hyperliquid": ("app.hyperliquid.xyz, Portfolio", "Open Orders: Cancel All", "Positions: Close All, Market Close"),
    "binance_usdm": (
        "binance.com, Futures USD-M",
        "Open Orders (Basic and Conditional): Cancel All",
        "Positions: Close All Positions",
    ),
    "bybit": ("bybit.com, Derivatives", "Current Orders and Conditional: Cancel All", "Positions: Close All"),
    "okx": ("okx.com, Futures", "Open orders and Trigger: Cancel all", "Positions: Close all"),
}
ELSEWHERE = ("the venue's own page", "cancel all open and all conditional orders", "close every position at market")

LOOKED_AT = {
    "hyperliquid": "perpetuals of the venue's own dex at the address of the keys",
    "binance_usdm": "USD-M futures of the account of the keys, conditional orders included",
}
BEYOND = {
    "hyperliquid": "other dexes (HIP-3), spot, sub-accounts, vaults",
    "binance_usdm": "COIN-M, spot, margin, options, sub-accounts",
}


class KeySource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the keys come from, as `venues.<name>.keys` of the config has it (core.config.settings.Keys). `config`: in
    the config `file` itself, as `gateway:` has them by the names of variables."""

    source: str = "env"
    name: str = ""
    file: str = ""
    command: tuple[str, ...] = ()
    timeout_s: float = 10.0


class Traded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instrument that our strategies trade. `symbol` as in configs/venues, `unified` as ccxt names it; `tick` in
    quote units, `lot` in base coins, `unit` 1e-8 quote per tick and lot; sizes in lots. `pair`: the pair whose leg it
    is; `foreign`: signed lots that are not ours, as a core last found them; `dust`: 1e-8 quote that a flatten may leave
    below the smallest order."""

    symbol: str
    unified: str
    tick: float
    lot: float
    unit: int
    min_lots: int
    max_lots: int
    pair: str = ""
    foreign: int = 0
    dust: int = 0


class VenueRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account. `url` of a loopback venue, empty elsewhere; `epoch` of the core's client ids, another one at each
    start; `dead_man`: the venue granted its own switch."""

    name: str
    network: str
    keys: KeySource
    traded: tuple[Traded, ...]
    epoch: int
    url: str = ""
    signer_library: str = ""
    dead_man: bool = False

    @property
    def account(self) -> tuple[str, str, str, KeySource]:
        """What makes it another account."""
        return self.name, self.network, self.url, self.keys

    @property
    def label(self) -> str:
        """For screen and evidence."""
        return self.name if self.network == "mainnet" else f"{self.name} {self.network}"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    venues: tuple[VenueRecord, ...]


def key_source(keys: Keys | None, config: str = "") -> KeySource:
    """The source of a venue's keys; `config`: the file whose `gateway:` has them where the venue has no `keys:`."""
    if keys is None:
        return KeySource("config", file=config) if config else KeySource()
    return KeySource(keys.source, keys.name, keys.file, tuple(keys.command), keys.timeout_s)


def traded_of(instrument: Instrument, unified: str, pair: str = "", dust: int = 0) -> Traded:
    """The part of an instrument that a stop needs; `unified` from the venue's traits."""
    return Traded(
        instrument.symbol, unified, instrument.tick, instrument.lot, instrument.unit, instrument.min_lots,
        instrument.max_lots, pair, dust=dust,
    )  # fmt: skip


def read_venues(state_dir: Path) -> tuple[VenueRecord, ...]:
    """Every recorded account; none where there is no file. Raises Refused for a file that is not private, not ours, a
    link, too large or not readable as one of ours: then nobody knows where orders may rest."""
    path = state_dir / FILE
    try:
        fd = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return ()
    try:
        raw = os.read(fd, CAP + 1)
    finally:
        os.close(fd)
    if len(raw) > CAP:
        raise Refused(f"{path}: Expected at most {CAP} bytes, was more")
    try:
        found = msgspec.json.decode(raw, type=_File)
    except msgspec.DecodeError as error:
        raise Refused(f"{path}: Expected a record of venues, was unreadable: {error}") from None
    if found.schema != SCHEMA:
        raise Refused(f"{path}: Expected schema {SCHEMA}, was {found.schema}")
    for record in found.venues:
        check_record(record, str(path))
    return found.venues


def check_record(record: VenueRecord, where: str) -> None:
    """Raises Refused for a name that is none, an unknown network, or an address that is not the loopback's own."""
    if not NAME.fullmatch(record.name):
        raise Refused(f"{where}: Expected a venue name, was {record.name[:40]!r}")
    if record.network not in NETWORKS:
        raise Refused(f"{where}: Expected a network of {', '.join(NETWORKS)}, was {record.network[:40]!r}")
    if bool(record.url) != (record.network == "loopback") or (record.url and not LOOPBACK.fullmatch(record.url)):
        raise Refused(f"{where}: Expected http://127.0.0.1:PORT for a loopback venue and no address for any other")


def write_venues(state_dir: Path, venues: Sequence[VenueRecord]) -> None:
    """Record the accounts of a core that starts; call it under the lock, before the first request of a session.

    Accounts of earlier sessions stay, but for loopback ones: those hold nothing once their venue is gone. Raises
    Refused (see `read_venues`) and OSError: a live session must not start then.
    """
    for record in venues:
        check_record(record, FILE)
    fresh = {record.account for record in venues}
    kept = [old for old in read_venues(state_dir) if old.account not in fresh and old.network != "loopback"]
    _write(state_dir, (*venues, *kept))


def forget_venues(state_dir: Path, gone: Sequence[VenueRecord]) -> None:
    """Take accounts out: only after the venue itself said that no order and no position is left there."""
    names = {record.account for record in gone}
    _write(state_dir, tuple(record for record in read_venues(state_dir) if record.account not in names))


def _write(state_dir: Path, venues: tuple[VenueRecord, ...]) -> None:
    private_dir(state_dir)
    path = state_dir / FILE
    if os.path.lexists(path):
        check_private(path, "file")
    replace_synced(path, msgspec.json.encode(_File(SCHEMA, venues)), f"{os.getpid():x}")


def looked_at(venue: str) -> str:
    """What of an account a stop reads, and what it never does: nothing beyond it can be configured (E3)."""
    seen = LOOKED_AT.get(venue, "perpetuals of the account of the keys")
    return f"{seen}; not looked at: {BEYOND.get(venue, 'its other products and its sub-accounts')}"


def by_hand(record: VenueRecord) -> str:
    """What a person does at the venue when we cannot: one line."""
    page, orders, positions = PAGES.get(record.name, ELSEWHERE)
    symbols = ", ".join(one.symbol for one in record.traded) or "none recorded"
    return (
        f"by hand: open {page} ({record.network}); {orders}; then {positions}; look again after 10 s; "
        f"our instruments: {symbols}"
    )
