"""Signatures of Hyperliquid actions: what ccxt signs is recovered to its address, and nothing else is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.venues.wire.hyperliquid.keccak import keccak256
from core.venues.wire.hyperliquid.shapes import Action, Envelope, canonical
from core.venues.wire.hyperliquid.signature import MAINNET, TESTNET, action_hash, address_of, digest, signer_of
from tests.venues.wire.hyperliquid_hall import AGENT, AGENT_KEY, KEY, USER, order, orders, signed

NONCE = 1_700_000_000_123
CLOID = "0x" + "0f" * 16


def signer(body: dict[str, Any], source: str = MAINNET) -> str | None:
    """Who signed this body, as the venue finds out."""
    raw = msgspec.json.decode(msgspec.json.encode(body), type=Envelope)
    action = canonical(msgspec.json.decode(raw.action, type=Action))
    return signer_of(digest(action_hash(action, raw.nonce, raw.vaultAddress, raw.expiresAfter), source), raw.signature)


def test_keccak_has_the_published_digests() -> None:
    """Ethereum's own constants: of nothing, and the topic of an ERC-20 transfer."""
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    topic = keccak256(b"Transfer(address,address,uint256)").hex()
    assert topic == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


@settings(max_examples=25)
@given(st.binary(max_size=700))
def test_keccak_is_the_one_that_ccxt_signs_with(data: bytes) -> None:
    from ccxt.static_dependencies.keccak import SHA3

    assert keccak256(data) == SHA3(data)


def test_an_address_is_that_of_its_key() -> None:
    """The first account of the well-known test mnemonic of Ethereum's tools."""
    key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    assert address_of(key) == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


ACTIONS: list[dict[str, Any]] = [
    orders(order("110001")),
    orders(order("0.5", "1.25", buy=False, tif="Alo", cloid=CLOID), order("7", tif="Ioc")),
    {
        "type": "order",
        "orders": [order("1", t={"trigger": {"isMarket": True, "triggerPx": "2", "tpsl": "sl"}}, r=True)],
        "grouping": "positionTpsl",
    },
    {"type": "batchModify", "modifies": [{"oid": 3, "order": order("5")}, {"oid": CLOID, "order": order("6")}]},
    {"type": "batchModify", "modifies": [{"oid": 3, "order": order("5")}], "a": True},
    {"type": "modify", "oid": 1 << 40, "order": order("5")},
    {"type": "cancel", "cancels": [{"a": 0, "o": 70_000}, {"a": 200, "o": 1 << 36}]},
    {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]},
    {"type": "scheduleCancel", "time": NONCE + 5_000},
    {"type": "scheduleCancel"},
    {"type": "updateLeverage", "asset": 1, "isCross": False, "leverage": 20},
    {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": -1_500_000},
    {"type": "noop"},
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["type"]))
def test_every_action_that_ccxt_signs_is_recovered_to_its_account(action: dict[str, Any]) -> None:
    assert signer(signed(action, NONCE)) == USER
    assert signer(signed(action, NONCE, key=AGENT_KEY)) == AGENT
    assert signer(signed(action, NONCE, expires_after=NONCE + 9_000)) == USER
    assert signer(signed(action, NONCE, testnet=True), TESTNET) == USER
    assert signer(signed(action, NONCE, testnet=True), MAINNET) != USER


def test_a_vault_is_part_of_what_is_signed() -> None:
    body = signed(orders(order("5")), NONCE, vault="ab" * 20)
    assert signer(body) == USER
    assert signer(body | {"vaultAddress": "cd" * 20}) != USER


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body | {"nonce": NONCE + 1},
        lambda body: body | {"expiresAfter": NONCE + 1},
        lambda body: body | {"action": orders(order("110002"))},
        lambda body: body | {"action": orders(order("110001", buy=False))},
    ],
)
def test_whatever_is_changed_after_signing_belongs_to_nobody(change: Any) -> None:
    body = signed(orders(order("110001")), NONCE)
    assert signer(body) == USER and signer(change(body)) != USER


def test_a_trailing_zero_or_another_order_of_fields_breaks_the_signature_as_on_the_real_venue() -> None:
    plain = order("110001")
    shuffled = {key: plain[key] for key in reversed(plain)}
    assert signer(signed(orders(order("110001.0")), NONCE)) != USER
    assert signer(signed(orders(order("110001", "0.010")), NONCE)) != USER
    assert signer(signed(orders(shuffled), NONCE)) != USER
    assert signer(signed(orders(order("110001", cloid="0x" + "AB" * 16)), NONCE)) != USER


@pytest.mark.parametrize("v", [0, 26, 29])
def test_what_is_no_signature_is_nobodys(v: int) -> None:
    body = signed(orders(order("5")), NONCE)
    assert signer(body | {"signature": body["signature"] | {"v": v}}) is None
    assert signer(body | {"signature": {"r": "0x00", "s": "zz", "v": 27}}) is None
    assert signer(body | {"signature": {"r": "0x00", "s": "0x00", "v": 27}}) is None
    assert signer(body | {"signature": {"r": "0x" + "ff" * 33, "s": "0x01", "v": 27}}) is None


def test_keys_are_of_this_test_alone() -> None:
    assert address_of(KEY) == USER != AGENT
