#!/usr/bin/env python3
"""How fast strategies written as rules sweep beside the same strategies built in: a table on standard output.

    python3 benches/rules.py                         generated H1 bars, made below target/rules and kept there
    python3 benches/rules.py --data FOLDER           EURUSD H1 bars of a folder of one's own

Both kinds of a pair run by turns, one thread, and the least CPU time of all repetitions counts. A pair whose trades
or profits differ ends the program with exit code 1.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "target/rules"

CROSS = {"fast": {"from": 5, "to": 50, "step": 5}, "slow": {"from": 60, "to": 200, "step": 10},
         "stop_pips": [20, 30, 40, 60]}
BANDS = {"bands_length": {"from": 10, "to": 60, "step": 5}, "bands_factor": {"from": 1.5, "to": 2.6, "step": 0.1},
         "stop_atr": [1.5, 2.0, 3.0]}
SCORES = {"window_length": [60, 120, 180, 240], "b_b_length": [20, 28, 36, 44, 52],
          "z_score_long": {"from": -1.8, "to": -0.6, "step": 0.2}, "std_factor": {"from": 1.4, "to": 2.4, "step": 0.2}}
SCENARIO = {"z_score_short": 1.0, "kalman_r": 0.01, "kalman_q": 0.5, "atr_length": 14, "atr_mult": 2.0}

# Name of the pair, its parameters, the strategy built in, the strategy as rules.
PAIRS = [
    ("ema_cross", CROSS, {"id": "ema_cross", "base": {"target_pips": None}}, {"rules": {
        "let": {"f": "ema(close, fast)", "s": "ema(close, slow)", "ready": "prev(close, slow) > 0"},
        "long": "crosses_above(f, s) and ready", "exit_long": "crosses_below(f, s) and ready",
        "short": "crosses_below(f, s) and ready", "exit_short": "crosses_above(f, s) and ready",
        "stop_distance": "stop_pips * 0.0001"}}),
    ("bollinger_reversion", BANDS, {"id": "bollinger_reversion", "base": {"target_atr": None}}, {"rules": {
        "let": {"m": "bollinger(close, bands_length, bands_factor).middle"},
        "long": "close <= bollinger(close, bands_length, bands_factor).lower", "exit_long": "close >= m",
        "short": "close >= bollinger(close, bands_length, bands_factor).upper", "exit_short": "close <= m",
        "stop_distance": "stop_atr * atr(14)"}}),
    ("scenario 2", SCORES, {"id": "mean_reversion_z_score", "base": SCENARIO | {
        "enabled_scenarios": [2], "direction_filter": "long", "max_holding_minutes": None, "htf_tf": "NONE",
        "extra_htf_tf": "NONE"}}, {"rules": {
            "long": "kalman_zscore(close, window_length, 0.01, 0.5) <= z_score_long"
                    " and close <= bollinger(close, b_b_length, std_factor).lower",
            "stop": "round(low - 2.0 * atr(14), 5)", "target": "round(sma(close, b_b_length), 5)"}}),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "target/ci/omega-sweep")
    parser.add_argument("--data", type=Path, help="folder of EURUSD H1 bars (default: generated ones)")
    parser.add_argument("--rounds", type=int, default=3, help="how often both kinds of a pair take their turn (3)")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    data = options.data or generated(options.program)
    print("| strategy | sets | built in, CPU s | as rules, CPU s | speed of the rules |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, parameters, built_in, rules in PAIRS:
        least = [None, None]
        for _ in range(options.rounds):
            lines = [measure(options.program, data, parameters, kind) for kind in (built_in, rules)]
            if lines[0]["trades"] != lines[1]["trades"] or lines[0]["profit_net"] != lines[1]["profit_net"]:
                sys.exit(f"rules.py: {name}: trades or profit of the rules are not those of the built-in")
            least = [min(filter(None, [old, min(line["cpu_s_all"])])) for old, line in zip(least, lines)]
        print(f"| `{name}` | {lines[0]['sets']} | {least[0]:.3f} | {least[1]:.3f} | {least[0] / least[1]:.0%} |", flush=True)


def generated(program):
    folder = WORK / "h1"
    if not (folder / "dataset.json").exists():
        command = [program, "data", "generate", "--out", folder, "--timeframe", "H1", "--bars", "62000", "-q"]
        subprocess.run([*command, "--symbols", "EURUSD"], check=True, stdout=subprocess.DEVNULL)
    return folder


def measure(program, data, parameters, strategy):
    """The figures of one sweep, as `omega-sweep bench --json` gives them."""
    file = WORK / "sweep.json"
    file.write_text(json.dumps({
        "data": {"path": str(data.resolve()), "symbols": ["EURUSD"], "timeframes": {"primary": "H1"}, "holdout": "none"},
        "strategy": strategy, "parameters": parameters, "sampler": {"kind": "grid", "order": "lexicographic"},
        "output": {"daily_returns": "none"},
    }))
    command = [program, "bench", "--workload", file, "--json", "-q", "--repeat", "3"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


main()
