"""The parameters of one request, by name, from query and form together; typed reading with the venue's refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from core.venues.wire.binance_usdm.refusals import Refusal, malformed, missing


class Params:
    """`raw` is the text that the signature covers. Names are as the venue spells them; repeated names are refused."""

    def __init__(self, values: Mapping[str, str], raw: str = "") -> None:
        self.values, self.raw = dict(values), raw

    @classmethod
    def of(cls, query: str, body: str) -> Params:
        """Query and form of one request, each as it was sent. Raises Refusal."""
        values: dict[str, str] = {}
        for text in (query, body):
            for name, value in parse_qsl(text, keep_blank_values=True):
                if name in values:
                    raise Refusal(-1101, "Too many parameters; duplicate values for a parameter detected.")
                values[name] = value
        return cls(values, query + body)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, "")
        if value:
            return value
        if default is None:
            raise missing(name)
        return default

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number, not negative."""
        value = self.values.get(name, "")
        if not value:
            if default is None:
                raise missing(name)
            return default
        if not (value.isascii() and value.isdigit()) or len(value) > 18:
            raise malformed(name)
        return int(value)

    def flag(self, name: str) -> bool:
        value = self.values.get(name, "false").lower()
        if value not in ("true", "false"):
            raise malformed(name)
        return value == "true"

    def figure(self, name: str, units: Callable[[str], int | None], off_grid: Refusal) -> int:
        """A decimal in whole units of `units(text)`; `off_grid` where it lies between two."""
        text = self.text(name)
        try:
            found = units(text)
        except ValueError:
            raise malformed(name) from None
        if found is None:
            raise off_grid
        return found


def word(value: object) -> str:
    """A value of a JSON request as it would stand in a form."""
    return str(value).lower() if isinstance(value, bool) else str(value)
