"""Takes secrets out of text before it is written or shown: known ones in every common form, and what looks like one.

`PROCESS` knows the secrets of this process and is the one global of its kind: a key is the same secret in the log, in
an alert, in a traceback and on stderr, so every `Redactor` covers what `PROCESS` remembers, and no sink can be built
without it. Values stay in memory and are never printed (R-X2).
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

MASK = "[redacted]"
SHORTEST = 6  # a shorter secret would blank out ordinary words
LINE = 16  # a line of a key in PEM form counts as a secret of its own from here on
LOOKS_SECRET = re.compile(
    r"(?i)(?<![a-z0-9])(signature|sign|api[-_]?key|apikey|secret|passphrase|password|authorization|token|private[-_]?key|listenkey"
    r"|x-mbx-apikey|ok-access-(?:key|sign|passphrase)|x-bapi-(?:sign|api-key))"
    r"([\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)([^\s\"'&,;}\])]{4,})"
)
IN_PATH = re.compile(r"(?i)(wss?://[^\s\"']*?/)[a-z0-9]{40,}")  # a listen key as the last part of a stream's address
HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2}){16,})")


class Redactor:
    """`remember` every secret before it is used; `clean` is then idempotent and safe to call on any text and thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: tuple[tuple[str, ...], re.Pattern[str] | None] = ((), None)  # one value: swapped at once
        for secret in secrets:
            self.remember(secret)

    def remember(self, secret: str) -> None:
        """Hide a secret from now on: raw, URL, JSON, base64 (any alignment), hex. ValueError for a short one."""
        if len(secret) < SHORTEST:
            raise ValueError(f"Expected a secret of at least {SHORTEST} characters, was a shorter one")
        found = set(self._known[0])
        for part in {secret, *(line for line in secret.split() if len(line) >= LINE)}:
            found |= {form for form in _forms(part) if len(form) >= SHORTEST}
        forms = tuple(sorted(found, key=lambda form: (-len(form), form)))  # longest first: no rest stays behind
        self._known = (forms, re.compile("|".join(map(re.escape, forms))))

    def clean(self, text: str) -> str:
        """The text without secrets."""
        if self is not PROCESS:
            text = PROCESS._without_known(text)
        text = self._without_known(text)
        if ":" in text or "=" in text:
            text = LOOKS_SECRET.sub(lambda m: m.group(1) + m.group(2) + MASK, text)
            text = IN_PATH.sub(lambda m: m.group(1) + MASK, text)
        return text

    def _without_known(self, text: str) -> str:
        forms, pattern = self._known
        if pattern is not None and any(form in text for form in forms):
            return pattern.sub(MASK, text)
        return text

    def __repr__(self) -> str:
        return "Redactor()"


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    for escaped in (urllib.parse.quote(raw, safe=""), urllib.parse.quote_plus(raw), urllib.parse.quote(raw)):
        yield escaped
        yield re.sub("%[0-9A-F]{2}", lambda m: m.group().lower(), escaped)
    yield from (repr(secret)[1:-1], json.dumps(secret)[1:-1], secret.replace("/", r"\/"))
    yield from _of_bytes(raw)
    key = HEX.fullmatch(secret)
    if key is not None:  # a private key: with and without 0x, and what libraries make of it
        digits = key.group(1)
        yield from (digits, digits.lower(), digits.upper(), str(int(digits, 16)))
        yield from _of_bytes(bytes.fromhex(digits))


def _of_bytes(raw: bytes) -> Iterator[str]:
    """Hex and base64, also inside a longer base64 text: then only the characters that this secret alone decides."""
    yield from (raw.hex(), raw.hex().upper())
    for lead in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * lead + raw).decode().rstrip("=")
            first = (lead * 8 + 5) // 6  # characters that mix with what stands before
            last = len(text) - (1 if (lead + len(raw)) % 3 else 0)
            if last - first >= SHORTEST:
                yield text[first:last]


PROCESS = Redactor()
