"""The reports of a core's own stops again, out of a journal: what the core wrote, or could not write any more (E9).

The journal has neither the hashes of raw answers nor the gate's clock; everything else is the same to the last figure.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from core.build.replaying import form_for, replay_into
from core.build.stop_page import page_of
from core.build.stop_record import StopRecord
from core.config.load import Loaded
from core.control.evidence_page import Page, markdown
from core.domain.errors import DataError
from core.domain.events import Step
from core.domain.ports import StepSink
from core.engine.engine import Engine
from core.engine.journal import Header


class _Pages:
    """A sink: the page of each stop, made at its re-arm and at the end."""

    name = "stops"

    def __init__(self, engine: Engine, journal: str) -> None:
        self.record, self._journal = StopRecord(engine), journal
        self._places = {post.place: post.instrument for post in engine.posts}
        self.pages: list[Page] = []

    def take(self, step: Step) -> None:
        stands = self.record.open
        self.record.take(step)
        if stands and not self.record.open:
            self.add()

    def add(self) -> None:
        head = {"journal": self._journal, "written by": "a replay"}
        self.pages.append(page_of(self.record.facts(), self._places, head))


def pages_of(path: pathlib.Path) -> list[Page]:
    """Every latched stop of the journal, oldest first. Raises DataError as a replay does, and where it differs."""
    held: list[_Pages] = []

    def sinks(engine: Engine, loaded: Loaded, header: Header) -> Sequence[StepSink]:
        held.append(_Pages(engine, path.name))
        return held

    out = replay_into(path, sinks, form_for(path))
    if out.first is not None:
        raise DataError(f"Expected the same requests again, was another at step {out.first['seq']}", str(path))
    if held[0].record.open:
        held[0].add()
    return held[0].pages


def stops(path: pathlib.Path) -> dict[str, Any]:
    """`perpconsole replay FILE --stops`."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise DataError("Expected a journal, found no such file", str(path))
    told = [markdown(page) for page in pages_of(path)]
    return {"ok": True, "stops": told, "text": "\n\n".join(told) or f"{path.name}: no latched stop"}
