"""The fast hash under ccxt's signatures: the same bytes, checked before it is used, and left alone when it is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import ccxt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.venues.ccxt.catalogue import traits_of
from core.venues.ccxt.keccak import PLACES, _get, bound, c_keccak, is_slow, quicken, stock_hash
from core.venues.wire.hyperliquid.keccak import keccak256

SEED = 20_261_121
stock = stock_hash()


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Each test begins with ccxt's own hash and leaves no other behind than it found."""
    with bound(stock):
        yield


def actions() -> list[dict[str, Any]]:
    """A hundred order actions, as Hyperliquid's batches are."""
    dice = np.random.default_rng(SEED)
    made = []
    for _ in range(100):
        orders = [
            {
                "a": int(dice.integers(0, 200)), "b": bool(dice.integers(0, 2)), "p": f"{dice.integers(1, 10**6)}",
                "s": f"0.{dice.integers(1, 10**5):05d}", "r": False, "t": {"limit": {"tif": "Alo"}},
                "c": "0x" + dice.bytes(16).hex(),
            }
            for _ in range(int(dice.integers(1, 9)))
        ]  # fmt: skip
        made.append({"type": "order", "orders": orders, "grouping": "na"})
    return made


@given(st.binary(max_size=600))
def test_the_hash_is_keccak_and_not_sha3(data: bytes) -> None:
    """Against our own plain one, which has the padding of Ethereum."""
    assert bytes(c_keccak(data)) == keccak256(data)


def test_a_hundred_signatures_are_the_same_bytes_and_cost_less() -> None:
    signer = ccxt.hyperliquid({"privateKey": "0x" + "22" * 32})
    asked, took, found = actions(), [], []
    for function in (stock, c_keccak):
        with bound(function):
            signer.sign_l1_action(asked[0], 1_700_000_000_000)
            begun = time.perf_counter()
            found.append([signer.sign_l1_action(action, 1_700_000_000_000 + k) for k, action in enumerate(asked)])
            took.append(time.perf_counter() - begun)
    assert found[0] == found[1]
    assert len({signature["r"] for signature in found[0]}) == 100
    print(f"seed {SEED}: {took[0] * 10:.2f} ms -> {took[1] * 10:.2f} ms a signature, ratio {took[0] / took[1]:.1f}")


def test_quicken_rebinds_every_place_once_it_was_checked() -> None:
    assert is_slow()
    assert quicken() == "" and not is_slow()
    assert all(_get(place) is c_keccak for place in PLACES)
    assert quicken() == ""


def test_a_fast_one_that_is_already_there_is_left_alone() -> None:
    """Python's own OpenSSL has it from 3.2 on, and ccxt uses that."""

    def theirs(data: Any) -> bytearray:
        return c_keccak(data)

    with bound(theirs):
        assert quicken() == ""
        assert all(_get(place) is theirs for place in PLACES)


def raising(_data: Any) -> bytearray:
    raise OSError("cannot load the native module")


def sha3(data: Any) -> bytearray:
    import hashlib

    return bytearray(hashlib.sha3_256(bytes(data)).digest())


def wrong_when_long(data: Any) -> bytearray:
    return c_keccak(data) if len(data) < 272 else c_keccak(bytes(data)[:-1])


@pytest.mark.parametrize(("fast", "word"), [(sha3, "0 bytes"), (wrong_when_long, "272 bytes"), (raising, "OSError")])
def test_a_wrong_one_is_not_used_and_the_operator_hears_of_it(fast: Any, word: str) -> None:
    said = quicken(fast)
    assert word in said and "slow" in said
    assert all(_get(place) is stock for place in PLACES)


def test_a_hash_that_is_right_but_signs_otherwise_is_not_used() -> None:
    """What is checked last is a whole signature: here the messages are hashed as ever, an action's bytes are not."""

    def sometimes(data: Any) -> bytearray:
        return c_keccak(bytes(data) + b"x" if b"cancelByCloid" in bytes(data) else data)

    assert "signature" in quicken(sometimes)
    assert all(_get(place) is stock for place in PLACES)


@pytest.mark.parametrize("name", ["hyperliquid", "grvt"])
def test_the_venues_that_sign_with_it_prepare_it(name: str) -> None:
    assert traits_of(name).prepare() == "" and not is_slow()


def test_the_other_venues_touch_nothing() -> None:
    assert [traits_of(name).prepare() for name in ("binance_usdm", "bybit", "okx", "lighter")] == [""] * 4
    assert is_slow()


def test_the_places_in_ccxt_are_where_they_were() -> None:
    """An upgrade that moves one fails here by name."""
    from ccxt.static_dependencies import keccak

    assert all(callable(_get(place)) for place in PLACES)
    assert keccak._pure_python_sha3 is stock
