#!/usr/bin/env bash
# Makes .venv-binance with Binance's two Python clients (the old connector and the SDK that replaces it), for the tests
# of the loopback venue alone: no dependency of ours. VENV= chooses the folder, PYTHON= the interpreter.
set -euo pipefail
cd "$(dirname "$0")/../../.."
venv=${VENV:-.venv-binance}
[ -x "$venv"/bin/python ] || "${PYTHON:-.venv/bin/python}" -m venv "$venv"
"$venv"/bin/python -m pip --disable-pip-version-check --quiet install \
    "binance-futures-connector==4.2.0" "binance-sdk-derivatives-trading-usds-futures==18.0.1"
"$venv"/bin/python -c 'import binance.um_futures, binance_sdk_derivatives_trading_usds_futures'
echo "set-up: Binance's own clients are in $venv"
