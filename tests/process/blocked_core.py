"""`perpconsole`, whose strategy never comes back from its next decision once a file appears: `HOW FILE WORD ...`.

HOW `loop`: `while True` in Python, other threads still run; `gil`: a call into C that never gives the interpreter back,
as a compiled loop would. Of the program nothing else is off.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from core.engine.seat import Seat


def block(how: str) -> None:
    if how == "gil":
        re.match(r"(a+)+$", "a" * 60 + "b")  # 2**60 steps
    while True:
        pass


def install(how: str, file: str) -> None:
    ask = Seat.ask

    def asked(seat: Any, *words: Any) -> None:
        if os.path.exists(file):
            block(how)
        ask(seat, *words)

    Seat.ask = asked  # type: ignore[method-assign]


if __name__ == "__main__":
    from app.__main__ import main

    install(sys.argv[1], sys.argv[2])
    main(sys.argv[3:])
