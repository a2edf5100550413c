"""backtesting.py on two sets of W1, one run per set. It knows one price series: trades compare and money does not."""
import importlib.metadata
import sys
import warnings

import pandas
import workload as w

warnings.simplefilter("ignore")
import backtesting
import backtesting.backtesting as core

core._tqdm = lambda items, **_: items  # no progress bar


class Cross(backtesting.Strategy):
    up = down = None

    def init(self):
        pass

    def next(self):
        row = len(self.data) - 1
        if self.position:
            if self.down[row]:
                self.position.close()
        elif self.up[row] and not self.orders:
            self.buy(size=int(w.UNITS))


def run(frame, close, keys):
    lines, out = w.averages(close, keys), {}
    for key in keys:
        up, down = w.crosses(lines[key[0]], lines[key[1]], key[1])
        test = backtesting.Backtest(frame, Cross, cash=1e9, finalize_trades=True)
        out[key] = (int(test.run(up=up, down=down)["# Trades"]), 0.0)
    return out


def main(folder, workload, _most, repeat):
    if workload != "w1":
        sys.exit("backtesting.py: only w1")
    bid, _, times = w.market(folder)
    frame = pandas.DataFrame({**bid, "Volume": 1.0}, index=pandas.DatetimeIndex(times))
    keys = [w.PAIRS[0], w.PAIRS[-1]]
    w.measured("backtesting.py", importlib.metadata.version("backtesting"), workload, len(frame),
               lambda: run(frame, bid["Close"], keys), int(repeat))


main(*sys.argv[1:])
