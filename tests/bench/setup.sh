#!/bin/sh
# Environments of the engines that `make bench` compares with, one each: their pins contradict each other and ours.
# PYTHON311 and PYTHON312 name interpreters; else they are looked for. An absent one leaves its row "not run".
set -eu
cd "$(dirname "$0")/../.."

find_python() {  # version -> a path, or nothing
    for name in "$2" "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python /opt/python/"$1"*/bin/python3 /usr/local/bin/python"$1"; do
        [ -n "$name" ] || continue
        path=$(command -v "$name" 2>/dev/null) || continue
        if "$path" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$path"
            return
        fi
    done
}

install() {  # name, version, interpreter asked for
    folder=".venv-bench-$1"
    if [ ! -x "$folder/bin/python" ]; then
        python=$(find_python "$2" "$3")
        if [ -z "$python" ]; then
            echo "bench-setup: no Python $2 found (PYTHON$(echo "$2" | tr -d .)=... names one): the row of $1 will say \"not run\""
            return
        fi
        "$python" -m venv "$folder"
    fi
    echo "bench-setup: $folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        -r "tests/bench/requirements-$1.txt" || { echo "bench-setup: $1 was not installed: its row will say \"not run\""; rm -rf "$folder"; }
}

install hft 3.11 "${PYTHON311:-}"
install nautilus 3.12 "${PYTHON312:-}"
install vbt 3.11 "${PYTHON311:-}"
