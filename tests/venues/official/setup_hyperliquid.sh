#!/usr/bin/env bash
# Makes .venv-hyperliquid with the official Python client, for the test of the loopback venue alone: it pins libraries
# that ccxt pins otherwise, so it is no dependency of ours. VENV= chooses the folder, PYTHON= the interpreter.
set -euo pipefail
cd "$(dirname "$0")/../../.."
venv=${VENV:-.venv-hyperliquid}
[ -x "$venv"/bin/python ] || "${PYTHON:-.venv/bin/python}" -m venv "$venv"
"$venv"/bin/python -m pip --disable-pip-version-check --quiet install "hyperliquid-python-sdk==0.24.0"
"$venv"/bin/python -c 'import hyperliquid.exchange'
echo "set-up: the official Hyperliquid client is in $venv"
