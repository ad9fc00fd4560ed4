"""A backtest on a recording of ours replays to identical requests; a missing or changed recording is refused."""

from __future__ import annotations

import pathlib

import pytest

from core.build.backtest import backtest
from core.build.replaying import replay
from core.control.launch import Launch
from core.domain.errors import DataError
from tests.parity.tapes import tape_of

SECONDS = 120
ROUND7 = pathlib.Path(__file__).parents[2] / "configs" / "round7.yml"


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Two minutes of ETHUSDC as the recorder writes them."""
    return tape_of(tmp_path_factory.mktemp("tape"), "ETHUSDC", SECONDS, 2_500.0)


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


def two_markets(folder: pathlib.Path) -> pathlib.Path:
    """A profile with a market maker on each of two instruments."""
    from ruamel.yaml import YAML

    config = YAML(typ="safe").load(ROUND7.read_text(encoding="utf-8"))
    first = config["strategies"][0]
    first["budget"] = 100
    sizes = {"baseSize": 0.001}
    limits = {"netMax": 0.012, "singleMax": 0.004}
    second = {
        **first, "name": "mm-btc", "symbol": "BTCUSDT", "filters": {},
        "params": {**first["params"], **sizes}, "risk": {**first["risk"], **limits},
    }  # fmt: skip
    config["strategies"] = [first, second]
    config["equity"] = 5_000
    path = folder / "two.yml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    return path


def test_the_order_in_which_markets_are_named_does_not_change_the_journal(tmp_path: pathlib.Path) -> None:
    """DESIGN 4: order is total, so registration order cannot matter."""
    tapes = [tape_of(tmp_path, "ETHUSDC", 60, 2_500.0), tape_of(tmp_path, "BTCUSDT", 60, 60_000.0, seed=6)]
    config = two_markets(tmp_path)
    found = []
    for n, order in enumerate(((0, 1), (1, 0))):
        state = tmp_path / f"state{n}"
        market = tuple(str(tapes[k]) for k in order)
        body = backtest(Launch(state_dir=state, report_dir=state / "reports", market=market, config=config))
        found.append((body["journal_sha256"], body["orders"], body["net_pnl_usdc"]))
    assert found[0] == found[1] and found[0][1] > 20
