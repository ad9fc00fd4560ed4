"""Files and programs that hold keys: what is taken, what is refused, and no refusal shows a value (R-X3, S4-83)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.secret_sources import LARGEST, SHOWN, command_lines, complaint, file_lines, parsed
from core.domain.errors import Refused
from core.guard.redact import Redactor

LINES = "BYBIT_API_KEY=canary-one\nBYBIT_SECRET=canary-two\n"
READ = {"BYBIT_API_KEY": "canary-one", "BYBIT_SECRET": "canary-two"}


def write(path: Path, mode: int = 0o600, content: bytes = LINES.encode()) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def symlinked(path: Path) -> None:
    path.symlink_to(write(path.with_name("real")))


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "group may read": (lambda p: write(p, 0o640), "Expected mode 0600, was 0640; run: chmod 600"),
    "group may write": (lambda p: write(p, 0o620), "was 0620"),
    "group may run": (lambda p: write(p, 0o610), "was 0610"),
    "world may read": (lambda p: write(p, 0o604), "was 0604"),
    "world may write": (lambda p: write(p, 0o602), "was 0602"),
    "as a shell leaves it": (lambda p: write(p, 0o644), "was 0644"),
    "symlink": (symlinked, "was a symlink"),
    "symlink to nothing": (dangling, "was a symlink"),
    "folder": (lambda p: p.mkdir(0o700), "Expected a file, was d"),
    "pipe": (lambda p: os.mkfifo(p, 0o600), "Expected a file, was p"),
    "too large": (lambda p: write(p, content=b"#" * (LARGEST + 1)), "at most 64 KB"),
    "not UTF-8": (lambda p: write(p, content=b"BYBIT_SECRET=canary-\xff\n"), "Expected UTF-8"),
    "with a NUL": (lambda p: write(p, content=b"BYBIT_SECRET=canary-\0\n"), "Expected UTF-8"),
    "absent": (lambda p: None, "found none; make it: install -m 600"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_others_may_touch_or_that_is_no_file_of_keys_is_refused(state_dir: Path, case: str) -> None:
    """R-X3, 12 cases and more: mode, kind, link, size, encoding."""
    path = state_dir / "keys.env"
    BAD[case][0](path)
    with pytest.raises(Refused) as caught:
        file_lines(str(path))
    assert BAD[case][1] in str(caught.value) and str(path) in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_of_ours_is_read(state_dir: Path, mode: int) -> None:
    """R-X3."""
    assert file_lines(str(write(state_dir / "keys.env", mode))) == READ


def test_a_file_of_another_owner_is_refused(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-X3. Where the test may, with a file that really is another's."""
    path = write(state_dir / "keys.env")
    ours = os.getuid()
    if ours == 0:
        os.chown(path, 12345, -1)
        expected = "Expected owner uid 0, was 12345"
    else:
        monkeypatch.setattr(os, "getuid", lambda: ours + 1)
        expected = f"Expected owner uid {ours + 1}, was {ours}"
    with pytest.raises(Refused, match=expected):
        file_lines(str(path))


def test_the_file_that_was_judged_is_the_file_that_is_read(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-X3: no name is looked up twice, so a swap between the look and the read changes nothing."""
    path = write(state_dir / "keys.env")
    other = write(state_dir / "other", 0o644, b"BYBIT_API_KEY=planted\n")
    real = os.fstat

    def swapped(fd: int) -> os.stat_result:
        found = real(fd)
        if path.exists() and found.st_ino == path.stat().st_ino:
            os.replace(other, path)
        return found

    monkeypatch.setattr(os, "fstat", swapped)
    assert file_lines(str(path)) == READ
    assert "planted" in path.read_text()


def test_no_descriptor_stays_open(state_dir: Path) -> None:
    write(state_dir / "good")
    write(state_dir / "bad", 0o644)
    before = len(os.listdir("/proc/self/fd"))
    file_lines(str(state_dir / "good"))
    with pytest.raises(Refused):
        file_lines(str(state_dir / "bad"))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("path", ["", "keys.env", "./keys.env"])
def test_a_path_that_depends_on_the_working_directory_is_refused(path: str) -> None:
    with pytest.raises(Refused, match=r"keys\.file"):
        file_lines(path)


def test_the_home_folder_may_be_written_with_its_sign(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(state_dir))
    write(state_dir / "keys.env")
    assert file_lines("~/keys.env") == READ


# --- lines ----------------------------------------------------------------------------------------------------------


def test_lines_are_read_as_a_shell_would() -> None:
    text = (
        "# comment\n\nexport A_KEY = abc=def== \nB='two words'\r\n"
        'C="say \\"x\\" and $5\\nnext"\nD=\nE="# no comment"\n'
    )
    assert parsed(text, "f") == {
        "A_KEY": "abc=def==", "B": "two words", "C": 'say "x" and $5\nnext', "D": "", "E": "# no comment",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("canary-without-a-name", "Expected NAME=value"),
        ("two words=canary", "Expected NAME=value"),
        ("=canary", "Expected NAME=value"),
        ("1A=canary", "Expected NAME=value"),
        ("A=canary # comment", "was several words"),
        ("A='canary", "a quote without its end"),
        ('A="', "a quote without its end"),
        ("OK=1", "was OK twice"),
    ],
)
def test_a_bad_line_is_named_by_number_and_never_shown(line: str, message: str) -> None:
    with pytest.raises(Refused, match=r"keys\.env:2: ") as caught:
        parsed(f"OK=1\n{line}\n", "keys.env")
    assert message in str(caught.value) and "canary" not in str(caught.value)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="'"), max_size=60))
def test_what_stands_in_single_quotes_comes_back_letter_by_letter(value: str) -> None:
    assert parsed(f"A='{value}'\n", "f") == {"A": value}


@given(st.text(max_size=80))
def test_whatever_stands_above_a_bad_line_no_refusal_shows_either(text: str) -> None:
    secret = "canary9canary9canary9"
    with pytest.raises(Refused) as caught:
        parsed(f"{text}\nA={secret} {secret}", "f")
    assert secret not in str(caught.value)


# --- programs -------------------------------------------------------------------------------------------------------


def python(code: str, timeout_s: float = 20.0, environ: dict[str, str] | None = None) -> dict[str, str]:
    return command_lines([sys.executable, "-c", code], timeout_s, environ or {}, Redactor(["canary-known"]))


def test_a_program_gets_the_environment_no_shell_and_no_terminal() -> None:
    """S4-83: Vault, KMS and pass plug in."""
    code = "import os,sys; print('A=' + os.environ['TOKEN']); print('B=' + sys.stdin.read() + str(os.isatty(0)))"
    assert python(code, environ={"TOKEN": "$(id)"}) == {"A": "$(id)", "B": "False"}


def test_a_program_that_fails_is_refused_with_the_end_of_its_words_cleaned() -> None:
    code = (
        "import sys; print('A=canary-printed')\n"
        "sys.stderr.write('x ' * 500 + '\\x1b[31mpassword=hunter22 canary-known deadbeef0123456789abcdef sealed')\n"
        "sys.exit(3)"
    )
    with pytest.raises(Refused, match=r"to end with 0, was 3: \.\.\.") as caught:
        python(code)
    text = str(caught.value)
    assert text.endswith("sealed") and len(text.partition("was 3: ")[2]) == SHOWN
    assert not [word for word in ("canary", "hunter22", "deadbeef", "\x1b") if word in text]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('canary')", "Expected NAME=value"),
        ("print('A=' + 'canary' * 20000)", "at most 64 KB"),
        ("import sys; sys.stdout.buffer.write(b'A=canary\\xff')", "Expected UTF-8"),
        ("import os; os.kill(os.getpid(), 9)", "was -9"),
    ],
)
def test_a_program_that_prints_anything_else_is_refused(code: str, message: str) -> None:
    with pytest.raises(Refused, match=message) as caught:
        python(code)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("command", [(), ("no-such-program-here",), ("/",)])
def test_a_program_that_does_not_start_is_refused(command: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"keys\.command"):
        command_lines(command, 5, {}, Redactor())


def test_a_program_that_waits_is_ended_with_all_that_it_started() -> None:
    """Its child holds the pipes: ending the program alone would wait for the child."""
    code = "import subprocess,sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    began = time.monotonic()
    with pytest.raises(Refused, match=r"within 0\.5 s, was still running"):
        python(code, timeout_s=0.5)
    assert time.monotonic() - began < 20


def test_a_silent_failure_has_no_words() -> None:
    with pytest.raises(Refused, match=r"was 1$"):
        python("raise SystemExit(1)")
    assert complaint(b"", Redactor()) == ""
