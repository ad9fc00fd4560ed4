"""Two strategies on one instrument: their own ledgers, one venue position, one of them stops and the other goes on."""

from __future__ import annotations

import pathlib

import pytest

from core.build.assemble import load_config
from core.domain.reasons import REDUCE_ONLY_REJECTED
from core.domain.units import BUY, SELL
from core.risk.blocks import HALTED_MODE
from tests.simulation.rig import Rig, S

ROUND7 = pathlib.Path(__file__).parents[2] / "configs" / "round7.yml"


def two(folder: pathlib.Path, order: tuple[int, int] = (0, 1)) -> pathlib.Path:
    """A profile with the market maker twice, the second with other layers and a share of the money each."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe")
    config = yaml.load(ROUND7.read_text(encoding="utf-8"))
    first = config["strategies"][0]
    first["params"] |= {"minSpread": 0.0002, "feeBuffer": 0.0001, "maxLayers": 6}
    second = {**first, "name": "mm-far", "params": {**first["params"], "minSpread": 0.0004}}
    first["budget"], second["budget"] = 120, 80
    config["strategies"] = [(first, second)[n] for n in order]
    path = folder / "two.yml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    return path


def rig_of(folder: pathlib.Path, seed: int, order: tuple[int, int] = (0, 1)) -> Rig:
    return Rig(seed, config=two(folder, order))


def test_the_venue_position_is_the_sum_of_both_ledgers(tmp_path: pathlib.Path, seed: int) -> None:
    print("seed", seed)
    rig = rig_of(tmp_path, seed)
    rig.to(900)
    a, b = (post.ledger.s for post in rig.engine.posts)
    assert rig.engine.posts[0].place == rig.engine.posts[1].place
    while not rig.quiet():
        rig.to(rig.t + 0.2)
    assert sum(a.n_fills) > 0 and sum(b.n_fills) > 0
    assert a.pos + b.pos == rig.exchange.account.s.pos[0]
    assert a.fees + b.fees == rig.exchange.account.s.fees and "reconcile" not in rig.seen.codes()
    assert "mode_cooldown" not in rig.seen.codes()  # opposite positions do not lead into a loop of refused exits


def test_no_order_of_one_ever_meets_an_order_of_the_other(tmp_path: pathlib.Path, seed: int) -> None:
    """R-L6: self-match prevention is ours."""
    rig = rig_of(tmp_path, seed)
    worst: list[int] = []

    def look(_step: object) -> None:
        m = rig.exchange.markets[0].s
        bids = [m.o_px[m.own[BUY][k]] for k in range(m.n_own[BUY])]
        asks = [m.o_px[m.own[SELL][k]] for k in range(m.n_own[SELL])]
        if bids and asks:
            worst.append(min(asks) - max(bids))

    rig.seen.each = look
    rig.to(600)
    assert worst and min(worst) > 0


def test_one_that_halts_leaves_the_other_trading_and_one_that_raises_is_disabled_alone(
    tmp_path: pathlib.Path, seed: int
) -> None:
    """A strategy's exception stops at its desk; the others go on."""
    rig = rig_of(tmp_path, seed)
    rig.to(60)

    def boom(*_: object) -> None:
        raise ZeroDivisionError("planted")

    rig.engine.seats[1].strategy.decide = boom  # type: ignore[method-assign]
    rig.to(120)
    assert rig.engine.seats[1].disabled and not rig.engine.seats[0].disabled
    assert rig.run_state == "RUNNING" and "strategy_disabled" in rig.seen.codes()
    first, second = rig.engine.posts
    assert second.ledger.s.n_live == 0 and first.ledger.s.n_live > 0
    created = sum(first.ledger.s.n_created)
    rig.to(180)
    assert sum(first.ledger.s.n_created) > created and first.risk.s.mode != HALTED_MODE
    assert all(request.strategy == 0 for ts, request in rig.seen.requests if ts > rig.start + 125 * S)


@pytest.mark.parametrize("at", [40.0])
def test_the_order_in_the_config_gives_each_its_own_figures(tmp_path: pathlib.Path, seed: int, at: float) -> None:
    """Two strategies that never meet decide the same whichever is named first."""
    found = []
    for order in ((0, 1), (1, 0)):
        folder = tmp_path / str(order[0])
        folder.mkdir()
        rig = rig_of(folder, seed, order)
        rig.to(at)
        loaded = load_config(two(folder, order), {})
        names = [settings.name for settings in loaded.settings.strategies]
        by_name = {name: sum(rig.engine.posts[n].ledger.s.n_created) for n, name in enumerate(names)}
        found.append(by_name)
    assert found[0].keys() == found[1].keys() and all(count > 0 for count in found[0].values())


def test_exits_that_the_venue_refuses_again_and_again_are_tried_four_times_a_minute(
    tmp_path: pathlib.Path, seed: int
) -> None:
    """R-O6: a reject loop is broken for exits too, which a cool-down lets through."""
    rig = rig_of(tmp_path, seed)
    while all(post.ledger.s.pos == 0 for post in rig.engine.posts):
        rig.to(rig.t + 1)
    rig.exchange.inject(0, "reject_all", REDUCE_ONLY_REJECTED)
    rig.to(rig.t + 60)
    begin = rig.t
    rig.to(begin + 120)
    by_key: dict[tuple[int, int], int] = {}
    for request in rig.creates(after=rig.start + round(begin * S)):
        by_key[request.strategy, request.key] = by_key.get((request.strategy, request.key), 0) + 1
    assert "mode_cooldown" in rig.seen.codes() and all(count <= 2 * 4 + 1 for count in by_key.values()), by_key
