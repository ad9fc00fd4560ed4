"""What stands after --market: files, a synthetic second venue, price tapes; each on the place that trades it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.build.assemble import load_config
from core.build.backtest import backtest
from core.build.markets import market_of
from core.build.replaying import replay
from core.build.tapes import opened
from core.config.load import Loaded
from core.control.launch import Launch
from core.domain.errors import ConfigError, DataError
from core.domain.units import NS_PER_S
from tests.parity.tapes import START, tape_of
from tests.support.recorded import Recordings

PAIR = Path(__file__).parents[3] / "configs" / "pair_lock.yml"
SECONDS = 120
BASIS = "basis:hyperliquid:BTC"
LEGS = ["binance_usdm:BTCUSDT", "hyperliquid:BTC"]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tape_of(tmp_path_factory.mktemp("tapes"), "BTCUSDT", SECONDS, 60_000.0))


@pytest.fixture
def loaded() -> Loaded:
    return load_config(PAIR, {})


def test_a_recording_and_its_basis_seat_both_legs(loaded: Loaded, tape: str, state_dir: Path) -> None:
    for names in ([tape, BASIS], [BASIS, tape]):
        places, recordings = opened(loaded, names, state_dir)
        assert [place.key for place in places] == LEGS
        assert [(r.instrument.venue, r.instrument.symbol) for r in recordings] == [tuple(x.split(":")) for x in LEGS]
        assert recordings[0].made is None or set(recordings[0].made) == {"cut"}
        assert recordings[1].made is not None and recordings[1].made["how"] == "basis"
    market = market_of(loaded, [tape, BASIS], state_dir, START)
    assert "synthetic" in market.title and market.paths == (tape,)
    assert market.source.ref["made"][1]["seed"] == loaded.settings.seed


def test_both_venues_are_of_one_time(loaded: Loaded, tape: str, state_dir: Path) -> None:
    _, (first, second) = opened(loaded, [tape, BASIS], state_dir)
    assert abs(first.first_ts - second.first_ts) < 2 * NS_PER_S and abs(first.last_ts - second.last_ts) < 2 * NS_PER_S


@pytest.mark.parametrize(
    ("more", "error", "text"),
    [
        ((), DataError, "Expected a recording for hyperliquid:BTC, was none beside that of the other leg"),
        (("basis:hyperliquid",), ConfigError, "Expected basis:VENUE:SYMBOL"),
        (("tape:hyperliquid:BTC",), ConfigError, "Expected tape:VENUE:SYMBOL:FILE"),
        (("bars:hyperliquid:BTC",), ConfigError, "Expected bars:VENUE:SYMBOL:FILE"),
        (("bars:bybit:BTCUSDT:gone.parquet",), DataError, "no such file"),
        (("bars:bybit:BTCUSDT:gone.parquet@2025-10-32..2025-11-01",), ConfigError, "Expected two dates"),
        (("bars:bybit:BTCUSDT:gone.parquet@2025-10-31..2025-10-01",), ConfigError, "Expected dates in order"),
        (("tape:hyperliquid:BTC:gone.txt.gz",), DataError, "no such file"),
        (("gone.perptape",), DataError, "no such file"),
        ((BASIS, "basis:standx:BTCUSD"), DataError, "basis:standx:BTCUSD"),
    ],
)
def test_what_cannot_be_seated_is_refused_by_name(
    loaded: Loaded, tape: str, state_dir: Path, more: tuple[str, ...], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        opened(loaded, [tape, *more], state_dir)


def test_a_basis_needs_a_recording_of_its_coin(loaded: Loaded, tmp_path: Path, state_dir: Path) -> None:
    eth = str(tape_of(tmp_path, "ETHUSDC", 10, 2_500.0))
    with pytest.raises(DataError):
        opened(loaded, [eth, BASIS], state_dir)


def test_recorded_spot_or_inverse_prices_may_be_the_second_leg(
    loaded: Loaded, recordings: Recordings, state_dir: Path
) -> None:
    """Issue 4: USD-M with spot or with COIN-M as a price tape on a linear instrument."""
    usdm = str(recordings("wire/binance_usdm_btcusdt_20240808.txt.gz"))
    for name in ("binance_spot_btcusdt_20240808", "binance_cm_btcusd_perp_20240808"):
        file = recordings(f"wire/{name}.txt.gz")
        _, (first, second) = opened(loaded, [usdm, f"tape:hyperliquid:BTC:{file}"], state_dir)
        assert second.instrument.venue == "hyperliquid" and "price tape" in second.name
        assert abs(first.first_ts - second.first_ts) < NS_PER_S
    with pytest.raises(DataError, match="COIN-M"):
        opened(loaded, [usdm, str(recordings("wire/binance_cm_btcusd_perp_20240808.txt.gz"))], state_dir)


@pytest.mark.timeout(900)  # on a new machine it compiles the kernels first: two minutes of a free core
def test_a_dual_backtest_is_the_same_whichever_is_named_first(tape: str, tmp_path: Path) -> None:
    found = []
    for n, names in enumerate(((tape, BASIS), (BASIS, tape))):
        state = tmp_path / f"state{n}"
        body = backtest(Launch(state_dir=state, report_dir=state / "reports", market=names, config=PAIR))
        found.append((body["journal_sha256"], body["events"], body["steps"]))
    assert found[0] == found[1] and found[0][1] > 500


def bars_file(folder: Path, shift: float) -> str:
    """Three hours of bars that fall by a percent and come back."""
    import polars as pl

    px = [100_000.0 + shift, 99_000.0 + shift, 100_000.0 + shift, 99_500.0 + shift]
    folder.mkdir()
    table = {
        "symbol": ["BTCUSDT"] * 3,
        "ts_ms": [START // 1_000_000 + 3_600_000 * i for i in range(3)],
        "open": px[:3], "high": [max(px[i : i + 2]) + 20.0 for i in range(3)],
        "low": [min(px[i : i + 2]) - 30.0 for i in range(3)], "close": px[1:], "volume": [9.0] * 3,
    }  # fmt: skip
    pl.DataFrame(table).write_parquet(folder / "bars_1h.parquet")
    return str(folder / "bars_1h.parquet")


def test_bars_of_two_venues_run_as_one_pair_and_their_journal_replays(tmp_path: Path) -> None:
    """Issue 4, point 5: named in any order, the same journal; what was made of the files is made again."""
    files = [bars_file(tmp_path / name, shift) for name, shift in (("a", 0.0), ("b", 15.0))]
    names = [f"bars:{venue}:BTCUSDT:{file}" for venue, file in zip(("binance_usdm", "bybit"), files, strict=True)]
    config = tmp_path / "pair.yml"
    text = PAIR.read_text(encoding="utf-8")
    config.write_text(text.replace("venue: hyperliquid, symbol: BTC}", "venue: bybit, symbol: BTCUSDT}"), "utf-8")
    found = []
    for n, order in enumerate((tuple(names), tuple(names[::-1]))):
        state = tmp_path / f"state{n}"
        body = backtest(Launch(state_dir=state, report_dir=state / "reports", market=order, config=config))
        found.append((body["journal_sha256"], body["events"], body["steps"]))
        assert replay(next((state / "journal").glob("*.perpj")), verify=True)["ok"]
    assert found[0] == found[1] and found[0][1] > 2 * 3 * 360
    report = next((tmp_path / "state0" / "reports").rglob("round-0001-*.md")).read_text(encoding="utf-8")
    assert "**The market was bars**" in report
