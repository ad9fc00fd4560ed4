"""The parts of `perpconsole serve` without a browser: what a page may say, its sizes, the only program it starts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app import webdriver
from app.tab import Tab, argv
from app.webdriver import COLUMNS, ROWS, asked_for, size_of, within
from app.webpage import POLICY, page


@pytest.mark.parametrize(
    ("text", "found"),
    [("120", 120), ("", 80), ("many", 80), ("-5", 20), ("1e9", 80), ("99999", 500), (None, 80), (33, 33), ([], 80)],
)
def test_a_size_is_always_within_reason(text: object, found: int) -> None:
    assert within(text, COLUMNS) == found


def test_the_first_size_comes_from_the_server_and_only_a_server_asks_for_a_browser() -> None:
    assert size_of({"COLUMNS": "132", "ROWS": "50"}) == (132, 50) and size_of({}) == (80, 24)
    assert size_of({"COLUMNS": "0", "ROWS": "1000000"}) == (COLUMNS[0], ROWS[2])
    assert asked_for({webdriver.MARK: webdriver.WEB}) and not asked_for({}) and not asked_for({webdriver.MARK: "x:Y"})


def test_a_tab_starts_a_viewer_and_nothing_else(tmp_path: Path) -> None:
    words = argv(tmp_path, tmp_path / "looks.yml")
    at = words.index("attach")
    assert words[at : at + 2] == ["attach", "--read-only"]
    assert not {"run", "core", "panic", "flatten", "halt", "resume"} & set(words)


def test_the_page_names_its_socket_and_nothing_of_the_internet() -> None:
    text = page('ws://127.0.0.1:8765/w/ws"><script>', 16)
    assert "&quot;&gt;&lt;script&gt;" in text
    assert re.findall(r"https?:", text) == [] and re.findall(r"wss?://[\w.]+", text) == ["ws://127.0.0.1"]
    assert "default-src 'none'" in POLICY and "*" not in POLICY and "http" not in POLICY


async def _nothing(*_: Any) -> None:
    return None


class Wired(Tab):
    """A tab whose process is a list of what it was sent."""

    def __init__(self) -> None:
        super().__init__(["true"], _nothing, _nothing)
        self.sent: list[Any] = []

    async def send_bytes(self, data: bytes) -> bool:
        self.sent.append(data)
        return True

    async def send_meta(self, data: Any) -> bool:
        self.sent.append(data)
        return True


async def test_keys_and_sizes_go_to_the_console_and_junk_goes_nowhere() -> None:
    tab = Wired()
    for junk in ("", "[]", "{", "7", "null", '"stdin"', "{}", '["stdin"]', '["stdin", 7]', '["resize", 7]',
                 '["quit"]', '["deliver", "x"]', '[["stdin"], "x"]', "[" * 5_000):  # fmt: skip
        await tab.heard(junk)
    assert tab.sent == []
    await tab.heard(json.dumps(["stdin", "\x07"]))
    await tab.heard(json.dumps(["resize", {"width": 10**9, "height": "x"}]))
    assert tab.sent == [b"\x07", {"type": "resize", "width": 500, "height": 24}]


async def test_a_console_may_say_that_it_has_ended_and_ask_for_nothing_else() -> None:
    """No address is opened and no file is brought on the operator's machine."""
    said: list[str] = []

    async def close() -> None:
        said.append("closed")

    async def drawn(data: bytes) -> None:
        said.append("drawn")

    tab = Tab(["true"], drawn, close)
    for packet in ({"type": "open_url", "url": "http://x", "new_tab": True},
                   {"type": "deliver_file_start", "key": "k", "path": "p", "open_method": "download", "mime_type": "",
                    "encoding": ""}):  # fmt: skip
        await tab.on_meta(json.dumps(packet).encode())
    await tab.on_packed(b"junk")
    assert said == []
    await tab.on_meta(b'{"type": "exit"}')
    assert said == ["closed"]
