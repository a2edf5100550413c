"""The market and the grids of W1 and W2, the clock, and the comparison with the recorded results."""
import json
import resource
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

PIP = 0.0001
UNITS = 100_000.0
PAIRS = [(fast, slow) for fast in range(5, 51, 5) for slow in range(60, 201, 20)]
LEVELS = [(stop, target) for stop in (10, 20, 40) for target in (10, 20, 40)]
RECORDED = Path(__file__).resolve().parents[2] / "src/bench/workloads"


def sets(workload, most):
    """The first `most` parameter sets (0 = all): pairs, and for W2 pairs with levels."""
    if workload == "w1":
        return [pair for pair in PAIRS][: most or None]
    pairs = PAIRS[: max(1, most // len(LEVELS))] if most else PAIRS
    return [pair + level for pair in pairs for level in LEVELS]


def side(folder, name):
    table = parquet.read_table(Path(folder) / "SYN01" / f"SYN01_M1_{name}.parquet")
    return {column: table[column].to_numpy() for column in ("Open", "High", "Low", "Close")}, table["UTC time"].to_numpy()


def market(folder):
    """Bid and ask columns and the open times."""
    bid, times = side(folder, "BID")
    ask, _ = side(folder, "ASK")
    return bid, ask, times


def ema_loop(close, weight):
    out = np.empty(len(close))
    value = close[0]
    out[0] = value
    for row in range(1, len(close)):
        value = weight * close[row] + (1.0 - weight) * value
        out[row] = value
    return out


try:
    from numba import njit

    ema_loop = njit(cache=True)(ema_loop)
except ImportError:
    pass


def averages(close, pairs):
    """Every moving average that any pair needs, once."""
    return {period: ema_loop(close, 2.0 / (period + 1.0)) for period in sorted({p for pair in pairs for p in pair[:2]})}


def crosses(fast, slow, first):
    """Rows on which the fast average crosses up and down; none before row `first` and none on the last row."""
    above, below = fast > slow, fast < slow
    up, down = np.zeros(len(fast), bool), np.zeros(len(fast), bool)
    up[1:] = above[1:] & ~above[:-1]
    down[1:] = below[1:] & ~below[:-1]
    for rows in (up, down):
        rows[:first] = False
        rows[-1] = False
    return up, down


def cpu():
    """Processor seconds of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def right(workload, results):
    """How many of the results have the recorded number of trades and profit."""
    names = ("fast", "slow") if workload == "w1" else ("fast", "slow", "sl_pips", "tp_pips")
    with open(RECORDED / f"expected_{workload}.json", encoding="utf-8") as file:
        recorded = {tuple(one[name] for name in names): one for one in json.load(file)["sets"]}
    same = lambda key, trades, profit: trades == recorded[key]["trades"] and abs(profit - recorded[key]["net_pnl"]) < 0.01
    return sum(same(key, trades, profit) for key, (trades, profit) in results.items())


def measured(tool, version, workload, bars, run, repeat):
    """Runs `run` (a function without arguments that gives {set: (trades, profit)}) and prints one line of figures."""
    used = []
    for _ in range(repeat):
        before = cpu()
        results = run()
        used.append(cpu() - before)
    line = {
        "tool": tool, "version": version, "workload": workload, "bars": bars, "sets": len(results),
        "cpu_s_all": used, "cpu_ns_per_bar_set": min(used) * 1e9 / (bars * len(results)),
        "right": right(workload, results),
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    json.dump(line, sys.stdout)
    print(flush=True)
