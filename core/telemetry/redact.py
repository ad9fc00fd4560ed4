"""Takes secrets out of text before it is written or shown: known ones in every common form, and what looks like one.

Knows values only through `learn`; keeps them in memory of this process and never prints them.
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Iterable

MASK = "[redacted]"
SHORTEST = 6  # a shorter secret would blank out ordinary words
LOOKS_SECRET = re.compile(
    r"(?i)(?<![a-z0-9])(signature|sign|api[-_]?key|apikey|secret|passphrase|password|authorization|token|private[-_]?key|listenkey"
    r"|x-mbx-apikey|ok-access-(?:key|sign|passphrase)|x-bapi-(?:sign|api-key))"
    r"([\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)([^\s\"'&,;}\])]{4,})"
)


class Redactor:
    """`learn` every secret at start; `clean` is then idempotent and safe to call on any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Remember a secret: raw, URL, base64 (any alignment) and hex. ValueError for a short one."""
        if len(secret) < SHORTEST:
            raise ValueError(f"Expected a secret of at least {SHORTEST} characters, was {len(secret)}")
        raw = secret.encode()
        forms = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), raw.hex(),
                 raw.hex().upper(), repr(secret)[1:-1], secret.replace("/", r"\/")}  # fmt: skip
        for lead in range(3):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                text = encode(b"\0" * lead + raw).decode().rstrip("=")
                first = (lead * 8 + 5) // 6  # characters that mix with what stands before
                last = len(text) - (1 if (lead + len(raw)) % 3 else 0)
                if last - first >= SHORTEST:
                    forms.add(text[first:last])
        self._forms |= {form for form in forms if len(form) >= SHORTEST}
        longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def clean(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return LOOKS_SECRET.sub(lambda m: m.group(1) + m.group(2) + MASK, text)
