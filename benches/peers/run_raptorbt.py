"""raptorbt on W1: its batch call over all sets. It knows one price series, so trades compare and money does not.

W2 cannot be said to it: after a stop it takes no entry until an exit signal has been seen.
"""
import importlib.metadata
import os
import sys

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["RAPTORBT_NO_VERSION_CHECK"] = "1"

import numpy as np
import raptorbt
import workload as w

AT_A_TIME = 16


def run(bid, times, keys):
    lines = w.averages(bid["Close"], keys)
    volume, out = np.ones(len(times)), {}
    config = raptorbt.BacktestConfig(initial_capital=1e6, fees=0.0, slippage=0.0, fill_timing="next_bar_open")
    for start in range(0, len(keys), AT_A_TIME):
        part = {str(place): key for place, key in enumerate(keys[start : start + AT_A_TIME])}
        items = [raptorbt.BatchSingleItem(place, *w.crosses(lines[key[0]], lines[key[1]], key[1]), config=config)
                 for place, key in part.items()]
        columns = [bid[name] for name in ("Open", "High", "Low", "Close")]
        for place, result in raptorbt.batch_single_backtest(times, *columns, volume, items, config):
            metrics = result.metrics() if callable(result.metrics) else result.metrics
            out[part[place]] = (int(metrics.total_trades), 0.0)
    return out


def main(folder, workload, most, repeat):
    if workload != "w1":
        sys.exit("raptorbt: only w1")
    bid, _, times = w.market(folder)
    times, keys = times.astype("datetime64[ns]").astype(np.int64), w.sets(workload, int(most))
    w.measured("raptorbt", importlib.metadata.version("raptorbt"), workload, len(times),
               lambda: run(bid, times, keys), int(repeat))


main(*sys.argv[1:])
