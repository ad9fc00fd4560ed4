"""What every command shares: the global options, the state dir they name, and how results are printed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer


@dataclass(frozen=True)
class Globals:
    """The global options as typed."""

    state_dir: Path | None = None
    report_dir: Path | None = None
    metrics_port: int | None = None
    json: bool = False

    @property
    def state(self) -> Path:
        """The state dir, not yet made."""
        from app.session import state_folder

        return state_folder(self.state_dir)

    @property
    def reports(self) -> Path:
        """The report dir, not yet made."""
        return self.report_dir.absolute() if self.report_dir is not None else self.state / "reports"

    def launch(self, **changes: Any) -> Any:
        """A `Launch` of these options with the given fields."""
        from core.control.launch import Launch
        from core.guard.process import operator

        return Launch(
            state_dir=self.state, report_dir=self.reports, metrics_port=self.metrics_port, json=self.json,
            who=operator(), **changes,
        )  # fmt: skip

    def show(self, body: dict[str, Any], text: str | None = None, code: int = 0) -> None:
        """Print one result, as JSON or as text, and leave with the code when it is not 0."""
        if self.json:
            print(as_json(body))
        else:
            print(as_text(body) if text is None else text)
        sys.stdout.flush()
        if code:
            raise typer.Exit(code)


def as_json(body: Any) -> str:
    """One line; NaN and infinity become null."""
    import msgspec

    return msgspec.json.encode(body, enc_hook=str).decode()


def as_text(body: dict[str, Any], indent: str = "") -> str:
    """Plain values as `name: value` lines, nested ones indented, control characters replaced."""
    lines = []
    for key, value in body.items():
        name = str(key).replace("_", " ")
        if isinstance(value, dict) and value:
            lines += [f"{indent}{name}:", as_text(value, indent + "  ")]
        elif isinstance(value, list | tuple) and value:
            lines.append(f"{indent}{name}:")
            for item in value:
                shown = ", ".join(f"{k} {clean(v)}" for k, v in item.items()) if isinstance(item, dict) else clean(item)
                lines.append(f"{indent}  {shown}")
        else:
            lines.append(f"{indent}{name}: {clean(value)}")
    return "\n".join(lines)


def clean(value: Any) -> str:
    """A value for a terminal: unknown is `--`, no escape sequence survives."""
    if value is None:
        return "--"
    if value is True or value is False:
        return "yes" if value else "no"
    if value in ([], {}, (), ""):
        return "none"
    return "".join(c if c.isprintable() else "?" for c in str(value))
