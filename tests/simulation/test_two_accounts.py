"""Two venue accounts in one core: each reconciled, margined and stopped by itself; it trades when both agree."""

from __future__ import annotations

import pathlib

import msgspec
import pytest

from core.build.replaying import replay_into
from core.domain.commands import Flatten
from core.domain.events import Read, ReadReply
from core.engine.runstate import FLAT, RUNNING
from tests.simulation.rig import Rig
from tests.simulation.test_two_strategies import ROUND7

OTHER = {"name": "mm-btc", "venue": "hyperliquid", "symbol": "BTC", "budget": 80, "filters": {}}
SIZES = {"baseSize": 0.0005, "netMax": 0.007, "singleMax": 0.002}


def two_venues(folder: pathlib.Path) -> pathlib.Path:
    """Round7 on Binance and on Hyperliquid."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe")
    config = yaml.load(ROUND7.read_text(encoding="utf-8"))
    first = config["strategies"][0]
    first["params"] |= {"minSpread": 0.0002, "feeBuffer": 0.0001, "maxLayers": 6}
    first["budget"] = 120
    risk = {**first["risk"], **{name: SIZES[name] for name in ("netMax", "singleMax") if name in first["risk"]}}
    params = {**first["params"], **{name: SIZES[name] for name in SIZES if name in first["params"]}}
    config["strategies"] = [first, {**first, **OTHER, "params": params, "risk": risk}]
    path = folder / "two_venues.yml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    return path


class Deaf:
    """Passes everything on, but one account answers no read while `down`."""

    def __init__(self, venue: object, account: int) -> None:
        self._venue, self.account, self.down = venue, account, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._venue, name)

    def read(self, read: Read, now: int) -> ReadReply:
        if self.down and read.account == self.account:
            return ReadReply(read.what, read.nonce, now, error="no answer", account=read.account)
        reply: ReadReply = self._venue.read(read, now)  # type: ignore[attr-defined]
        return reply


def test_each_account_has_its_own_money_and_both_ledgers_agree_with_it(tmp_path: pathlib.Path, seed: int) -> None:
    print("seed", seed)
    rig = Rig(seed, config=two_venues(tmp_path))
    rig.to(600)
    while not rig.quiet():
        rig.to(rig.t + 0.2)
    assert [post.account for post in rig.engine.posts] == [0, 1] and len(rig.engine.check.each) == 2
    for post, account in zip(rig.engine.posts, rig.exchange.accounts, strict=True):
        assert sum(post.ledger.s.n_fills) > 0
        assert (post.ledger.s.pos, post.ledger.s.fees) == (account.s.pos[0], account.s.fees)
        assert account.s.wallet == account.s.start + account.s.realised - account.s.fees + account.s.funding
    assert "reconcile" not in rig.seen.codes() and rig.run_state == RUNNING


def test_a_stop_reaches_zero_at_both_accounts(tmp_path: pathlib.Path, seed: int) -> None:
    """R-E3..R-E8 over two venues."""
    print("seed", seed)
    rig = Rig(seed, config=two_venues(tmp_path))
    rig.to(300)
    rig.ask(Flatten(id="f", who="test"))
    rig.to(360)
    assert rig.run_state == FLAT
    for account in (0, 1):
        assert rig.exchange.open_orders(account) == () and rig.exchange.positions(account) == ()


def test_a_silent_account_holds_up_no_other_and_flat_is_not_shown_before_it_answers(
    tmp_path: pathlib.Path, seed: int
) -> None:
    """R-E: one venue black-holed: the other is flat, the whole is not called flat until the lost one is."""
    print("seed", seed)
    deaf: list[Deaf] = []

    def wrap(venue: object) -> object:
        deaf.append(Deaf(venue, 1))
        return deaf[0]

    rig = Rig(seed, config=two_venues(tmp_path), wrap=wrap)
    rig.to(300)
    deaf[0].down = True
    rig.ask(Flatten(id="f", who="test"))
    rig.to(330)
    assert rig.exchange.open_orders(0) == () and rig.exchange.positions(0) == ()
    assert rig.run_state != FLAT
    deaf[0].down = False
    rig.to(360)
    assert rig.run_state == FLAT and rig.exchange.positions(1) == ()


def test_no_core_trades_before_every_account_agrees(tmp_path: pathlib.Path, seed: int) -> None:
    """R-B1."""
    deaf: list[Deaf] = []

    def wrap(venue: object) -> object:
        deaf.append(Deaf(venue, 1))
        deaf[0].down = True
        return deaf[0]

    rig = Rig(seed, config=two_venues(tmp_path), wrap=wrap)
    rig.to(30)
    assert rig.seen.requests == [] and not rig.engine.check.clean and "no answer" in rig.engine.check.why
    deaf[0].down = False
    rig.to(60)
    assert rig.run_state == RUNNING and rig.seen.requests != []


def test_a_journal_over_two_accounts_replays_to_identical_requests(tmp_path: pathlib.Path, seed: int) -> None:
    path = tmp_path / "two.perpj"
    rig = Rig(seed, config=two_venues(tmp_path), journal=path)
    rig.to(120)
    rig.journal.close()
    outcome = replay_into(path, lambda *_: ())
    assert outcome.first is None and outcome.frames > 100 and outcome.requests > 0, outcome.first


def test_reads_of_a_single_account_are_written_as_before() -> None:
    """Journals of before have reads without an account: they mean the only one."""
    old = msgspec.msgpack.encode(["orders", 7, 0])
    assert msgspec.msgpack.decode(old, type=Read) == Read("orders", 7)


@pytest.fixture
def seed() -> int:
    return 11
