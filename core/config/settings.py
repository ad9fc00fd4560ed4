"""The program's own settings.

Strategy and risk parameters are mappings here; their schemas are handed in by `build`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator

from core.config.validate import Section
from core.domain.units import MONEY


class Filters(Section):
    """A venue's filters as a config file states them (S3-29): compared with the venue file, a difference is refused."""

    tick_size: float | None = Field(default=None, gt=0)  # quote units
    step_size: float | None = Field(default=None, gt=0)  # base coins
    min_qty: float | None = Field(default=None, gt=0)  # base coins
    max_qty: float | None = Field(default=None, gt=0)  # base coins
    min_notional: float | None = Field(default=None, ge=0)  # quote


class Gateway(Section):
    """Keys of a real venue (S3-30). `${NAME}` takes them from the environment; never shown, never stored."""

    api_key: SecretStr | None = None
    api_secret: SecretStr | None = None
    base_url: str | None = Field(default=None, min_length=8, max_length=200, alias="baseURL", pattern=r"^https?://")


class Keys(Section):
    """Where a venue's keys come from (S4-83); the keys themselves never stand in a config.

    `env` reads NAME_API_KEY and so on, where NAME is `name` (default: the venue's name in capitals); `file` a private
    file (0600, ours, no link) of the same NAME=value lines; `keyring` the system's keyring under `name`; `command`
    the lines that a program prints (Vault, KMS, pass).
    """

    source: Literal["env", "file", "keyring", "command"] = Field(default="env", description="where the keys come from")
    name: str = Field(
        default="", max_length=64, pattern=r"^[A-Za-z0-9_.-]*$",
        description="prefix of the variables, or the keyring's service; empty = the venue's name",
    )  # fmt: skip
    file: str = Field(
        default="", max_length=400, description="full path, or from ~/, of a 0600 file of NAME=value lines"
    )
    command: tuple[str, ...] = Field(
        default=(), max_length=32, description="program and its arguments, no shell; prints NAME=value lines"
    )
    timeout_s: float = Field(default=10.0, gt=0, le=120, description="s that the command may take")


class VenueAccess(Section):
    """How one venue is reached. `url` replaces its addresses and is for a loopback venue alone."""

    network: Literal["mainnet", "testnet", "demo", "loopback"] = Field(description="which of the venue's networks")
    url: str = Field(
        default="", max_length=200, pattern=r"^(https?://(127\.0\.0\.1|localhost):\d{1,5})?$",
        description="of a loopback venue, http://127.0.0.1:PORT",
    )  # fmt: skip
    keys: Keys = Keys()
    signer_library: str = Field(
        default="", max_length=400, description="lighter: the operator's own copy of its signer, by full path"
    )

    terms_every_s: float = Field(
        default=600.0, ge=30.0, le=86_400.0,
        description="how often tick, lot, bounds and trading state of our instruments are read again, s",
    )  # fmt: skip

    @model_validator(mode="after")
    def _loopback_has_an_address(self) -> VenueAccess:
        if (self.network == "loopback") != bool(self.url):
            raise ValueError(
                f"Expected url: http://127.0.0.1:PORT with network: loopback and with no other, "
                f"was network: {self.network} and url: {self.url or 'none'}"
            )
        return self


class Leg(Section):
    """One leg of a pair, or its backup: the venue and the symbol there."""

    venue: str = Field(min_length=1, description="its venue")
    symbol: str = Field(min_length=1, description="its symbol there")


class StrategySettings(Section):
    """One strategy of the list: what it is, where it trades, its share of the money, its parameters.

    A strategy of one instrument names `venue` and `symbol`, a pair names `legs`: the long venue, then the short one;
    and may name a third venue as `backup`.
    """

    name: str = Field(min_length=1, max_length=32, pattern=r"^[a-z0-9_.-]+$")
    kind: str
    venue: str = ""
    symbol: str = ""
    legs: tuple[Leg, Leg] | None = Field(
        default=None,
        description="of a pair, in place of venue and symbol: the long venue, then the short one",
    )
    backup: Leg | None = Field(
        default=None,
        description="of a pair: {venue, symbol} of a third venue for a second leg that failed with nothing filled",
    )
    budget: float | None = Field(default=None, gt=0, le=1e9)  # quote; None = all equity
    dust: float = Field(
        default=0.0, ge=0, le=1000,
        description="quote of each instrument that a flatten may leave below its smallest order (exit 0)",
    )  # fmt: skip
    params: dict[str, Any] = {}
    risk: dict[str, Any] = {}
    filters: Filters = Filters()

    @model_validator(mode="after")
    def _one_place_or_two_legs(self) -> StrategySettings:
        if self.legs is None and not (self.venue and self.symbol):
            found = "venue alone" if self.venue else "symbol alone" if self.symbol else "neither"
            raise ValueError(f"Expected venue and symbol, or the legs of a pair, was {found}")
        if self.legs is not None and (self.venue or self.symbol):
            raise ValueError("Expected the legs of a pair or venue and symbol, was both")
        if self.legs is not None and self.legs[0].venue == self.legs[1].venue:
            raise ValueError(f"Expected legs on two venues, was {self.legs[0].venue} twice")
        if self.backup is not None and self.legs is None:
            raise ValueError("Expected a backup beside the legs of a pair, was a backup alone")
        if self.backup is not None and self.backup.venue in [leg.venue for leg in self.legs or ()]:
            raise ValueError(f"Expected a backup on a third venue, was {self.backup.venue}, which has a leg")
        return self

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """(venue, symbol) of each instrument: of a pair the long venue, the short one and the backup, if any."""
        if self.legs is None:
            return ((self.venue, self.symbol),)
        return tuple((leg.venue, leg.symbol) for leg in (*self.legs, self.backup) if leg is not None)


class Rounds(Section):
    """Trading rounds (UC-08)."""

    hours: float = Field(default=4.0, gt=0, le=24 * 30)
    count: int = Field(default=0, ge=0)  # 0 = no end
    on_round_end: Literal["flatten", "carry"] = "flatten"


class Exchange(Section):
    """How the simulated exchange fills (FORMULAS.md 13)."""

    queue: Literal["risk_averse", "power", "log"] = "risk_averse"
    queue_power: float = Field(default=2.0, gt=0, le=10)
    latency: Literal["constant", "lognormal", "recorded"] = "lognormal"
    reject_rate: float = Field(default=0.0, ge=0, le=0.9)


class Market(Section):
    """Where market data comes from: the seeded synthetic market, recordings, or a live feed."""

    source: Literal["synthetic", "recording", "live"] = "synthetic"
    paths: tuple[str, ...] = ()
    speed: float = Field(default=1.0, gt=0, le=1e6)  # market seconds a wall second


class Telemetry(Section):
    """Metrics, health and logs."""

    metrics_port: int = Field(default=8080, ge=0, le=65535)
    metrics: bool = True
    log_level: Literal["debug", "info", "warn", "crit"] = "info"


class Console(Section):
    """What the operator sees and what happens when the terminal dies (CONSOLE.md 0)."""

    palette: Literal["default", "classic", "mono"] = "default"
    refresh_hz: float = Field(default=2.0, ge=0.5, le=4.0)
    on_terminal_lost: Literal["continue", "halt", "flatten"] = "continue"
    unattended_grace_s: float | None = Field(default=None, gt=0)  # None: no timer in PAPER, 900 s in LIVE
    double_press_flattens: bool = True
    keys: dict[str, str] = {}


class Retention(Section):
    """How long journals and recordings are kept."""

    days: int = Field(default=30, ge=1, le=3650)
    gigabytes: float = Field(default=10.0, gt=0, le=10_000)


class Settings(Section):
    """The whole configuration of one core."""

    mode: Literal["paper", "live"] = "paper"
    live: bool = False
    account: str = Field(default="paper", min_length=1, max_length=64)
    equity: float = Field(default=200.0, gt=0, le=1e8)  # quote, of a new simulated account
    seed: int = Field(default=7, ge=0, le=2**63 - 1)
    strategies: tuple[StrategySettings, ...] = Field(min_length=1, max_length=16)
    market: Market = Market()
    exchange: Exchange = Exchange()
    rounds: Rounds = Rounds()
    telemetry: Telemetry = Telemetry()
    console: Console = Console()
    retention: Retention = Retention()
    gateway: Gateway = Gateway()
    venues: dict[str, VenueAccess] = {}

    def dust_of(self, key: str) -> int:
        """1e-8 quote of dust declared for an instrument, by `venue:symbol`: the least of all who trade it."""
        return min(
            (round(one.dust * MONEY) for one in self.strategies if key in [f"{v}:{s}" for v, s in one.places]),
            default=0,
        )  # fmt: skip

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Settings:
        names = [strategy.name for strategy in self.strategies]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled:
            raise ValueError(f"Expected strategy names to differ, was {doubled!r} twice")
        if self.mode == "live" and not self.live:
            raise ValueError("Expected live: true beside mode: live, was live: false; live trading is an explicit act")
        budgets = sum(strategy.budget or 0.0 for strategy in self.strategies)
        if budgets > self.equity:
            raise ValueError(f"Expected strategy budgets to sum to at most equity {self.equity:g}, was {budgets:g}")
        if self.market.source == "recording" and not self.market.paths:
            raise ValueError("Expected market.paths for market.source recording, found none")
        return self
