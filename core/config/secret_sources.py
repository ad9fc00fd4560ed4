"""Where a secret may lie outside the environment: a private file, the system's keyring, the output of a program.

Each gives names to values, or refuses with the next step. No message ever holds a value or a line that might be one.
"""

from __future__ import annotations

import errno
import os
import pathlib
import re
import signal
import stat
import subprocess
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol

from core.domain.errors import Refused

LARGEST = 64 * 1024  # bytes of a file or of a program's output
SHOWN = 200  # characters of a program's complaint
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+=_-]{20,}")


class Redacting(Protocol):
    """What hides secrets (core.guard.redact): told of each before anybody may print it."""

    def remember(self, secret: str) -> None: ...

    def clean(self, text: str) -> str: ...


def file_lines(path: str) -> dict[str, str]:
    """NAME=value lines of a private file. Refused unless it is a real file of ours, 0600 or less, and short UTF-8."""
    if not path:
        raise Refused("Expected keys.file beside source: file, was nothing; write file: /full/path/of/keys.env")
    place = pathlib.Path(path).expanduser()
    if not place.is_absolute():
        raise Refused(f"Expected a full path for keys.file, was {path}; write it from / or ~/")
    text = _utf8(_private_bytes(place), f"{place}")
    return parsed(text, str(place))


def _private_bytes(path: pathlib.Path) -> bytes:
    """The content, judged on the very descriptor that is read: what is checked is what is used."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not hold us
    except OSError as error:
        raise _not_opened(path, error) from None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{path}: Expected a file, was {stat.filemode(found.st_mode)}")
        if found.st_uid != os.getuid():
            raise Refused(f"{path}: Expected owner uid {os.getuid()}, was {found.st_uid}; make a copy of your own")
        if found.st_mode & 0o077:
            mode = found.st_mode & 0o7777
            raise Refused(f"{path}: Expected mode 0600, was {mode:04o}; run: chmod 600 {path}")
        content = b""
        while len(content) <= LARGEST and (more := os.read(fd, LARGEST + 1)):
            content += more
    finally:
        os.close(fd)
    if len(content) > LARGEST:
        raise Refused(f"{path}: Expected a file of keys of at most {LARGEST // 1024} KB, was a larger one")
    return content


def _not_opened(path: pathlib.Path, error: OSError) -> Refused:
    if error.errno == errno.ELOOP:
        return Refused(f"{path}: Expected a file, was a symlink; name the real place instead")
    if error.errno == errno.ENOENT:
        return Refused(f"{path}: Expected a file of keys, found none; make it: install -m 600 /dev/null {path}")
    return Refused(f"{path}: Expected to read it, was {error.strerror}")


def command_lines(
    command: Sequence[str], timeout_s: float, environ: Mapping[str, str], redactor: Redacting
) -> dict[str, str]:
    """NAME=value lines that a program prints; no shell. Refused when it fails, takes too long or prints anything else.

    The program gets `environ` and no terminal; on a timeout its whole process group is ended.
    """
    if not command:
        raise Refused("Expected keys.command beside source: command, was nothing; write command: [program, argument]")
    try:
        child = subprocess.Popen(
            list(command), env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Refused(f"Expected {command[0]} to start for keys.command, was {error.strerror}") from None
    try:
        out, err = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _end(child)
        raise Refused(
            f"Expected {command[0]} to print keys within {timeout_s:g} s, was still running; it must not ask "
            "anything: unlock it first, or raise keys.timeoutS"
        ) from None
    except BaseException:
        _end(child)
        raise
    if child.returncode:
        said = complaint(err, redactor)
        raise Refused(f"Expected {command[0]} to end with 0, was {child.returncode}{f': {said}' if said else ''}")
    if len(out) > LARGEST:
        raise Refused(f"Expected at most {LARGEST // 1024} KB of keys from {command[0]}, was more")
    return parsed(_utf8(out, f"the output of {command[0]}"), f"the output of {command[0]}")


def _end(child: subprocess.Popen[bytes]) -> None:
    """The program and what it started, which may hold its pipes."""
    os.killpg(child.pid, signal.SIGKILL)  # its own session; not yet waited for, so the number is still its
    child.communicate()


def complaint(err: bytes, redactor: Redacting) -> str:
    """The end of what a failed program said: one line, printable, without anything that is long enough for a key."""
    words = " ".join(redactor.clean(err.decode("utf-8", "replace")).split())
    shown = _LIKE_A_KEY.sub("[redacted]", "".join(c if c.isprintable() else "?" for c in words))
    return shown if len(shown) <= SHOWN else f"...{shown[3 - SHOWN :]}"


def keyring_value(service: str, name: str, timeout_s: float) -> str | None:
    """One value of the system's keyring, None where it has none. Refused without the library or without an answer."""
    try:
        keyring = import_module("keyring")
        failures = import_module("keyring.errors").KeyringError
    except ImportError:
        raise Refused(
            "Expected the keyring library for source: keyring, found none; run: pip install 'perpconsole[keyring]'"
        ) from None
    answer: list[str | None] = []
    faults: list[str] = []

    def ask() -> None:
        try:
            answer.append(keyring.get_password(service, name))
        except (failures, RuntimeError, OSError) as error:
            faults.append(type(error).__name__)  # its text is a backend's own and may quote what it read

    thread = threading.Thread(target=ask, name="keyring", daemon=True)  # a locked keyring waits for a person
    thread.start()
    thread.join(timeout_s)
    if answer:
        return answer[0] or None
    why = faults[0] if faults else f"silent for {timeout_s:g} s"
    raise Refused(f"Expected the system's keyring to answer for {service}, was {why}; unlock it, or use source: file")


def parsed(text: str, where: str) -> dict[str, str]:
    """`NAME=value` a line; `#` lines, blank lines and a leading `export` are passed over; quotes as in a shell.

    Raises Refused with the number of a line, never its text.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.rstrip()
        if not equals or not _NAME.fullmatch(name):
            raise Refused(f"{where}:{number}: Expected NAME=value, was something else (not shown)")
        if name in found:
            raise Refused(f"{where}:{number}: Expected each name once, was {name} twice")
        found[name] = _unquoted(value.strip(), f"{where}:{number}: Expected one value for {name}")
    return found


def _unquoted(value: str, fault: str) -> str:
    quote = value[:1]
    if quote not in ("'", '"'):
        if re.search(r"\s", value):
            raise Refused(f"{fault}, was several words (not shown); put quotes round it, or the comment above it")
        return value
    if len(value) < 2 or not value.endswith(quote):
        raise Refused(f"{fault}, was a quote without its end (not shown)")
    inner = value[1:-1]
    if quote == "'":
        return inner
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), inner)


def _utf8(content: bytes, where: str) -> str:
    text = content.decode("utf-8-sig", "replace")
    if "\ufffd" in text or "\0" in text:
        raise Refused(f"{where}: Expected UTF-8 text, was something else (not shown)")
    return text
