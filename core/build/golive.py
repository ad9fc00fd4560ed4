"""What a core needs before it may trade real accounts: each venue and how it is reached, keys, a record of rounds.

Everything that can be refused without asking the venue is refused here, each with its next step. Sends nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core import rng
from core.build.assemble import Place, accounts_of
from core.build.holdings import sign_of
from core.config.credentials import credentials
from core.config.load import Loaded
from core.config.settings import Settings, VenueAccess
from core.control.launch import Launch
from core.control.venue_record import VenueRecord, key_source, traded_of
from core.domain.errors import ConfigError, Refused
from core.domain.instrument import Instrument
from core.guard.account import account_name
from core.guard.redact import PROCESS
from core.rounds.archive import Archive
from core.rounds.kpitable import failed, kpis
from core.venues.ccxt.catalogue import traits_of
from core.venues.ccxt.instances import Access
from core.venues.ccxt.traits import Traits

BINANCE_URL = "https://fapi.binance.com"
RECORDS = 200  # folders of reports that are looked through


@dataclass(frozen=True)
class Going:
    """One venue account, ready to be opened. `places` are those of the core that it trades, by the engine's number;
    their instruments carry the network. `sign` names the account in the record of positions."""

    traits: Traits
    access: Access
    places: tuple[tuple[int, Place], ...]
    record: VenueRecord
    sign: str
    account: str  # name of the account lock

    @property
    def name(self) -> str:
        return self.traits.name

    @property
    def network(self) -> str:
        return self.access.network


@dataclass(frozen=True)
class GoingLive:
    """All accounts of a core, in the order of the engine's numbers of them. `places` in the engine's order."""

    each: tuple[Going, ...]
    places: tuple[Place, ...]
    owners: tuple[int, ...]  # account of each place
    epoch: int  # of this start, in the client ids at every venue
    proof: str  # which round on record let us go live, or why none was wanted

    @property
    def network(self) -> str:
        """Of all of them, or of the first where play money is of several kinds."""
        return self.each[0].network


def going_live(loaded: Loaded, launch: Launch, places: Sequence[Place]) -> GoingLive:
    """Raises Refused and ConfigError."""
    settings = loaded.settings
    if launch.mode != "live":
        raise ConfigError("Expected --mode live beside mode: live of the config, was --mode paper; live is an act")
    if launch.market and launch.market != ("live",):
        raise ConfigError(f"Expected --market live or none in mode live, was {' '.join(launch.market)}")
    if launch.speed not in (None, 1.0):
        raise ConfigError("Expected speed 1 in mode live: a real venue has its own pace")
    names = list(dict.fromkeys(place.instrument.venue for place in places))
    known = {name: access_of(settings, name) for name in names}
    refuse_mixed(known)
    epoch = int(rng.token()[:6], 16) or 1
    owners = tuple(accounts_of(places))
    each = []
    for number, name in enumerate(names):
        mine = [(n, place) for n, place in enumerate(places) if owners[n] == number]
        each.append(_going(loaded, name, known[name], mine, epoch))
    money = any(access.network == "mainnet" for access in known.values())
    proof = proven(launch.report_dir, loaded, launch.unproven) if money else "play money"
    reached = dict(place for going in each for place in going.places)
    return GoingLive(tuple(each), tuple(reached[n] for n in range(len(places))), owners, epoch, proof)


def refuse_mixed(known: Mapping[str, VenueAccess]) -> None:
    """Real money at one venue is never hedged with play money at another. Raises Refused."""
    networks = {access.network for access in known.values()}
    if "mainnet" in networks and len(networks) > 1:
        told = ", ".join(f"{name} on {access.network}" for name, access in known.items())
        raise Refused(f"Expected real money at every venue or at none, was {told}")


def _going(
    loaded: Loaded, name: str, known: VenueAccess, places: Sequence[tuple[int, Place]], epoch: int
) -> Going:  # fmt: skip
    """One venue, with its keys."""
    settings = loaded.settings
    traits = traits_of(name, known.signer_library)
    refusal = traits.refuses(known.network)
    if refusal:
        raise Refused(f"Expected a network on which {name} may trade, was {known.network}: {refusal}")
    found = credentials(settings, name, "trade", os.environ, PROCESS)
    keys = {field: value.get_secret_value() for field, value in found.items()}
    addresses = traits.addresses(known.url) if known.url else None
    access = Access(known.network, keys, addresses, terms_every_s=known.terms_every_s)
    placed = tuple((n, Place(place.key, _as_reached(place.instrument, known.network, traits))) for n, place in places)
    own_keys = settings.venues[name].keys if name in settings.venues else None
    pairs = pairs_of(loaded)
    record = VenueRecord(
        name, known.network, key_source(own_keys, loaded.file),
        tuple(
            traded_of(x.instrument, traits.symbol(x.instrument), pairs.get(x.key, ""), settings.dust_of(x.key))
            for _, x in placed
        ),
        epoch, known.url, known.signer_library,
    )  # fmt: skip
    return Going(
        traits, access, placed, record, sign_of(settings.account, name, known.network, known.url),
        account_name(name, known.network, known.url, owner_of(keys)),
    )  # fmt: skip


def owner_of(keys: Mapping[str, str]) -> str:
    """Whose account it is: its key or address."""
    return keys.get("apiKey") or keys.get("walletAddress") or keys.get("privateKey", "")


def _as_reached(instrument: Instrument, network: str, traits: Traits) -> Instrument:
    """On that network, with amends only where the adapter carries them out."""
    return msgspec.structs.replace(instrument, network=network, amend=instrument.amend and traits.can_amend)


def access_of(settings: Settings, venue: str) -> VenueAccess:
    """`venues.<name>`, or what `gateway:` says of Binance (S3-30). Raises ConfigError with what to write."""
    known = settings.venues.get(venue)
    if known is not None:
        return known
    gateway = settings.gateway
    if venue == "binance_usdm" and gateway.api_key is not None and (gateway.base_url or BINANCE_URL) == BINANCE_URL:
        return VenueAccess(network="mainnet")
    raise ConfigError(
        f"Expected venues.{venue}.network in mode live, was none; write\n"
        f"venues:\n  {venue}: {{network: testnet}}    # mainnet | testnet | demo | loopback with url"
    )


def proven(reports: Path, loaded: Loaded, unproven: str) -> str:
    """S1-02: which finished round of backtest or paper stands on record for these strategies, without a failed KPI that
    counts. `unproven`: the operator's typed reason to go without one. Raises Refused."""
    kinds = {strategy.kind for strategy in loaded.settings.strategies}
    folders = [reports, *sorted((path for path in reports.glob("backtest-*") if path.is_dir()), reverse=True)]
    seen = 0
    for folder in folders[:RECORDS]:
        for path, facts in Archive(folder).rounds():
            told = " ".join(value for key, value in facts.run.config.items() if key.endswith(".kind"))
            if facts.ending.verdict not in ("flat", "carried") or not kinds <= set(told.split()):
                continue
            seen += 1
            if not failed(kpis(facts)):
                return f"round on record: {path.name}"
    if unproven.strip():
        return f"no passing round on record, going live because: {unproven.strip()}"
    raise Refused(
        f"Expected a passing backtest or paper round on record before real money, was none ({seen} finished, each with "
        f"a failed KPI); run one, or say why not: --unproven REASON"
    )


def legs_of(loaded: Loaded) -> frozenset[str]:
    """Keys, venue:symbol, of the instruments that are a leg of a pair."""
    return frozenset(pairs_of(loaded))


def pairs_of(loaded: Loaded) -> dict[str, str]:
    """The pair of each of them, by its name."""
    return {
        f"{venue}:{symbol}": one.name for one in loaded.settings.strategies if one.legs for venue, symbol in one.places
    }
