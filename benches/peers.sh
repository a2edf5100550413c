#!/usr/bin/env bash
# omega-sweep beside the tools a user could install instead: by turns in one run, CPU time per bar and parameter set.
#
#   benches/peers.sh                           W1 and W2, vectorbt and whatever else is installed in target/peers-venv
#   benches/peers.sh --workloads w1 --rounds 5 --tools vectorbt
#
# Options are those of benches/peers/compare.py; --data DIR names the folder with SYN01 (default: target/bench-data, made
# by `.ci/run right-numbers`), --program FILE the program (default: target/ci/omega-sweep, built when it is missing).
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$PWD/target/peers-venv
python=$venv/bin/python
if ! "$python" -c 'import vectorbt, vectorbt_rust' 2>/dev/null; then
  echo "peers: installing vectorbt into target/peers-venv" >&2
  python3 -m venv "$venv"
  "$python" -m pip install --quiet --disable-pip-version-check -r benches/peers/requirements.txt
fi

arguments=("$@")
given() { local word; for word in "${arguments[@]}"; do [[ $word == "$1" || $word == "$1="* ]] && return 0; done; return 1; }
if ! given --program; then
  [ -x target/ci/omega-sweep ] || cargo build --locked --profile ci --bin omega-sweep
  arguments+=(--program target/ci/omega-sweep)
fi
if ! given --data; then
  [ -d target/bench-data/SYN01 ] || { echo "peers: no target/bench-data/SYN01: name the workloads' data with --data DIR" >&2; exit 2; }
  arguments+=(--data target/bench-data)
fi
exec "$python" benches/peers/compare.py "${arguments[@]}"
