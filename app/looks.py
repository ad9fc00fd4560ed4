"""Options of a console as the configuration of a launch says: keys, palette, refresh, double press."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from app.audit_process import AuditProcess, journals_in
from app.built import built
from app.exporting import export_to
from app.options import Options

if TYPE_CHECKING:
    from core.control.launch import Launch


def options_of(launch: Launch, settings: Any = None, **more: Any) -> Options:
    """`settings`: the `console:` section, read from the launch's configuration where not given. Raises ConfigError."""
    looks = built("console_settings")(launch) if settings is None else settings
    for name in ("COLUMNS", "LINES"):  # a size that a shell exported once is no size: the terminal is asked
        os.environ.pop(name, None)
    return Options(
        who=launch.who,
        keys=looks.keys,
        palette="" if looks.palette == "default" else looks.palette,
        hz=looks.refresh_hz,
        double_press_flattens=looks.double_press_flattens,
        export=export_to(launch.state_dir),
        audit=AuditProcess,
        journals=journals_in(launch.state_dir),
        **more,
    )
