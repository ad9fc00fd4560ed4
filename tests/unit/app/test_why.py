"""Pages of orders and of Why not? over the socket, and `perpconsole why` (wish 16, S2-25)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.client import InProcess, Socket
from app.commands.why import text_of
from core.domain.errors import Refused
from core.domain.questions import AnyQuestion, OrderList, OrderTimeline, WhyNot
from core.domain.why_page import WhyPage
from tests.console.fabricated_orders import SHOCK, item, listed, page, why
from tests.unit.control.support import FakeCore

QUESTIONS = (OrderTimeline(cl_id=(1 << 51) + 7), OrderTimeline(number=3), OrderList(kind="refused", most=7), WhyNot())


@pytest.fixture
def core(state_dir: Path) -> Iterator[FakeCore]:
    fake = FakeCore(state_dir)
    fake.desk.answer_with(OrderTimeline, lambda asked: page(item=item(cl_id=asked.cl_id, number=asked.number)))
    fake.desk.answer_with(OrderList, listed)
    fake.desk.answer_with(WhyNot, lambda asked: why())
    yield fake
    fake.stop()


@pytest.mark.parametrize("question", QUESTIONS, ids=[str(one) for one in QUESTIONS])
def test_pages_are_the_same_over_the_socket_as_in_process(
    core: FakeCore, state_dir: Path, question: AnyQuestion
) -> None:  # fmt: skip
    """CONSOLE 0.2: attached consoles and viewers see what an embedded one sees."""
    client = Socket.connected_to(state_dir, "viewer")
    try:
        assert client.query(question) == InProcess(core.desk).query(question)
    finally:
        client.close()


def asked(state_dir: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["--state-dir", str(state_dir), *words])
    if isinstance(done.exception, Refused):
        return 1, str(done.exception)
    return done.exit_code, done.output


def test_why_says_which_stage_says_no_and_exits_2(core: FakeCore, state_dir: Path) -> None:
    code, text = asked(state_dir, "why")
    assert code == 2 and SHOCK in text and "> run state" in text and "pair-1" in text
    assert "post only cross: round 12, hour 310, newest 13:02:08" in text
    assert "long first: no fresh price (seconds): round 3, hour --" in text, "what nobody counts is unknown"


def test_why_of_one_that_quotes_exits_0(core: FakeCore, state_dir: Path) -> None:
    assert asked(state_dir, "why", "mm-eth")[0] == 0
    code, text = asked(state_dir, "why", "ethusdc")
    assert code == 0 and "ETHUSDC is quoted: 16 orders stand" in text and "BTCUSDC" not in text


def test_why_as_json_is_the_page(core: FakeCore, state_dir: Path) -> None:
    code, text = asked(state_dir, "--json", "why")
    body = msgspec.json.decode(text)
    assert code == 2 and msgspec.convert(body, WhyPage) == why()


def test_why_of_what_the_core_does_not_have_is_refused_with_what_it_has(core: FakeCore, state_dir: Path) -> None:
    assert asked(state_dir, "why", "XRP") == (
        1, "Expected a strategy or a symbol of the running core (BTCUSDC, ETH-PERP, ETHUSDC, mm-btc, mm-eth, pair-1), "
        "was XRP",
    )  # fmt: skip


def test_why_without_a_core_names_the_next_step(state_dir: Path) -> None:
    code, text = asked(state_dir, "why")
    assert code == 1 and "start one with: perpconsole run" in text


def test_words_of_a_venue_cannot_write_to_the_terminal() -> None:
    column = msgspec.structs.replace(why().columns[0], answer="\x1b[2Jgone")
    assert "\x1b" not in text_of(column)
