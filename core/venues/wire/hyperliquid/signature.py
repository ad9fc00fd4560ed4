"""Whose signature is on an action: EIP-712 over the phantom agent of the action's hash, recovered to an address.

hash = keccak(msgpack(action) + nonce + vault flag + expiry); signed is Agent(source a | b, connectionId = hash) in the
domain Exchange, version 1, chain 1337. Knows no account and no nonce rule.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from core.venues.wire.hyperliquid.keccak import keccak256
from core.venues.wire.hyperliquid.shapes import Action, Signature

MAINNET, TESTNET = "a", "b"
_DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_AGENT = b"Agent(string source,bytes32 connectionId)"
_pack = msgspec.msgpack.Encoder()


def action_hash(action: Action, nonce: int, vault: str | None, expires_after: int | None) -> bytes:
    """32 bytes. `nonce` and `expires_after` in ms."""
    data = _pack.encode(action) + nonce.to_bytes(8, "big")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault.removeprefix("0x"))
    if expires_after is not None:
        data += b"\x00" + expires_after.to_bytes(8, "big")
    return keccak256(data)


@lru_cache(maxsize=2)
def _domain() -> bytes:
    fields = keccak256(b"Exchange") + keccak256(b"1") + (1337).to_bytes(32, "big") + bytes(32)
    return keccak256(keccak256(_DOMAIN) + fields)


@lru_cache(maxsize=2)
def _agent(source: str) -> bytes:
    return keccak256(_AGENT) + keccak256(source.encode())


def digest(connection_id: bytes, source: str) -> bytes:
    """What is signed, 32 bytes."""
    return keccak256(b"\x19\x01" + _domain() + keccak256(_agent(source) + connection_id))


@lru_cache(maxsize=256)
def _address(public_key: bytes) -> str:
    return "0x" + keccak256(public_key)[-20:].hex()


def address_of(private_key: str) -> str:
    """The account of a private key (hex), lower case."""
    from coincurve import PrivateKey

    return _address(PrivateKey.from_hex(private_key.removeprefix("0x")).public_key.format(compressed=False)[1:])


def signer_of(message: bytes, signature: Signature) -> str | None:
    """The address that signed the digest, lower case; None where the signature is none at all."""
    from coincurve import PublicKey

    try:
        r, s = (bytes.fromhex(part.removeprefix("0x").rjust(64, "0")) for part in (signature.r, signature.s))
        if len(r) != 32 or len(s) != 32 or signature.v not in (27, 28):
            return None
        key = PublicKey.from_signature_and_message(r + s + bytes([signature.v - 27]), message, hasher=None)
    except ValueError:
        return None
    return _address(key.format(compressed=False)[1:])
