#!/usr/bin/env bash
# Makes .venv with the pinned versions. Called by the Makefile: tools/setup.sh run|dev STAMP
# Quiet, except for what it is doing and for what went wrong. PYTHON= chooses the interpreter, VENV= the folder.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1 stamp=$2 venv=${VENV:-.venv}

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }
version() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || echo "not found"; }

choose() {
  if [ -n "${PYTHON:-}" ]; then
    supported "$PYTHON" && { echo "$PYTHON"; return; }
    echo "Expected Python 3.11, 3.12 or 3.13 in PYTHON, was $PYTHON ($(version "$PYTHON"))." >&2
    return 1
  fi
  for name in python3.13 python3.12 python3.11 python3; do
    supported "$name" && { echo "$name"; return; }
  done
  echo "Expected Python 3.11, 3.12 or 3.13, was python3 $(version python3)." >&2
  echo "Install one (Debian: apt install python3.11 python3.11-venv) or name it: make PYTHON=/path/to/python3.12 run" >&2
  return 1
}

quietly() { # show the output only if the command fails
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else
    cat "$log" >&2
    rm -f "$log"
    echo "Set-up failed at: $*" >&2
    return 1
  fi
}

if [ -x "$venv"/bin/python ] && ! supported "$venv/bin/python"; then
  echo "set-up: $venv has Python $(version "$venv/bin/python"), which is not supported; making a new one"
  rm -rf "$venv"
fi
if [ ! -x "$venv"/bin/pip ]; then
  python=$(choose)
  echo "set-up: making $venv with Python $(version "$python")"
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    echo "Expected the venv module of $python, was missing (Debian: apt install python3-venv)." >&2
    exit 1
  fi
  quietly "$python" -m venv "$venv"
fi

pip=("$venv"/bin/python -m pip --disable-pip-version-check --quiet)
case $kind in
  run) what=. words="the program" ;;
  dev) what=".[dev]" words="the program and its test tools" ;;
  lab) what=".[dev,lab]" words="the program, its test tools and the lab" ;;
  *) echo "Expected run, dev or lab, was $kind." >&2; exit 64 ;;
esac
echo "set-up: installing $words, versions of constraints.txt (the first time takes a minute or two)"
# The build backend comes from the pins too: no isolated build, so nothing is fetched once everything is there.
quietly "${pip[@]}" install --only-binary :all: -c constraints.txt setuptools
quietly "${pip[@]}" install --only-binary :all: --no-build-isolation -c constraints.txt -e "$what"
touch "$stamp"
case $kind in dev) touch "$venv"/.stamp-run ;; lab) touch "$venv"/.stamp-run "$venv"/.stamp-dev ;; esac
echo "set-up: done"
