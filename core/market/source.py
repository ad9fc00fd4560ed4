"""What drivers see of any market: instruments, a reference for the journal, and feeds that come whole or in chunks.

Owns the protocol and the source over recordings; the synthetic one is core.market.synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from core.domain.book import Feed
from core.domain.instrument import Instrument
from core.market.recording import Recording


class Source(Protocol):
    """Market events of one or several instruments, in virtual time. `ref` is msgpack-able and names what was read."""

    @property
    def instruments(self) -> tuple[Instrument, ...]: ...
    @property
    def ref(self) -> dict[str, Any]: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def end_ns(self) -> int | None: ...
    @property
    def live(self) -> bool: ...
    def extend(self, i: int, until_ns: int) -> Feed | None:
        """Events of instrument `i` with ts_exch < `until_ns` not given before, or None when there are no more ever.

        A recording gives everything at the first call. Row numbers of a chunk count within it.
        """


class RecordingSource:
    """Recordings opened together: several instruments on one loop."""

    live = False

    def __init__(self, recordings: Sequence[Recording], seed: int = 0) -> None:
        self.recordings = tuple(recordings)
        self.seed = seed
        self._given = [False] * len(self.recordings)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(recording.instrument for recording in self.recordings)

    @property
    def ref(self) -> dict[str, Any]:
        ref: dict[str, Any] = {
            "kind": "recording",
            "names": [recording.name for recording in self.recordings],
            "sha256s": [list(recording.sha256s) for recording in self.recordings],
            "seed": self.seed,
        }
        if any(recording.made for recording in self.recordings):
            ref["made"] = [recording.made for recording in self.recordings]
        return ref

    @property
    def start_ns(self) -> int:
        return min(recording.first_ts for recording in self.recordings)

    @property
    def end_ns(self) -> int | None:
        return max(recording.last_ts for recording in self.recordings)

    def extend(self, i: int, until_ns: int) -> Feed | None:
        if self._given[i]:
            return None
        self._given[i] = True
        return self.recordings[i].feed
