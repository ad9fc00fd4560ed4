"""Who may do what: key header, HMAC signature over the raw parameters, time within its window. HMAC alone."""

from __future__ import annotations

import hashlib
import hmac
import re

from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal, missing

DEFAULT_WINDOW_MS, MOST_WINDOW_MS, AHEAD_MS = 5_000, 60_000, 1_000
_SIGNATURE = re.compile(r"&?signature=([^&]*)$")


class Access:
    """One key pair. `withdraws` is what the key's restrictions say."""

    def __init__(self, key: str, secret: str, withdraws: bool = False) -> None:
        self.key, self._secret, self.withdraws = key, secret.encode(), withdraws
        self.refused: dict[int, int] = {}  # code -> how often

    def check_key(self, key: str | None) -> None:
        """The header X-MBX-APIKEY. Raises Refusal."""
        if not key:
            raise self._no(-2014, "API-key format invalid.", 401)
        if not hmac.compare_digest(key.encode(), self.key.encode()):
            raise self._no(-2015, "Invalid API-key, IP, or permissions for action.", 401)

    def check(self, key: str | None, params: Params, now_ms: int) -> None:
        """A signed request. Raises Refusal: key, then signature, then time."""
        self.check_key(key)
        found = _SIGNATURE.search(params.raw)
        if found is None:
            raise missing("signature")
        self._check_signature(params.raw[: found.start()], found[1])
        self.check_time(params, now_ms)

    def check_sorted(self, params: Params, now_ms: int) -> None:
        """The order socket signs its parameters in the order of their names. Raises Refusal."""
        self.check_key(params.values.get("apiKey"))
        given = params.text("signature")
        names = sorted(name for name in params.values if name != "signature")
        self._check_signature("&".join(f"{name}={params.values[name]}" for name in names), given)
        self.check_time(params, now_ms)

    def _check_signature(self, payload: str, given: str) -> None:
        wanted = hmac.new(self._secret, payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._no(-1022, "Signature for this request is not valid.")

    def check_time(self, params: Params, now_ms: int) -> None:
        """The bounded lifetime of a request: what arrives later than its window is refused."""
        window, sent = params.whole("recvWindow", DEFAULT_WINDOW_MS), params.whole("timestamp")
        if not 0 < window <= MOST_WINDOW_MS:
            raise self._no(-1131, "recvWindow must be less than 60000.")
        if sent >= now_ms + AHEAD_MS:
            raise self._no(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now_ms - sent > window:
            raise self._no(-1021, "Timestamp for this request is outside of the recvWindow.")

    def _no(self, code: int, text: str, status: int = 400) -> Refusal:
        self.refused[code] = self.refused.get(code, 0) + 1
        return Refusal(code, text, status)
