#!/usr/bin/env bash
# The fast tests on every other supported Python that is found here (PATH or pyenv), each in its own .venv-3.x (UC-12).
# The Python of .venv is left to make check and make test. Arguments go to pytest: `make pythons ARGS=tests/unit`.
set -euo pipefail
cd "$(dirname "$0")/.."

works() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" 2>/dev/null; }

find_python() { # 3.12 -> an interpreter, or nothing
  local build
  if works "python$1" "$1"; then echo "python$1"; return; fi
  command -v pyenv >/dev/null || return 0
  build=$(pyenv versions --bare 2>/dev/null | grep -E "^${1//./\\.}\.[0-9]+$" | tail -n 1 || true)
  if [ -n "$build" ]; then echo "$(pyenv prefix "$build")/bin/python"; fi
}

for version in 3.11 3.12 3.13; do
  if [ -x .venv/bin/python ] && works .venv/bin/python "$version"; then continue; fi
  python=$(find_python "$version")
  if [ -z "$python" ]; then
    echo "pythons: $version is not installed here; skipped"
    continue
  fi
  venv=.venv-$version stamp=.venv-$version/.stamp-dev
  if ! [ "$stamp" -nt pyproject.toml ] || ! [ "$stamp" -nt constraints.txt ]; then
    PYTHON=$python VENV=$venv tools/setup.sh dev "$stamp"
  fi
  echo "pythons: the fast tests on $version"
  PYTHONHASHSEED=0 "$venv/bin/python" -m pytest -q -n "${WORKERS:-2}" -m "not slow and not tmux" "$@"
done
