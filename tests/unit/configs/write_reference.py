"""Writes the generated part of docs/configuration.md: `python -m tests.unit.configs.write_reference`."""

from __future__ import annotations

import pathlib

from core.config.locate import profile_path
from core.config.reference import inserted, reference
from tests.unit.configs.schemas import SCHEMAS

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "configuration.md"


def page() -> str:
    """The page as it should be."""
    profiles = [profile_path("round7"), profile_path("pair_lock")]
    return inserted(PAGE.read_text(encoding="utf-8"), reference(SCHEMAS, profiles))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
