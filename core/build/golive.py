"""What a core needs before it may trade a real account: the venue and how it is reached, keys, a record of rounds.

Everything that can be refused without asking the venue is refused here, each with its next step. Sends nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core import rng
from core.build.assemble import Place
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
    """One venue, ready to be opened. `places` carry the network; `sign` names the account on it."""

    traits: Traits
    access: Access
    places: tuple[Place, ...]
    record: VenueRecord
    sign: str
    account: str  # name of the account lock
    proof: str  # which round on record let us go live, or why none was wanted

    @property
    def network(self) -> str:
        return self.access.network


def going_live(loaded: Loaded, launch: Launch, places: Sequence[Place]) -> Going:
    """Raises Refused and ConfigError."""
    settings = loaded.settings
    if launch.mode != "live":
        raise ConfigError("Expected --mode live beside mode: live of the config, was --mode paper; live is an act")
    if launch.market and launch.market != ("live",):
        raise ConfigError(f"Expected --market live or none in mode live, was {' '.join(launch.market)}")
    if launch.speed not in (None, 1.0):
        raise ConfigError("Expected speed 1 in mode live: a real venue has its own pace")
    names = sorted({place.instrument.venue for place in places})
    if len(names) != 1:
        raise ConfigError(f"Expected one venue in mode live, was {', '.join(names)}; one core a venue")
    known = access_of(settings, names[0])
    traits = traits_of(names[0], known.signer_library)
    refusal = traits.refuses(known.network)
    if refusal:
        raise Refused(f"Expected a network on which {names[0]} may trade, was {known.network}: {refusal}")
    found = credentials(settings, names[0], "trade", os.environ, PROCESS)
    keys = {name: value.get_secret_value() for name, value in found.items()}
    proof = proven(launch.report_dir, loaded, launch.unproven) if known.network == "mainnet" else "play money"
    access = Access(known.network, keys, traits.addresses(known.url) if known.url else None)
    placed = tuple(Place(place.key, _as_reached(place.instrument, known.network, traits)) for place in places)
    own_keys = settings.venues[names[0]].keys if names[0] in settings.venues else None
    record = VenueRecord(
        names[0], known.network, key_source(own_keys, loaded.file),
        tuple(traded_of(place.instrument, traits.symbol(place.instrument)) for place in placed),
        int(rng.token()[:6], 16) or 1, known.url, known.signer_library,
    )  # fmt: skip
    sign = sign_of(settings.account, [(names[0], known.network, known.url)])
    owner = keys.get("apiKey") or keys.get("walletAddress") or keys.get("privateKey", "")
    account = account_name(names[0], known.network, known.url, owner)
    return Going(traits, access, placed, record, sign, account, proof)


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
