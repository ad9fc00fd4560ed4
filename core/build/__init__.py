"""The composition root: configuration to a running core. Headless: never imports a screen, loads heavy parts late.

What the command line calls: each function is imported from its own module when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "backtest": "backtest",
    "run_core": "session",
    "console_settings": "session",
    "replay": "replaying",
    "stops": "stop_again",
    "rejects": "refusals",
    "check": "checking",
    "effective_config": "checking",
    "Serving": "serving",
    "serve": "serving",
    "fault_kinds": "serving",
    "record": "recording",
    "RecordWish": "recording",
    "recording_line": "recording",
    "Narration": "demo",
    "pair_demo": "demo",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"core.build.{_WHERE[name]}"), name)
