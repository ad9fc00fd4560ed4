"""The keys of a real venue under ccxt's names, read-only and trading ones apart (S4-83, S3-30).

Owns which fields a venue needs and which variable holds each. Every value is made known to the redactor before anything
can fail; no message, repr or dump ever holds one. Where values lie is `secret_sources`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from core.config.secret_sources import Redacting, command_lines, file_lines, keyring_value
from core.config.settings import Keys, Settings
from core.domain.errors import Refused

Right = Literal["trade", "read"]
Look = Callable[[str], str | None]

VARIABLES = {
    "apiKey": "API_KEY", "secret": "SECRET", "password": "PASSWORD", "privateKey": "PRIVATE_KEY",
    "walletAddress": "WALLET_ADDRESS", "accountIndex": "ACCOUNT_INDEX", "apiKeyIndex": "API_KEY_INDEX",
}  # fmt: skip
# venue -> what is enough, in order of preference
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "binance_usdm": (("apiKey", "secret"),),
    "bybit": (("apiKey", "secret"),),
    "okx": (("apiKey", "secret", "password"),),
    "hyperliquid": (("privateKey", "walletAddress"),),
    "lighter": (("privateKey", "accountIndex", "apiKeyIndex"),),
    "grvt": (("privateKey",), ("apiKey", "secret")),
}
NEEDS_TO_READ: dict[str, tuple[tuple[str, ...], ...]] = {"hyperliquid": (("walletAddress",),)}  # accounts are public
ORDER: dict[Right, tuple[str, ...]] = {"trade": ("TRADE_", ""), "read": ("READ_", "", "TRADE_")}
OF_THE_ACCOUNT = ("walletAddress", "accountIndex")  # not of a key: may stand once for reading and trading
PUBLIC = {
    "walletAddress": (re.compile(r"0x[0-9a-fA-F]{40}"), "0x and 40 hex digits"),
    "accountIndex": (re.compile(r"[0-9]{1,18}"), "a whole number"),
    "apiKeyIndex": (re.compile(r"[0-9]{1,18}"), "a whole number"),
}
SECRET = re.compile(r"_(API_KEY|SECRET|PASSWORD|PASSPHRASE|PRIVATE_KEY|TOKEN)$")
SHORTEST = 6  # as in core.guard.redact: what is shorter can be neither a key nor hidden
GATEWAY_VENUE = "binance_usdm"  # whose keys may stand in `gateway:` (S3-30)


@dataclass(frozen=True)
class Found:
    """What one venue has for one right. `fields`: each that is needed, whether it is there; `missing`: variables."""

    venue: str
    right: Right
    where: str
    values: dict[str, SecretStr]
    fields: dict[str, bool]
    missing: tuple[str, ...]
    next_step: str


@dataclass(frozen=True)
class _Source:
    """Where to look, how to say so, and what a person does about a missing variable. `called`: other names of some."""

    look: Look
    where: str
    step: Callable[[str], str]
    called: Mapping[str, str]


def credentials(
    settings: Settings, venue: str, right: Right, environ: Mapping[str, str], redactor: Redacting
) -> dict[str, SecretStr]:
    """The keys of a venue as ccxt names them (lighter: accountIndex and apiKeyIndex, too), known to the redactor.

    A trading key under TRADE_NAME_... wins over NAME_..., a reading one under READ_NAME_...; reading takes the trading
    key only where there is no other. Raises Refused naming what is missing, where it was looked for, the next step.
    """
    found = find(settings, venue, right, environ, redactor)
    if found.missing:
        names = " and ".join(found.missing)
        raise Refused(f"{venue}: Expected {names} to {right} there, found none in {found.where}; {found.next_step}")
    return found.values


def find(settings: Settings, venue: str, right: Right, environ: Mapping[str, str], redactor: Redacting) -> Found:
    """As `credentials`, but a missing key stands in the answer. Raises Refused for a source that cannot be used, and
    for a value that cannot be a key."""
    if venue not in NEEDS:
        raise Refused(f"Expected one of {', '.join(NEEDS)} for keys, was {venue}; it cannot be traded live")
    needs = NEEDS_TO_READ.get(venue, NEEDS[venue]) if right == "read" else NEEDS[venue]
    for stated in (settings.gateway.api_key, settings.gateway.api_secret):
        if stated is not None:
            _hide(stated.get_secret_value(), redactor)  # they lie in memory whoever uses them
    keys = own_keys(settings, venue)
    name = re.sub(r"[^A-Z0-9]", "_", ((keys.name if keys else "") or venue).upper())
    source = _source(keys, settings, venue, name, environ, redactor)
    seen: dict[str, str] = {}

    def look(prefix: str, field: str) -> str:
        variable = f"{prefix}{name}_{VARIABLES[field]}"
        if variable not in seen:
            seen[variable] = (source.look(variable) or "").strip()
            if field not in PUBLIC:
                _hide(seen[variable], redactor)
        return seen[variable]

    needed, prefix = _chosen(needs, ORDER[right], look)
    values: dict[str, SecretStr] = {}
    missing: list[str] = []
    for field in needed:
        variable = f"{prefix}{name}_{VARIABLES[field]}"
        value = look(prefix, field)
        if not value and field in OF_THE_ACCOUNT:
            value = next(filter(None, (look(other, field) for other in ORDER[right])), "")
        if value:
            _check(field, source.called.get(variable, variable), value)
            values[field] = SecretStr(value)
        else:
            missing.append(source.called.get(variable, variable))
    there = {field: field in values for field in needed}
    step = source.step(missing[0]) if missing else ""
    return Found(venue, right, source.where, values, there, tuple(missing), step)


def own_keys(settings: Settings, venue: str) -> Keys | None:
    """The `keys:` of the venue's own section, None where it has none."""
    access = settings.venues.get(venue)
    return access.keys if access is not None and "keys" in access.model_fields_set else None


def _chosen(
    needs: tuple[tuple[str, ...], ...], prefixes: tuple[str, ...], look: Callable[[str, str], str]
) -> tuple[tuple[str, ...], str]:
    """Which fields, under which prefix: the first prefix with any field of a key, and under it the first set that is
    whole. Half a key never borrows its other half from another prefix: those are two keys.
    """
    for prefix in prefixes:
        there = {field for fields in needs for field in _of_a_key(fields) if look(prefix, field)}
        if there:
            whole = (fields for fields in needs if there.issuperset(_of_a_key(fields)))
            return next(whole, max(needs, key=lambda fields: len(there.intersection(fields)))), prefix
    return needs[0], ""


def _of_a_key(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Without what belongs to the account, unless there is nothing else."""
    return tuple(field for field in fields if field not in OF_THE_ACCOUNT) or fields


def _hide(value: str, redactor: Redacting) -> None:
    if len(value) >= SHORTEST:
        redactor.remember(value)


def _source(
    keys: Keys | None, settings: Settings, venue: str, name: str, environ: Mapping[str, str], redactor: Redacting
) -> _Source:
    if keys is None and venue == GATEWAY_VENUE:
        return _gateway(settings, name, environ)
    keys = keys or Keys()
    if keys.source == "env":
        return _Source(environ.get, "the environment", lambda v: _SET.format(v=v, venue=venue), {})
    if keys.source == "keyring":
        service = keys.name or venue
        return _Source(
            lambda variable: keyring_value(service, variable, keys.timeout_s),
            f"the keyring under {service}",
            lambda v: f"run: keyring set {service} {v}",
            {},
        )
    if keys.source == "file":
        lines, where = file_lines(keys.file), keys.file
        step = f"add a line of that name to {keys.file}"
    else:
        lines = command_lines(keys.command, keys.timeout_s, environ, redactor)
        where, step = f"the output of {keys.command[0]}", f"make {keys.command[0]} print a line of that name"
    for variable, value in lines.items():
        if SECRET.search(variable):
            _hide(value, redactor)
    return _Source(lines.get, where, lambda _: step, {})


_SET = (
    "set {v} in the environment, or put the lines into a file of mode 0600 and name it: "
    "venues.{venue}.keys: {{source: file, file: /full/path}}"
)


def _gateway(settings: Settings, name: str, environ: Mapping[str, str]) -> _Source:
    """`gateway:` stands for the plain names; keys for one right alone come from the environment all the same."""
    gateway = settings.gateway
    stated = {f"{name}_API_KEY": gateway.api_key, f"{name}_SECRET": gateway.api_secret}
    if not any(stated.values()):
        return _Source(
            environ.get,
            "gateway: of the configuration and the environment",
            lambda v: f"{_SET.format(v=v, venue=GATEWAY_VENUE)}, or set the variables that gateway: names",
            {},
        )

    def look(variable: str) -> str | None:
        if variable in stated:
            value = stated[variable]
            return value.get_secret_value() if value is not None else None
        return environ.get(variable)

    return _Source(
        look,
        "gateway: of the configuration",
        lambda v: f"write ${{NAME}} for {v} and set the variable NAME in the environment",
        {f"{name}_API_KEY": "gateway.apiKey", f"{name}_SECRET": "gateway.apiSecret"},
    )


def _check(field: str, variable: str, value: str) -> None:
    """Refuses what cannot be such a value, without showing it."""
    if field in PUBLIC:
        if not PUBLIC[field][0].fullmatch(value):
            raise Refused(f"Expected {PUBLIC[field][1]} for {variable}, was something else (not shown)")
        return
    if len(value) < SHORTEST:
        raise Refused(f"Expected a key for {variable}, was too short to be one (not shown)")
    if not value.isascii() or (" " in value and field != "password" and "PRIVATE KEY" not in value):
        raise Refused(f"Expected a key for {variable}, was text with blanks or letters no key has (not shown)")
