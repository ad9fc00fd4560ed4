"""A process that holds real keys and then comes to grief in every way that prints something.

usage: canary_holder.py ENDING FOLDER [--bare]      keys from BYBIT_API_KEY and BYBIT_SECRET; --bare: without our hooks
"""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import os
import resource
import sys
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import app.__main__ as entry
import app.built
from core import tasks
from core.config.credentials import credentials, find
from core.config.load import Loaded
from core.config.settings import Settings
from core.guard import crash
from core.guard.redact import PROCESS


def settings() -> Settings:
    return Settings.model_validate(
        {"strategies": ({"name": "mm", "kind": "asmm", "venue": "bybit", "symbol": "BTCUSDT"},)}
    )


def held() -> dict[str, str]:
    """The keys as ccxt gets them."""
    found = credentials(settings(), "bybit", "trade", os.environ, PROCESS)
    return {name: value.get_secret_value() for name, value in found.items()}


def words(keys: dict[str, str]) -> str:
    """The secret in each form that a message may have."""
    secret, raw = keys["secret"], keys["secret"].encode()
    url = f"https://127.0.0.1/order?api_key={urllib.parse.quote(keys['apiKey'])}&signature={'5eed' * 16}"
    basic = base64.b64encode(b"user:" + raw).decode()
    return f"planted {secret} {raw.hex()} {urllib.parse.quote_plus(secret)} {raw!r} Basic {basic} {url} end"


def broken() -> None:
    """A fault in a frame that holds the keys, with a cause and a note of the same kind."""
    keys = held()
    try:
        raise ValueError(words(keys))
    except ValueError as error:
        error.add_note(f"note: {keys}")
        raise RuntimeError(words(keys)) from error


def uncaught() -> None:
    print("core file limit", resource.getrlimit(resource.RLIMIT_CORE))
    broken()


def in_a_thread() -> None:
    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()


def in_a_task() -> None:
    async def fails() -> None:
        broken()

    async def main() -> None:
        tasks.spawn(fails(), "reported")
        forgotten = asyncio.get_running_loop().create_task(fails())
        await asyncio.sleep(0.01)
        del forgotten
        gc.collect()

    asyncio.run(main())


def unraisable() -> None:
    class Dying:
        keys = held()

        def __repr__(self) -> str:
            return f"Dying({self.keys})"

        def __del__(self) -> None:
            broken()

    Dying()
    gc.collect()


def logged_without_a_log() -> None:
    try:
        broken()
    except RuntimeError:
        logging.getLogger("ccxt.base").exception("request %s", words(held()))


def fault_of_ours() -> None:
    """As a command meets it: one message, exit 70."""
    app.built.built = lambda name: broken()  # type: ignore[assignment,return-value]
    sys.exit(entry.run(["--state-dir", sys.argv[2], "check"]))


def debugged() -> None:
    app.built.built = lambda name: broken()  # type: ignore[assignment,return-value]
    entry.main(["--state-dir", sys.argv[2], "--debug", "check"])


def console() -> None:
    from app.console import Console
    from tests.console.fabricated import FakeClient

    Console.on_mount = lambda self: broken()  # type: ignore[method-assign]
    if "--bare" in sys.argv:
        del Console._fatal_error
    Console(FakeClient(None)).run(headless=True)


def sinks() -> None:
    """Log, ring, alerts, and what the objects that hold keys say of themselves."""
    from core.guard.redact import Redactor
    from core.telemetry.alerts import Alerts
    from core.telemetry.logs import Log

    log, alerts, keys = Log(Path(sys.argv[2]) / "logs", Redactor()), Alerts(), held()
    try:
        broken()
    except RuntimeError:
        logging.getLogger("core").exception(words(keys))
    log.say(f"[{keys['secret']}]", words(keys), "crit", keys["secret"])
    log.say("[cut]", "x" * 7_990 + keys["secret"])
    alerts.add(1, "crit", "planted", words(keys))
    for row in (*log.ring.rows(), *alerts.rows()):
        print(row)
    log.close()


def objects() -> None:
    import ccxt

    from core.venues.ccxt.instances import Access

    config = settings()
    gateway = Settings.model_validate(
        {**config.model_dump(), "gateway": {"api_key": os.environ["BYBIT_API_KEY"], "api_secret": held()["secret"]}},
        strict=False,
    )
    found = find(config, "bybit", "trade", os.environ, PROCESS)
    loaded = Loaded(gateway, (), (), (), "f", {}, {}, "")
    exchange = ccxt.binanceusdm(held())
    for thing in (
        PROCESS, found, found.values, gateway, gateway.gateway, loaded, Access("mainnet", held()), exchange,
        gateway.model_dump(), gateway.model_dump_json(),
    ):  # fmt: skip
        print("planted", repr(thing), str(thing), f"{thing}", "end")
    signed = exchange.sign("order", ["fapiPrivate"], "POST", {"symbol": "BTCUSDT", "memo": held()["secret"]})
    assert held()["apiKey"] in str(signed) and "signature=" in str(signed)
    raise ccxt.ExchangeError(f"planted {signed} end")


ENDINGS: dict[str, Callable[[], Any]] = {
    each.__name__: each
    for each in (
        uncaught, in_a_thread, in_a_task, unraisable, logged_without_a_log, fault_of_ours, debugged, console, sinks,
        objects,
    )
}  # fmt: skip


if __name__ == "__main__":
    if "--bare" not in sys.argv:
        crash.install()
    ENDINGS[sys.argv[1]]()
