"""The keys of a recorded venue for commands that run without a config: `panic`, `position`, `watchdog`.

Owns no source itself (core.config.credentials does); every value is known to the redactor before it is used.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.control.venue_record import VenueRecord


def keys_of(record: VenueRecord) -> dict[str, str]:
    """Trading keys as ccxt names them. Raises Refused: what is missing, where it was looked for, the next step."""
    from core.config.credentials import credentials
    from core.guard.redact import PROCESS

    found = credentials(_settings(record), record.name, "trade", os.environ, PROCESS)
    return {name: value.get_secret_value() for name, value in found.items()}


def _settings(record: VenueRecord) -> Settings:
    """Settings that say where the keys lie and nothing else."""
    from core.config.settings import Gateway, Keys, Settings, VenueAccess

    keys = record.keys
    if keys.source == "config":
        from core.build.assemble import load_config

        return load_config(Path(keys.file), {}).settings
    said = Keys.model_validate(
        {
            "source": keys.source, "name": keys.name, "file": keys.file, "command": keys.command,
            "timeout_s": keys.timeout_s,
        }
    )  # fmt: skip
    access = VenueAccess(network="mainnet", keys=said)  # of these only the keys are read
    return Settings.model_construct(gateway=Gateway(), venues={record.name: access})
