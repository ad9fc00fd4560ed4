"""What a planted bug is: data, so that anybody can read the list and check it (RELIABILITY.md 6.7)."""

from __future__ import annotations

import msgspec


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """`old` stands exactly once in `file` and is replaced by `new`; every test of `tests` must then fail.

    `costs`: one sentence on what an operator would lose. A test is named without its parameters: one of its cases is
    enough.
    """

    name: str
    costs: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def module(self) -> str:
        """The dotted name under which the file is imported."""
        return self.file.removesuffix(".py").replace("/", ".")
