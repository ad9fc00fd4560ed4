"""A log on a disk that refuses (R-S1): lines are lost from the file, told once in the ring, never on the terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from core.guard.redact import Redactor
from core.telemetry.logs import Log


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_costs_lines_of_the_file_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log(tmp_path / "logs", Redactor())
    file = log._handlers[1]
    file.stream.close()  # type: ignore[attr-defined]
    file.stream = Full()  # type: ignore[attr-defined]
    for n in range(5):
        log.say("test", f"line {n}")
    rows = [row.text for row in log.ring.rows()]
    log.close()
    assert [text for text in rows if text.startswith("line")] == [f"line {n}" for n in range(5)]
    assert sum("No space left" in text for text in rows) == 1
    assert capsys.readouterr().err == ""
