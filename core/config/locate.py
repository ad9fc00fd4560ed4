"""Where configuration lies: the profiles and venue files packaged with the program, and the operator's own beside them.

A path always wins over a name. Reads no file, only finds it.
"""

from __future__ import annotations

import difflib
import importlib.resources
import os
import pathlib

from core.domain.errors import ConfigError

DEFAULT = "paper"
EXTRA = "PERP_VENUE_DIR"  # a folder of the operator's own venue files, looked at first


def config_dir() -> pathlib.Path:
    """The folder `configs` of the program."""
    return pathlib.Path(str(importlib.resources.files("configs")))


def profiles() -> dict[str, pathlib.Path]:
    """Name -> file of every packaged profile, by name."""
    return {path.name.removesuffix(".yml"): path for path in sorted(config_dir().glob("*.yml"))}


def profile_path(name_or_path: str | os.PathLike[str] | None = None) -> pathlib.Path:
    """The file of a profile: an existing path, else a packaged name such as `paper`. None: the default, `paper`.

    Raises ConfigError naming the profiles there are.
    """
    text = os.fspath(name_or_path) if name_or_path is not None else DEFAULT
    path = pathlib.Path(text).expanduser()
    if path.is_file():
        return path
    known = profiles()
    looks_like_path = os.sep in text or text.endswith((".yml", ".yaml"))
    if not looks_like_path and text in known:
        return known[text]
    if text and path.is_dir():
        raise ConfigError(f"Expected a config file, was the folder {text}")
    near = difflib.get_close_matches(path.name.removesuffix(".yaml").removesuffix(".yml"), known, 1, 0.6)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise ConfigError(f"Expected a config file or one of {', '.join(known)}, was {text!r}{meant}")


def venue_dirs(environ: dict[str, str] | None = None) -> tuple[pathlib.Path, ...]:
    """Folders of venue files, first one wins: `PERP_VENUE_DIR` where it is set, then the packaged ones."""
    own = (environ if environ is not None else os.environ).get(EXTRA, "")
    packaged = config_dir() / "venues"
    if not own:
        return (packaged,)
    folder = pathlib.Path(own).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"Expected a folder of venue files in {EXTRA}, was {own!r}")
    return (folder, packaged)
