"""A backtest on a recording of ours replays to identical requests; a missing or changed recording is refused."""

from __future__ import annotations

import pathlib

import pytest

from core.build.backtest import backtest
from core.build.replaying import replay
from core.config.instruments import find_instrument
from core.control.launch import Launch
from core.domain.book import F_BOOK
from core.domain.errors import DataError
from core.domain.units import NS_PER_S
from core.market.synthetic import SyntheticMarket
from core.market.taped import TapeWriter, file_name

START = 1_767_225_600 * NS_PER_S
SECONDS = 120


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Two minutes of ETHUSDC as the recorder writes them."""
    instrument = find_instrument("binance_usdm", "ETHUSDC")
    feed = SyntheticMarket(instrument, 5, START).chunk(START + SECONDS * NS_PER_S)
    path = tmp_path_factory.mktemp("tape") / file_name(instrument, "20260101T000000Z")
    writer = TapeWriter(path, instrument, START)
    for at, seen, kind, row in zip(feed.ts_exch, feed.ts_recv, feed.kind, feed.row, strict=True):
        if kind == F_BOOK:
            writer.book(0, int(at), int(seen), feed.book_px[row], feed.book_sz[row])
        else:
            values = tuple(int(value) for value in feed.small[row])
            writer.small(0, int(at), int(seen), int(kind), values)  # type: ignore[arg-type]
    writer.close()
    return path


@pytest.fixture
def journal(tape: pathlib.Path, state_dir: pathlib.Path) -> pathlib.Path:
    """The journal of a backtest on a copy of it."""
    copy = state_dir / tape.name
    copy.write_bytes(tape.read_bytes())
    reports = state_dir / "reports"
    body = backtest(Launch(state_dir=state_dir, report_dir=reports, market=(str(copy),), round_hours=0.01))
    assert body["orders"] > 10 and len(body["reports"]) >= 3 and body["events"] > 500
    return next((state_dir / "journal").glob("*.perpj"))


def test_it_replays_to_identical_requests_and_equal_hashes(journal: pathlib.Path, tape: pathlib.Path) -> None:
    body = replay(journal, verify=True)
    assert body["ok"] and body["requests"] > 10 and body["first"] is None


def test_a_recording_that_is_gone_or_changed_is_refused_by_name(journal: pathlib.Path, tape: pathlib.Path) -> None:
    copy = journal.parent.parent / tape.name
    raw = copy.read_bytes()
    copy.unlink()
    with pytest.raises(DataError, match=tape.name.split(".")[0]):
        replay(journal, verify=True)
    copy.write_bytes(raw[:-200])
    with pytest.raises(DataError, match="content changed"):
        replay(journal, verify=True)
    copy.write_bytes(raw)
    assert replay(journal, verify=True)["ok"]
    journal.with_suffix(".paths").unlink()
    with pytest.raises(DataError, match="list of recordings"):
        replay(journal, verify=True)
