"""Runs omega-sweep and other tools by turns and prints what each costs per bar and parameter set, and the ratios.

Called by benches/peers.sh. Every round runs every tool once; of all rounds the least CPU time counts, and the ratios of
single rounds tell how steady the comparison is.
"""
import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = {"vectorbt": "vectorbt", "raptorbt": "raptorbt", "backtesting": "backtesting"}
# vectorbt needs 7.5 GB for all 720 sets of W2; the figure is per set.
MOST_SETS = {"w1": "0", "w2": "72"}


def output(command):
    # Settings that make an old BLAS safe on this machine slow a new one down.
    plain = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    done = subprocess.run(command, capture_output=True, text=True, env=plain)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        print(f"peers: {Path(command[1]).stem if len(command) > 1 else command[0]}: {said}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def omega(program, data, workload, repeat):
    line = output([program, "bench", "--workload", workload, "--data", data, "--repeat", str(repeat), "--json"])
    if line is None:
        sys.exit(1)
    numbers = line["numbers"] or {"right": 0}
    return {**line, "right": numbers["right"]}


def peer(tool, data, workload, repeat):
    return output([sys.executable, str(HERE / f"run_{tool}.py"), data, workload, MOST_SETS[workload], str(repeat)])


def rounds(arguments, workload, tools):
    """{tool: [figures of round 1, 2, ...]}"""
    figures = {}
    for turn in range(arguments.rounds):
        print(f"peers: {workload}, round {turn + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
        figures.setdefault("omega-sweep", []).append(
            omega(arguments.program, arguments.data, workload, arguments.repeat))
        for tool in list(tools):
            line = peer(tool, arguments.data, workload, 2)
            if line is None:
                tools.remove(tool)
                continue
            figures.setdefault(tool, []).append(line)
    return figures


def rows(workload, figures):
    cost = lambda line: line["cpu_ns_per_bar_set"]
    own = figures["omega-sweep"]
    for tool, lines in figures.items():
        least = min(lines, key=cost)
        single = [cost(theirs) / cost(ours) for theirs, ours in zip(lines, own)]
        ratio = cost(least) / cost(min(own, key=cost))
        spread = "" if tool == "omega-sweep" else f"{ratio:.1f}x ({min(single):.1f} to {max(single):.1f})"
        yield (workload, f"{least['tool']} {least['version']}", str(least["sets"]), f"{cost(least):.3f}", spread,
               f"{least['right']}/{least['sets']}", f"{least['peak_rss'] / 2**20:.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with the workloads' SYN01")
    parser.add_argument("--program", required=True, help="omega-sweep to measure")
    parser.add_argument("--workloads", nargs="+", default=["w1", "w2"], choices=["w1", "w2"])
    parser.add_argument("--tools", nargs="+", choices=sorted(MODULES), help="default: all that are installed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=5, help="repetitions of omega-sweep within a round")
    parser.add_argument("--json", help="also write every figure into this file")
    arguments = parser.parse_args()
    tools = arguments.tools or [tool for tool, module in MODULES.items() if find_spec(module)]
    everything, table = {}, []
    for workload in arguments.workloads:
        everything[workload] = rounds(arguments, workload, [t for t in tools if workload == "w1" or t == "vectorbt"])
        table += rows(workload, everything[workload])
    head = ("workload", "tool", "sets", "cpu ns per bar-set", "omega-sweep is faster by", "right", "MiB")
    print("| " + " | ".join(head) + " |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for row in table:
        print("| " + " | ".join(row) + " |")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
