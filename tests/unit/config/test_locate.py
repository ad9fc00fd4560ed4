"""Where profiles and venue files are found."""

from __future__ import annotations

import pathlib

import pytest

from core.config.locate import config_dir, profile_path, profiles, venue_dirs
from core.domain.errors import ConfigError


def test_without_a_config_the_profile_is_paper() -> None:
    """UC-09."""
    assert profile_path() == profile_path("paper") == config_dir() / "paper.yml"


def test_a_path_wins_over_a_name(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "paper").write_text("mode: paper\n")
    monkeypatch.chdir(tmp_path)
    assert profile_path("paper").resolve() == tmp_path / "paper"
    assert profile_path(tmp_path / "paper") == tmp_path / "paper"


@pytest.mark.parametrize("name", ["papr", "configs/round8.yml", "round7.yaml", ""])
def test_an_unknown_profile_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match="paper"):
        profile_path(name)


def test_a_near_miss_is_named() -> None:
    with pytest.raises(ConfigError, match=r"did you mean round7_btc\?"):
        profile_path("round7btc")


def test_the_shipped_profiles_are_these() -> None:
    assert set(profiles()) >= {"paper", "round7", "round7_btc", "live.example"}


def test_the_operators_venue_folder_comes_first(tmp_path: pathlib.Path) -> None:
    assert venue_dirs({}) == (config_dir() / "venues",)
    assert venue_dirs({"PERP_VENUE_DIR": str(tmp_path)}) == (tmp_path, config_dir() / "venues")
    with pytest.raises(ConfigError, match="PERP_VENUE_DIR"):
        venue_dirs({"PERP_VENUE_DIR": str(tmp_path / "none")})
