"""A loopback venue as a process of its own, and the profile and keys by which a live core reaches it."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.process.running import hear, running
from tests.rehearsal.stage import STAGES, config_of

HYPERLIQUID_KEYS = {"PRIVATE_KEY": "privateKey", "WALLET_ADDRESS": "walletAddress"}


@dataclass
class Served:
    """`config` names it; `keys` are variables of the environment."""

    url: str
    port: int
    config: Path
    keys: dict[str, str]

    @property
    def words(self) -> tuple[str, ...]:
        """The command line's words for a live core there."""
        return "--mode", "live", "--config", str(self.config)

    def books(self) -> dict[str, Any]:
        """The venue's own books."""
        with urllib.request.urlopen(f"{self.url}/_venue/books", timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def open(self) -> list[dict[str, Any]]:
        return [order for order in self.books()["orders"] if order["status"] == "open"]

    def fault(self, **rule: Any) -> None:
        """One more fault from now on."""
        self._post("fault", rule)

    def _post(self, name: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(f"{self.url}/_venue/{name}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


@contextlib.contextmanager
def served(folder: Path, dialect: str = "binance_usdm", *more: str) -> Iterator[Served]:
    """The venue, until the block ends."""
    words = ("-m", "app", "--state-dir", str(folder / "venue"), "--json", "venue", "serve", "--dialect", dialect, *more)
    with running(*words) as child:
        told = hear(child)
        account = told["account"]
        if dialect == "binance_usdm":
            keys = {"BINANCE_USDM_API_KEY": account["apiKey"], "BINANCE_USDM_SECRET": account["secret"]}
        else:
            keys = {f"HYPERLIQUID_{name}": account[key] for name, key in HYPERLIQUID_KEYS.items()}
        config = folder / "live.yml"
        config.write_text(config_of(STAGES[dialect], told["url"], 1), encoding="utf-8")
        yield Served(told["url"], int(told["url"].rpartition(":")[2]), config, keys)
