"""The nonce rule: never used before, above the smallest of the signer's newest 100, within two days back, one ahead."""

from __future__ import annotations

from bisect import insort

KEPT = 100
BACK_MS, AHEAD_MS = 2 * 86_400_000, 86_400_000


class Nonces:
    """One list a signer."""

    def __init__(self) -> None:
        self._kept: dict[str, list[int]] = {}

    def take(self, signer: str, nonce: int, now_ms: int) -> str:
        """Use the nonce up; the refusal's text, or nothing."""
        if not now_ms - BACK_MS < nonce < now_ms + AHEAD_MS:
            return f"Invalid nonce: {nonce} is not within two days before and one day after {now_ms}"
        kept = self._kept.setdefault(signer, [])
        if nonce in kept:
            return f"Invalid nonce: duplicate nonce {nonce}"
        if len(kept) >= KEPT:
            if nonce < kept[0]:
                return f"Invalid nonce: {nonce} is below the smallest of the newest {KEPT}"
            kept.pop(0)
        insort(kept, nonce)
        return ""
