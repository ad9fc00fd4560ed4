"""The entry of `perpconsole`: runs the command line and turns every ending into one documented exit code.

0 done, 1 refused with a reason, 2-6 from halt, flatten and panic, 64 wrong usage, 70 a fault of ours.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Sequence

REFUSED, USAGE, FAULT = 1, 64, 70
LONGEST = 2_000  # characters of one line of a message


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and exit. Errors are one message on stderr; `--debug` or PERP_DEBUG=1 shows the traceback as well."""
    from core.guard import crash

    os.umask(0o077)  # whatever a command writes is private (X3)
    crash.install()  # a traceback shows no key (X2)
    leave(run(list(sys.argv[1:] if arguments is None else arguments)))


def leave(code: int) -> None:
    """Exit with `code`. A thread that is still in foreign code (an import, a network loop) must not turn it into an
    abort of the interpreter's own end: what `panic` says with its exit code is true."""
    if threading.active_count() == 1:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed already, or nobody reads
            stream.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one invocation."""
    import typer
    from typer.main import get_command

    from app.cli import NAME, cli
    from core.domain.errors import PerpError

    debug = "--debug" in arguments or os.environ.get("PERP_DEBUG") == "1"
    try:
        code = get_command(cli)(arguments, prog_name=NAME, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at exit
        return REFUSED
    except PerpError as error:
        if debug:
            raise
        return _say(str(error), error.code)
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted", REFUSED)
    except typer.TyperException as error:
        return _say(f"{error.format_message()}\nHelp: {NAME} --help", USAGE)
    except OSError as error:
        if debug:
            raise
        return _say(f"{error.strerror or error}: {error.filename}" if error.filename else str(error), REFUSED)
    except Exception as error:
        if debug:
            raise
        _say(f"fault of ours: {type(error).__name__}: {error}; the same with --debug shows where", FAULT)
        raise SystemExit(FAULT) from error


def _say(text: str, code: int) -> int:
    from core.codec.text import clean
    from core.guard.redact import PROCESS

    shown = "\n".join(clean(line, LONGEST) for line in PROCESS.clean(text).split("\n"))  # a venue's words, a file's
    print(f"perpconsole: {shown}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
