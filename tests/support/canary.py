"""A secret that must not be found, and the finder: raw, base64, hex, URL and JSON forms (R-X2)."""

from __future__ import annotations

import base64
import json
import random
import string
import urllib.parse

LETTERS = string.ascii_letters + string.digits + "+/="


def secret_of(seed: int) -> str:
    """40 characters, some of which change in a URL and in base64."""
    made = "".join(random.Random(seed).choices(LETTERS, k=36))
    return f"k/{made}+Z"


def forms(secret: str) -> list[str]:
    """How a secret may stand in a text."""
    raw = secret.encode()
    return [
        secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), urllib.parse.quote(secret),
        _small_percent(secret),
        raw.hex(), raw.hex().upper(), json.dumps(secret)[1:-1], secret.replace("/", r"\/"),
        *(base64.b64encode(lead + raw).decode() for lead in (b"", b"a", b"ab", b"user:")),
        *(base64.urlsafe_b64encode(lead + raw + b"tail").decode() for lead in (b"", b"a", b"ab")),
    ]  # fmt: skip


def _small_percent(secret: str) -> str:
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in secret)


def leaks(text: str, secret: str) -> list[str]:
    """Every form of the secret, or its inner part in base64, that stands in the text; letter case of hex ignored."""
    raw = secret.encode()
    whole = [secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), _small_percent(secret)]
    whole += [secret.replace("/", r"\/"), json.dumps(secret)[1:-1]]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole += [encode(b"\0" * lead + raw).decode()[4:-4] for lead in range(3)]
    hits = [form for form in whole if form in text]
    return hits + ([raw.hex()] if raw.hex() in text.lower() else [])
