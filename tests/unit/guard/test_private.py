"""X3: what may be read as a secret or a safety file. 12 cases of a file and a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.domain.errors import Refused
from core.guard.private import check_private, open_private, private_dir, replace_synced


def make(folder: Path, kind: str, case: str) -> tuple[Path, int | None]:
    path = folder / "thing"
    real = folder / "real" if case == "symlink" else path
    if (kind == "folder") != (case == "wrong kind"):
        real.mkdir(0o700)
    else:
        real.touch(0o600)
    base = 0o700 if kind == "folder" else 0o600
    modes = {"group may read": base | 0o040, "world may read": base | 0o004}
    real.chmod(modes.get(case, base))
    if case == "symlink":
        path.symlink_to(real)
    return path, os.getuid() + 1 if case == "foreign owner" else None


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("good", ""),
        ("symlink", "was a symlink"),
        ("foreign owner", "Expected owner uid"),
        ("group may read", "run: chmod"),
        ("world may read", "run: chmod"),
        ("wrong kind", "Expected a"),
    ],
)
def test_only_our_own_private_real_files_and_folders_pass(state_dir: Path, kind: str, case: str, message: str) -> None:
    path, uid = make(state_dir, kind, case)
    if not message:
        check_private(path, kind, uid)
        return
    with pytest.raises(Refused, match=message):
        check_private(path, kind, uid)


def test_folder_is_made_private_whatever_the_umask(state_dir: Path) -> None:
    old = os.umask(0)
    try:
        made = private_dir(state_dir / "a" / "b")
    finally:
        os.umask(old)
    assert made.stat().st_mode & 0o777 == 0o700


def test_open_never_follows_a_planted_symlink(state_dir: Path) -> None:
    target = state_dir / "victim"
    (state_dir / "lock").symlink_to(target)
    with pytest.raises(Refused, match="symlink"):
        open_private(state_dir / "lock", os.O_RDWR | os.O_CREAT)
    assert not target.exists()


def test_opened_file_is_private_and_closed_on_exec(state_dir: Path) -> None:
    fd = open_private(state_dir / "f", os.O_RDWR | os.O_CREAT)
    try:
        assert os.fstat(fd).st_mode & 0o777 == 0o600
        assert not os.get_inheritable(fd)
    finally:
        os.close(fd)


def test_replacement_leaves_one_file_with_the_new_content(state_dir: Path) -> None:
    replace_synced(state_dir / "f", b"one", "x")
    replace_synced(state_dir / "f", b"two", "x")
    assert (state_dir / "f").read_bytes() == b"two"
    assert os.listdir(state_dir) == ["f"]
