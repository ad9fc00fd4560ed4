"""`perpconsole record`: what is refused before a connection, and how its counters and its end read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.commands.recording import Counters
from core.build.recording import RecordWish, instruments_of, record, recording_line, text_of
from core.domain.errors import Refused

LOOPBACK = "http://127.0.0.1:9"


def wish(out: Path, **more: Any) -> RecordWish:
    given: dict[str, Any] = {"venue": "hyperliquid", "symbols": ("BTC",), "out": out, "url": LOOPBACK, **more}
    return RecordWish(**given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"venue": "nowhere"}, r"binance_usdm.*hyperliquid.*nowhere"),
        ({"symbols": ("DOGE",)}, "DOGE"),
        ({"symbols": ()}, "--symbol"),
        ({"symbols": ("BTC", "BTC")}, "once"),
        ({"url": "http://10.0.0.1:80"}, "loopback venue"),
        ({"url": "http://127.0.0.1.example.org:80"}, "loopback venue"),
        ({"url": "", "network": "moon"}, r"mainnet, testnet, demo.*moon"),
        ({"url": "", "network": "loopback"}, "mainnet"),
    ],
)
def test_a_wish_that_cannot_be_had_is_refused_before_a_folder_is_made(
    tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        record(wish(tmp_path / "out", **given), lambda progress: None, lambda text: None)
    assert not (tmp_path / "out").exists()


def test_the_instrument_carries_the_network_that_was_recorded(tmp_path: Path) -> None:
    assert instruments_of(wish(tmp_path))[0].network == "loopback"
    assert instruments_of(wish(tmp_path, url=""))[0].network == "mainnet"
    assert instruments_of(wish(tmp_path, url="", network="testnet"))[0].network == "testnet"


PROGRESS = {
    "venue": "hyperliquid",
    "network": "loopback",
    "seconds": 61.4,
    "instruments": [
        {
            "symbol": "BTC", "books": 1_200, "trades": 34, "marks": 60, "gaps": 1,
            "age_s": {"books": 0.4, "trades": 7.0, "marks": None},
        },
        {
            "symbol": "SOL", "books": 0, "trades": 0, "marks": 0, "gaps": 0,
            "age_s": {"books": None, "trades": None, "marks": None},
        },
    ],
    "files": 1,
    "bytes": 1_234_567,
    "down": ["book SOL/USDC:USDC"],
}  # fmt: skip


def test_the_counters_are_one_line_with_the_age_of_the_newest_row() -> None:
    assert recording_line(PROGRESS) == (
        "61 s | BTC 1,200 books 34 trades 60 marks 1 gaps, newest 0.4 s | "
        "SOL 0 books 0 trades 0 marks 0 gaps, nothing yet | 1.23 MB | book SOL/USDC:USDC down"
    )


def test_the_end_names_the_files_what_was_refused_and_why() -> None:
    body = {**PROGRESS, "ok": False, "why": "disk", "files": ["a.perptape"], "dropped": {"off_grid": 3}}
    lines = text_of(body).splitlines()
    assert lines[1:] == ["refused off_grid: 3", "recording a.perptape", "FAILED: disk"]
    assert text_of({**body, "ok": True}).endswith("ended: disk")


def test_without_a_terminal_a_line_a_minute_and_with_json_none(capsys: pytest.CaptureFixture[str]) -> None:
    plain, quiet = Counters(recording_line, quiet=False), Counters(recording_line, quiet=True)
    for counters in (plain, quiet):
        for _ in range(61):
            counters.show(PROGRESS)
        counters.warn("silent")
        counters.end()
    out, err = capsys.readouterr()
    assert out.splitlines() == [recording_line(PROGRESS)] * 2 and err == "perpconsole: silent\n"
