"""R-C1: hand-made config errors, each refused with file, line, what was expected and what was found.

The base is the shipped Round7 profile with the real schemas. A case changes one line, or the text as a whole.
"""

from __future__ import annotations

import pathlib
import re

import pytest
from pydantic.alias_generators import to_camel

from core.config.load import load
from core.config.locate import profile_path
from core.domain.errors import ConfigError
from tests.unit.configs.schemas import SCHEMAS

BASE = profile_path("round7").read_text(encoding="utf-8")

# key  bad value  what the message must say (besides the key and the line)
VALUES = """
mode            : demo                : Expected 'paper' or 'live'
mode            : LIVE                : Expected 'paper' or 'live'
mode            : 1                   : Expected 'paper' or 'live'
mode            : live                : Expected live: true beside mode: live
live            : yes                 : Expected true or false
live            : on                  : Expected true or false
live            : 1                   : Expected true or false
live            : "true"              : Expected true or false
account         : 7                   : Expected text
account         : ""                  : at least 1 character
account         : null                : Expected text
account         : true                : Expected text
equity          : 0                   : greater than 0
equity          : -200                : greater than 0
equity          : 200 USDC            : Expected a number (no unit, no quotes)
equity          : "200"               : Expected a number (no unit, no quotes)
equity          : .nan                : Expected a finite number
equity          : .inf                : Expected a finite number
equity          : 1e308               : less than or equal to
equity          : [200]               : Expected a number
equity          : {usdc: 200}         : Expected a number
equity          : yes                 : Expected a number
equity          : null                : Expected a number
equity          : 200_000x            : Expected a number
equity          : 1,000               : Expected a number
equity          : 1                   : equity
seed            : -1                  : greater than or equal to 0
seed            : 7.5                 : Expected a whole number
seed            : seven               : Expected a whole number
seed            : true                : Expected a whole number
seed            : 99999999999999999999 : seed
kind            : asm                 : Expected one of asmm
kind            : pair_locks          : Expected one of asmm
kind            : 5                   : Expected text
kind            : null                : Expected text
venue           : binance             : Expected an instrument of a venue file
venue           : Binance_usdm        : Expected an instrument of a venue file
venue           : 3                   : Expected text
symbol          : ETHUSD              : did you mean binance_usdm ETHUSDC
symbol          : ethusdc             : Expected an instrument of a venue file
symbol          : BTCUSDT             : Expected
symbol          : ETH/USDC            : Expected an instrument of a venue file
symbol          : null                : Expected text
budget          : 0                   : greater than 0
budget          : 300                 : Expected strategy budgets to sum to at most equity
budget          : half                : Expected a number
budget          : 50%                 : Expected a number
layerSpacingMode : geometrical        : Expected 'geometric' or 'linear'
layerSpacingMode : true               : Expected 'geometric' or 'linear'
layerSpacingMode : 1                  : Expected 'geometric' or 'linear'
spacingRatio    : 0.9                 : greater than or equal to 1
spacingRatio    : 20                  : less than or equal to 3
spacingRatio    : 20%                 : Expected a number
spacingRatio    : .nan                : Expected a finite number
spacingRatio    : "1.2"               : Expected a number
spacingRatio    : 1,2                 : Expected a number
layerSizeDecay  : 0                   : greater than 0
layerSizeDecay  : 1.1                 : less than or equal to 1
layerSizeDecay  : 90%                 : Expected a number
layerSizeDecay  : -0.9                : greater than 0
maxLayers       : 0                   : greater than or equal to 1
maxLayers       : 25                  : less than or equal to 24
maxLayers       : 24.5                : Expected a whole number
maxLayers       : 24.0                : Expected a whole number
maxLayers       : many                : Expected a whole number
maxLayers       : true                : Expected a whole number
maxLayers       : -24                 : greater than or equal to 1
maxLayers       : [24]                : Expected a whole number
baseSize        : 0                   : greater than 0
baseSize        : -0.009              : greater than 0
baseSize        : 0.09                : base_size <= single_max
baseSize        : 0.0009              : at least one lot
baseSize        : 0.0095              : in steps of 0.001
baseSize        : 0.009 ETH           : Expected a number
baseSize        : .inf                : Expected a finite number
baseSize        : 9e-3000             : greater than 0
minSpread       : 6 bps               : Expected a number
minSpread       : "6 bps"             : Expected a number
minSpread       : 0.06%               : Expected a number
minSpread       : 6                   : less than or equal to 0.1
minSpread       : 0.6                 : less than or equal to 0.1
minSpread       : 0                   : greater than 0
minSpread       : 0.0001              : Expected feeBuffer within minSpread
minSpread       : -.inf               : Expected a finite number
feeBuffer       : 0.001               : Expected feeBuffer within minSpread
feeBuffer       : 2bps                : Expected a number
feeBuffer       : -0.0002             : greater than or equal to 0
quoteIntervalMs : 500ms               : Expected a whole number
quoteIntervalMs : 0.5                 : Expected a whole number
quoteIntervalMs : 5                   : greater than or equal to 50
quoteIntervalMs : 500000              : less than or equal to 60000
quoteIntervalMs : 0.5 s               : Expected a whole number
takeProfitPct   : 0.25%               : Expected a number
takeProfitPct   : 25                  : less than or equal to 1
takeProfitPct   : off                 : Expected a number
momentumThreshold : 6bp               : Expected a number
momentumThreshold : 6                 : less than or equal to 1
momentumAlpha   : 0                   : greater than 0
momentumAlpha   : 8%                  : Expected a number
momentumAlpha   : 1.08                : less than or equal to 1
inventoryPressureThreshold : 1        : less than 1
inventoryPressureThreshold : 40       : less than 1
inventoryPressureStrength : -0.5      : greater than or equal to 0
inventoryPressureStrength : strong    : Expected a number
inventoryPressureExponent : 0         : greater than 0
inventoryPressureExponent : "2.5"     : Expected a number
vpinLow         : 0.95                : Expected vpin_low < vpin_high
imbalanceHigh   : 0.3                 : Expected imbalance_low < imbalance_high
imbalanceLevels : 21                  : less than or equal to 20
regimeSpread    : [1.0, 1.0, 1.5]     : regimeSpread
regimeSpread    : [1, 2, 1, 3]        : never falling
regimeSpread    : 1.0                 : Expected a list
regimeSpread    : [1.0, 1.0, 1.5, x]  : Expected a number
regimeSpread    : [1.0, .nan, 1.5, 2] : Expected a finite number
regimeSpread    : [0.5, 1, 1, 1]      : of 1 or more
regimeLayers    : [0, 1, 1, 1]        : never rising
noiseInterval   : {a: 1}              : Expected a list
netMax          : 2.1                 : Expected netMax worth at most equity x leverage
netMax          : 0                   : greater than 0
netMax          : -0.21               : greater than 0
netMax          : 0.05                : Expected single_max <= net_max
netMax          : "0.21"              : Expected a number
netMax          : 0.21 ETH            : Expected a number
netMax          : .nan                : Expected a finite number
netMax          : .inf                : Expected a finite number
netMax          : null                : Expected a number
netMax          : [0.21]              : Expected a number
singleMax       : 0.6                 : Expected single_max <= net_max
singleMax       : 0.001               : single_max
singleMax       : 0                   : greater than 0
singleMax       : six                 : Expected a number
dailyMax        : 0                   : greater than 0
dailyMax        : 50 USDC             : Expected a number
dailyMax        : -50                 : greater than 0
dailyMax        : no                  : Expected a number
latencyMs       : 150ms               : Expected a number
latencyMs       : 0                   : greater than 0
latencyMs       : -1                  : greater than 0
pnlMin          : 15                  : less than 0
pnlMin          : -70                 : Expected stopLoss below pnlMin
pnlMin          : -15%                : Expected a number
pnlMax          : -100                : greater than 0
pnlMax          : inf                 : Expected a number
stopLoss        : 60                  : less than 0
stopLoss        : -20                 : Expected
stopLoss        : -600                : Expected stopLoss within equity
stopLoss        : -6%                 : Expected a number
stopLoss        : -10                 : Expected
haltSeconds     : 5m                  : Expected a number
haltSeconds     : 0                   : greater than 0
haltSeconds     : "300"               : Expected a number
reduceOnlyThreshold : 10              : Expected reduceOnlyThreshold above the last band
reduceOnlyThreshold : 65              : Expected reduceOnlyThreshold below the stop loss
reduceOnlyThreshold : 25%             : Expected a number
reduceOnlyMaxSlippagePct : 3          : less than 0.05
reduceOnlyMaxSlippagePct : 3bps       : Expected a number
reduceOnlyMaxSlippagePct : 0          : greater than 0
reduceOnlyMarketTriggerPct : 15       : less than or equal to 1
reduceOnlyMarketTriggerPct : 15%      : Expected a number
drawdownBands   : [5, 12, 8]          : Expected drawdownBands above 0 and rising
drawdownBands   : [5, 8]              : one a band
drawdownBands   : []                  : drawdownBands
drawdownBands   : 5                   : Expected a list
drawdownBands   : "5, 8, 12"          : Expected a list
drawdownBands   : [5, 8, .nan]        : Expected a finite number
drawdownBands   : [5, 8, "12"]        : Expected a number
drawdownBands   : [-5, 8, 12]         : Expected drawdownBands above 0
drawdownBands   : [5, 8, 30]          : Expected reduceOnlyThreshold above the last band
drawdownBands   : {1: 5}              : Expected
reduceFractions : [0.15, 0.25]        : one a band
reduceFractions : [15, 25, 40]        : Expected reduceFractions within 0 .. 1
reduceFractions : [0.4, 0.25, 0.15]   : Expected reduceFractions not falling
reduceFractions : [15%, 25%, 40%]     : Expected a number
reduceMode      : maker_then_taker    : Expected 'maker_first_then_taker' or 'taker'
reduceMode      : maker               : Expected 'maker_first_then_taker' or 'taker'
reduceMode      : [taker]             : Expected 'maker_first_then_taker' or 'taker'
reduceCooldownSeconds : -1            : greater than or equal to 0
reduceCooldownSeconds : 2 min         : Expected a number
shockPct        : 10                  : less than 1
shockPct        : 10%                 : Expected a number
shockPct        : 0                   : greater than 0
bufferFlattenPct : 0.06               : Expected bufferFlattenPct below bufferRedlinePct
priceCollarPct  : 0.0001              : priceCollarPct
noiseErrorPct   : [0.2, 0.1, 0.05]    : noiseErrorPct above 0 and rising
rejectLimit     : 1                   : greater than or equal to 2
tickSize        : 0.1                 : Expected tick_size 0.01 as in binance_usdm_ethusdc.yml
stepSize        : 0.01                : Expected step_size 0.001
minQty          : 0.002               : Expected min_qty 0.001
maxQty          : 10000               : Expected max_qty 1000
minNotional     : 5                   : Expected min_notional 10
minNotional     : 10 USDC             : Expected a number
tickSize        : 0                   : greater than 0
apiKey          : 12345               : Expected text
apiSecret       : key-${BINANCE}      : not shown
baseURL         : fapi.binance.com    : pattern
baseURL         : ${BASE}             : at least 8 characters
account         : ${ACCOUNT}          : is for secrets only
source          : recordings          : Expected 'synthetic', 'recording' or 'live'
source          : recording           : Expected market.paths for market.source recording
paths           : a.parquet           : Expected a list
paths           : [1]                 : Expected text
speed           : max                 : Expected a number
speed           : 0                   : greater than 0
queue           : fifo                : Expected 'risk_averse', 'power' or 'log'
queuePower      : 0                   : greater than 0
latency         : none                : Expected 'constant', 'lognormal' or 'recorded'
hours           : 4h                  : Expected a number
hours           : 0                   : greater than 0
hours           : 04:00               : Expected a number
count           : -1                  : greater than or equal to 0
count           : forever             : Expected a whole number
onRoundEnd      : hold                : Expected 'flatten' or 'carry'
metricsPort     : 80800               : less than or equal to 65535
metricsPort     : ":8080"             : Expected a whole number
metrics         : off                 : Expected true or false
logLevel        : warning             : Expected 'debug', 'info', 'warn' or 'crit'
palette         : dark                : Expected 'default', 'classic' or 'mono'
refreshHz       : 60                  : less than or equal to 4
refreshHz       : 2Hz                 : Expected a number
onTerminalLost  : ignore              : Expected 'continue', 'halt' or 'flatten'
unattendedGraceS : 15min              : Expected a number
doublePressFlattens : y               : Expected true or false
keys            : [f]                 : Expected a mapping
days            : 0.5                 : Expected a whole number
gigabytes       : 10 GB               : Expected a number
"""

# old text -> new text, line of the fault by its text, what the message must say
TEXTS = [
    ("equity: 200", "equty: 200", "equty", "did you mean 'equity'"),
    ("strategies:", "strategy:", "strategy", "Expected"),
    ("  - name: mm-eth", "  - name: MM ETH", "name: MM ETH", "pattern"),
    ("  - name: mm-eth", "  - nme: mm-eth", "nme", "did you mean 'name'"),
    ("      spacingRatio:", "      spacingRato:", "spacingRato", "did you mean 'spacingRatio'"),
    ("      spacingRatio:", "      SpacingRatio:", "SpacingRatio", "did you mean 'spacingRatio'"),
    ("      baseSize:", "      base-size:", "base-size", "did you mean"),
    ("      netMax:", "      netMx:", "netMx", "did you mean 'netMax'"),
    ("      stopLoss:", "      stop:", "      stop:", "Expected a known key"),
    ("      tickSize:", "      tick:", "      tick:", "Expected a known key"),
    ("    risk:", "    risks:", "risks", "did you mean 'risk'"),
    ("    params:", "    parameters:", "parameters", "did you mean 'params'"),
    ("    params:", "    params: 5\n    x:", "params: 5", "Expected a mapping"),
    ("market:", "markets:", "markets", "did you mean 'market'"),
    ("  speed: 1 ", "  sped: 1 ", "sped", "did you mean 'speed'"),
    ("rounds:", "round:", "round:", "did you mean 'rounds'"),
    ("  onRoundEnd:", "  onRoundsEnd:", "onRoundsEnd", "did you mean"),
    ("  metricsPort:", "  metricPort:", "metricPort", "did you mean"),
    ("console:", "consol:", "consol:", "did you mean 'console'"),
    ("retention:", "retentions:", "retentions", "did you mean 'retention'"),
    ("  apiKey:", "  apiKye:", "apiKye", "did you mean"),
    ("exchange: ", "Exchange: ", "Exchange", "did you mean 'exchange'"),
    ("equity: 200", "equity: 200\nequity: 300", "equity: 300", "duplicate key"),
    ("      netMax: 0.21", "      netMax: 0.21\n      netMax: 0.3", "netMax: 0.3", "duplicate key"),
    ("      netMax: 0.21", "      netMax: 0.21\n      net_max: 0.3", "net_max", "one spelling"),
    ("      maxLayers: 24", "      maxLayers: 24\n      max_layers: 24", "max_layers", "one spelling"),
    ("      maxLayers: 24", "      maxLayers: 24\n      netMax: 0.3", "      netMax: 0.21", "as in params"),
    ("      maxLayers: 24", "      maxLayers: 24\n      singleMax: 0.05", "singleMax: 0.06", "as in params"),
    ("      spacingRatio:", "\tspacingRatio:", "\tspacingRatio", "YAML"),
    ("      spacingRatio:", "     spacingRatio:", "     spacingRatio", "YAML"),
    ("      spacingRatio:", "        spacingRatio:", "        spacingRatio", "YAML"),
    ("  hours: 4", " hours: 4\n  x: 1", "  x: 1", "YAML"),
    ("rounds:\n", "rounds\n", "", "YAML"),
    ("equity: 200", "equity 200", "", "YAML"),
    ("equity: 200", "equity: [200", "", "YAML"),
    ("equity: 200", "equity: 'two hundred", "", "YAML"),
    ("equity: 200", "? [a, b]\n: 200", "", "Expected a text key"),
    ("equity: 200", "7: 200", "7: 200", "Expected a text key"),
    ("equity: 200", "equity: *all", "*all", "YAML"),
    ("    venue: binance_usdm", "    #", "name: mm-eth", "legs of a pair, was symbol alone"),
    ("    symbol: ETHUSDC", "    #", "name: mm-eth", "legs of a pair, was venue alone"),
    ("venue: binance_usdm", "venue: standx", "symbol: ETHUSDC", "did you mean standx BTCUSD"),
    ("    kind: asmm", "    #", "name: mm-eth", "Expected strategies.0.kind, found no such key"),
    ("rounds:\n", "rounds: 4\nx:\n", "rounds: 4", "Expected a mapping"),
    ("rounds:\n", "rounds: [4]\nx:\n", "rounds: [4]", "Expected a mapping"),
    ("gateway: ", "gateway: secret\nx: ", "gateway: secret", "Expected"),
]


def _line(text: str, part: str) -> int:
    lines = list(enumerate(text.splitlines(), 1))
    starts = [n for n, line in lines if line.strip().startswith(part.strip())]
    return starts[0] if starts else next(n for n, line in lines if part in line)


def _named(message: str, text: str) -> set[int]:
    """Lines of every key that a message names: a rule between two keys may point at either."""
    keys = {to_camel(word) if "_" in word else word for word in re.findall(r"\w+", message)}
    lines = enumerate(text.splitlines(), 1)
    return {n for n, line in lines if (key := re.match(r"\s*(?:- )?(\w+):", line)) and key[1] in keys}


def _values() -> list[tuple[str, str, int, str]]:
    cases = []
    for row in VALUES.strip().splitlines():
        key, bad, say = (part.strip() for part in re.split(r"\s+:\s+", row, maxsplit=2))
        pattern = re.compile(rf"^(\s*(?:- )?){key}: .*$", re.MULTILINE)
        assert pattern.search(BASE), key
        text = pattern.sub(lambda m, key=key, bad=bad: f"{m[1]}{key}: {bad}", BASE, count=1)  # type: ignore[misc]
        cases.append((f"{key}: {bad}", text, _line(text, f"{key}: {bad}"), say))
    return cases


def _texts() -> list[tuple[str, str, int, str]]:
    cases = []
    for old, new, at, say in TEXTS:
        assert BASE.count(old) >= 1, old
        text = BASE.replace(old, new, 1)
        cases.append((new.strip().replace("\n", " / "), text, _line(text, at) if at else 0, say))
    return cases


CASES = [*_values(), *_texts()]


def test_there_are_more_than_two_hundred_cases() -> None:
    assert len(CASES) >= 200 and len({text for _, text, _, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(("text", "line", "say"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_config_error_is_refused_with_line_and_reason(tmp_path: pathlib.Path, text: str, line: int, say: str) -> None:
    """R-C1."""
    path = tmp_path / "bad.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, SCHEMAS, {})
    message = str(caught.value)
    assert say in message
    assert re.match(rf"{re.escape(str(path))}:\d+: Expected ", message)
    if line:
        assert caught.value.line in {line} | _named(message, text), message
    assert caught.value.code == 1


def test_the_base_of_all_cases_loads(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "good.yml"
    path.write_text(BASE, encoding="utf-8")
    assert load(path, SCHEMAS, {}).settings.equity == 200
