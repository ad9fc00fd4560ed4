"""Keys of real venues: which, from where, and apart for reading and trading (S4-83, S3-30)."""

from __future__ import annotations

import itertools
import re
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.config.credentials import NEEDS, Right, credentials, find
from core.config.settings import Gateway, Settings
from core.domain.errors import Refused
from core.guard.redact import MASK, Redactor
from tests.support.canary import secret_of

WALLET = "0x" + "ab" * 20
pytestmark = pytest.mark.row("S4-83")


def settings(venue: str = "bybit", keys: Mapping[str, Any] | None = None, **gateway: str) -> Settings:
    section: dict[str, Any] = {"network": "testnet"} | ({"keys": dict(keys)} if keys is not None else {})
    return Settings.model_validate(
        {
            "strategies": ({"name": "mm", "kind": "asmm", "venue": venue, "symbol": "X"},),
            "venues": {venue: section},
            "gateway": Gateway(**{name: SecretStr(value) for name, value in gateway.items()}),
        }
    )


def plain(found: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in found.items()}


def got(config: Settings, right: Right, environ: Mapping[str, str], venue: str = "bybit") -> dict[str, str]:
    return plain(credentials(config, venue, right, environ, Redactor()))


def pair(prefix: str, mark: str = "") -> dict[str, str]:
    return {f"{prefix}_API_KEY": f"{mark}key-of-it", f"{prefix}_SECRET": f"{mark}secret-of-it"}


# --- which fields ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("venue", "environ", "fields"),
    [
        ("binance_usdm", pair("BINANCE_USDM"), {"apiKey", "secret"}),
        ("bybit", pair("BYBIT"), {"apiKey", "secret"}),
        ("okx", pair("OKX") | {"OKX_PASSWORD": "pass phrase"}, {"apiKey", "secret", "password"}),
        ("hyperliquid", {"HYPERLIQUID_PRIVATE_KEY": "0x" + "12" * 32, "HYPERLIQUID_WALLET_ADDRESS": WALLET},
         {"privateKey", "walletAddress"}),
        ("lighter", {"LIGHTER_PRIVATE_KEY": "12" * 40, "LIGHTER_ACCOUNT_INDEX": "65", "LIGHTER_API_KEY_INDEX": "2"},
         {"privateKey", "accountIndex", "apiKeyIndex"}),
        ("grvt", {"GRVT_PRIVATE_KEY": "0x" + "12" * 32}, {"privateKey"}),
        ("grvt", pair("GRVT"), {"apiKey", "secret"}),
        ("grvt", pair("GRVT") | {"GRVT_PRIVATE_KEY": "0x" + "12" * 32}, {"privateKey"}),
    ],
)  # fmt: skip
def test_each_venue_gets_exactly_the_fields_that_it_needs_in_the_names_of_ccxt(
    venue: str, environ: dict[str, str], fields: set[str]
) -> None:
    """grvt with both kinds gets one: its ccxt class refuses both at once."""
    found = got(settings(venue), "trade", environ | {"HOME": "x", "OTHER_SECRET": "not-for-us"}, venue)
    assert set(found) == fields and set(found.values()) <= set(environ.values())


@pytest.mark.parametrize("venue", NEEDS)
def test_nothing_set_is_refused_with_every_name_the_place_and_the_next_step(venue: str) -> None:
    with pytest.raises(Refused) as caught:
        got(settings(venue), "trade", {}, venue)
    text = str(caught.value)
    assert all(f"{venue.upper()}_" in name for name in re.findall(r"\b[A-Z_]{9,}\b", text))
    assert "the environment" in text and "set " in text and text.startswith(f"{venue}: Expected ")
    assert Redactor().clean(text) == text


@pytest.mark.parametrize("missing", ["OKX_API_KEY", "OKX_SECRET", "OKX_PASSWORD"])
def test_one_that_is_missing_or_empty_is_named_and_the_others_are_not(missing: str) -> None:
    every = pair("OKX", "sensitive-") | {"OKX_PASSWORD": "sensitive-phrase"}
    for environ in ({**every, missing: "  "}, {name: value for name, value in every.items() if name != missing}):
        with pytest.raises(Refused) as caught:
            got(settings("okx"), "trade", environ, "okx")
        assert set(re.findall(r"OKX_\w+", str(caught.value))) == {missing}
        assert "sensitive" not in str(caught.value)


def test_a_venue_that_cannot_be_traded_is_refused() -> None:
    with pytest.raises(Refused, match=r"Expected one of binance_usdm.* was aster"):
        got(settings("aster"), "trade", {}, "aster")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HYPERLIQUID_WALLET_ADDRESS", "0x" + "12" * 32),
        ("HYPERLIQUID_WALLET_ADDRESS", "ab" * 20),
        ("HYPERLIQUID_PRIVATE_KEY", "12 34 56 78"),
        ("HYPERLIQUID_PRIVATE_KEY", "abc"),
        ("HYPERLIQUID_PRIVATE_KEY", "schlüssel-zum-glück"),
    ],
)
def test_what_cannot_be_such_a_value_is_refused_unseen(variable: str, value: str) -> None:
    """The classic mistake: the private key in the place of the address."""
    good = {"HYPERLIQUID_PRIVATE_KEY": "0x" + "77" * 32, "HYPERLIQUID_WALLET_ADDRESS": WALLET}
    with pytest.raises(Refused, match=rf"{variable}, was .*\(not shown\)") as caught:
        got(settings("hyperliquid"), "trade", good | {variable: value}, "hyperliquid")
    assert value not in str(caught.value)


# --- reading and trading apart --------------------------------------------------------------------------------------

MARKS = ("READ_", "", "TRADE_")
WINNER: dict[Right, dict[frozenset[str], str | None]] = {
    "trade": {},
    "read": {},
}
for _n in range(4):
    for _there in map(frozenset, itertools.combinations(MARKS, _n)):
        WINNER["trade"][_there] = "TRADE_" if "TRADE_" in _there else "" if "" in _there else None
        WINNER["read"][_there] = next((mark for mark in MARKS if mark in _there), None)


@pytest.mark.parametrize("right", ["trade", "read"])
@pytest.mark.parametrize("there", list(WINNER["trade"]), ids=lambda there: "+".join(sorted(there)) or "none")
def test_trading_never_takes_the_reading_key_and_reading_takes_the_trading_one_last(
    right: Right, there: frozenset[str]
) -> None:
    """S4-83: READ_ and TRADE_ apart, every combination of the three forms."""
    environ: dict[str, str] = {}
    for mark in there:
        environ |= pair(f"{mark}BYBIT", mark or "PLAIN_")
    winner = WINNER[right][there]
    if winner is None:
        with pytest.raises(Refused, match="BYBIT_API_KEY and BYBIT_SECRET"):
            got(settings(), right, environ)
    else:
        mark = winner or "PLAIN_"
        assert got(settings(), right, environ) == {"apiKey": f"{mark}key-of-it", "secret": f"{mark}secret-of-it"}


def test_half_a_trading_key_does_not_borrow_from_the_plain_one() -> None:
    environ = pair("BYBIT") | {"TRADE_BYBIT_API_KEY": "the-trading-key"}
    with pytest.raises(Refused, match="Expected TRADE_BYBIT_SECRET to trade"):
        got(settings(), "trade", environ)
    assert got(settings(), "read", environ)["apiKey"] == "key-of-it"


def test_the_address_of_the_account_serves_both_and_reading_an_open_account_needs_no_key() -> None:
    environ = {"TRADE_HYPERLIQUID_PRIVATE_KEY": "0x" + "12" * 32, "HYPERLIQUID_WALLET_ADDRESS": WALLET}
    assert set(got(settings("hyperliquid"), "trade", environ, "hyperliquid")) == {"privateKey", "walletAddress"}
    assert got(settings("hyperliquid"), "read", environ, "hyperliquid") == {"walletAddress": WALLET}


def test_the_name_of_a_key_is_the_one_that_the_config_gives() -> None:
    config = settings(keys={"source": "env", "name": "desk-2.bybit"})
    assert got(config, "trade", pair("DESK_2_BYBIT"))["apiKey"] == "key-of-it"
    with pytest.raises(Refused, match="DESK_2_BYBIT_API_KEY"):
        got(config, "trade", pair("BYBIT"))


# --- gateway --------------------------------------------------------------------------------------------------------


def test_gateway_serves_binance_alone_and_only_without_keys_of_its_own() -> None:
    """S3-30."""
    stated = {"api_key": "gateway-key", "api_secret": "gateway-secret"}
    binance = "binance_usdm"
    assert got(settings(binance, **stated), "trade", pair("BINANCE_USDM"), binance) == {
        "apiKey": "gateway-key", "secret": "gateway-secret",
    }  # fmt: skip
    own = settings(binance, {"source": "env"}, **stated)
    assert got(own, "trade", pair("BINANCE_USDM"), binance)["apiKey"] == "key-of-it"
    with pytest.raises(Refused, match="BYBIT_API_KEY"):
        got(settings("bybit", **stated), "trade", {})


def test_a_reading_key_in_the_environment_goes_before_the_gateway_one() -> None:
    config = settings("binance_usdm", api_key="gateway-key", api_secret="gateway-secret")
    environ = pair("READ_BINANCE_USDM", "r-")
    assert got(config, "read", environ, "binance_usdm")["apiKey"] == "r-key-of-it"
    assert got(config, "trade", environ, "binance_usdm")["apiKey"] == "gateway-key"


def test_half_a_gateway_is_refused_by_its_own_name() -> None:
    with pytest.raises(Refused, match=r"Expected gateway\.apiSecret to trade") as caught:
        got(settings("binance_usdm", api_key="gateway-key"), "trade", {}, "binance_usdm")
    assert "gateway-key" not in str(caught.value)
    assert Redactor().clean(str(caught.value)) == str(caught.value)  # the next step survives the redactor


# --- every source gives the same ------------------------------------------------------------------------------------


class FakeKeyring(types.ModuleType):
    def __init__(self, values: Mapping[tuple[str, str], str]) -> None:
        super().__init__("keyring")
        self.values = values

    def get_password(self, service: str, name: str) -> str | None:
        return self.values.get((service, name))


def with_keyring(monkeypatch: pytest.MonkeyPatch, keyring: types.ModuleType) -> None:
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


@pytest.mark.parametrize("source", ["env", "file", "keyring", "command"])
@pytest.mark.parametrize("whole", [True, False])
def test_every_source_gives_the_same_keys_and_names_its_place_when_one_is_missing(
    source: str, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = pair("TRADE_BYBIT", "t-") | pair("READ_BYBIT", "r-")
    if not whole:
        del values["TRADE_BYBIT_SECRET"]
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    file = tmp_path / "keys.env"
    file.write_text(lines)
    file.chmod(0o600)
    with_keyring(monkeypatch, FakeKeyring({("bybit", name): value for name, value in values.items()}))
    keys = {"source": source, "file": str(file), "command": (sys.executable, "-c", f"print({lines!r})")}
    environ = values if source == "env" else {}
    config = settings(keys=keys)
    redactor = Redactor()
    if whole:
        found = credentials(config, "bybit", "trade", environ, redactor)
        assert plain(found) == {"apiKey": "t-key-of-it", "secret": "t-secret-of-it"}
        assert got(config, "read", environ) == {"apiKey": "r-key-of-it", "secret": "r-secret-of-it"}
        assert "-of-it" not in repr(found) + str(found) + repr(find(config, "bybit", "trade", environ, redactor))
        assert redactor.clean("t-secret-of-it") == MASK
        return
    with pytest.raises(Refused, match="Expected TRADE_BYBIT_SECRET to trade there, found none in") as caught:
        credentials(config, "bybit", "trade", environ, redactor)
    place = {"env": "the environment", "file": str(file), "keyring": "keyring set bybit TRADE_BYBIT_SECRET",
             "command": f"the output of {sys.executable}"}  # fmt: skip
    assert place[source] in str(caught.value) and "t-key" not in str(caught.value)


def test_without_the_keyring_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Refused, match=re.escape("pip install 'perpconsole[keyring]'")):
        got(settings(keys={"source": "keyring"}), "trade", {})


def test_a_keyring_that_fails_or_says_nothing_is_refused_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    class Broken(FakeKeyring):
        def get_password(self, service: str, name: str) -> str | None:
            raise RuntimeError("backend read abcdefghijk")

    with_keyring(monkeypatch, Broken({}))
    with pytest.raises(Refused, match="was RuntimeError; unlock it") as caught:
        got(settings(keys={"source": "keyring"}), "trade", {})
    assert "abcdefghijk" not in str(caught.value)

    release = threading.Event()

    class Locked(FakeKeyring):
        def get_password(self, service: str, name: str) -> str | None:
            release.wait(30)
            return None

    with_keyring(monkeypatch, Locked({}))
    with pytest.raises(Refused, match=r"was silent for 0\.05 s"):
        got(settings(keys={"source": "keyring", "timeout_s": 0.05}), "trade", {})
    release.set()


def test_secrets_of_the_gateway_are_hidden_whoever_asks_for_what() -> None:
    redactor, secret = Redactor(), secret_of(1)
    config = settings("bybit", api_key="gateway-key", api_secret=secret)
    credentials(config, "bybit", "trade", pair("BYBIT"), redactor)
    assert redactor.clean(secret) == MASK and secret not in repr(config)
