"""vectorbt (open source) on W1 and W2 with its compiled engine.

A signal stays on its bar and brings the next bar's open as its price, so the levels are looked at from the entry bar on.
Bid and ask become a mid price with half the spread as slippage: a buy fills at the ask, a sale at the bid.
"""
import sys

import numpy as np
import vectorbt
import workload as w
from vectorbt.portfolio.enums import StopEntryPrice, StopExitPrice


def column(values):
    return values.reshape(-1, 1)


class Market:
    def __init__(self, folder):
        self.bid, ask, _ = w.market(folder)
        following = lambda values: np.append(values[1:], values[-1])
        bid_open, self.ask_open = following(self.bid["Open"]), following(ask["Open"])
        mid = (bid_open + self.ask_open) / 2
        self.fills = {"price": column(mid), "slippage": column((self.ask_open - bid_open) / 2 / mid)}
        self.bars = {"open": column(self.bid["Open"]), "high": column(self.bid["High"]), "low": column(self.bid["Low"])}

    def signals(self, pairs):
        lines = w.averages(self.bid["Close"], pairs)
        shape = (len(self.bid["Close"]), len(pairs))
        up, down = np.zeros(shape, bool, order="F"), np.zeros(shape, bool, order="F")
        for place, (fast, slow) in enumerate(pairs):
            up[:, place], down[:, place] = w.crosses(lines[fast], lines[slow], slow)
        return up, down

    def portfolio(self, entries, exits, **levels):
        return vectorbt.Portfolio.from_signals(
            column(self.bid["Close"]), entries, exits, size=w.UNITS, fees=0.0, init_cash=1e9, freq="1min",
            engine="rust", **self.fills, **self.bars, **levels)

    def run(self, keys):
        pairs = list(dict.fromkeys(key[:2] for key in keys))
        up, down = self.signals(pairs)
        if len(keys[0]) == 2:
            return results(self.portfolio(up, down), pairs, ())
        out, never = {}, np.zeros((len(up), 1), bool)
        for stop, target in w.LEVELS:
            done = self.portfolio(
                up, never, sl_stop=column(stop * w.PIP / self.ask_open), tp_stop=column(target * w.PIP / self.ask_open),
                stop_entry_price=StopEntryPrice.FillPrice, stop_exit_price=StopExitPrice.StopLimit)
            out.update(results(done, pairs, (stop, target)))
        return out


def results(portfolio, pairs, level):
    records = portfolio.trades.records_arr
    trades = np.bincount(records["col"], minlength=len(pairs))
    profit = np.bincount(records["col"], weights=records["pnl"], minlength=len(pairs))
    return {pair + level: (int(n), float(p)) for pair, n, p in zip(pairs, trades, profit)}


def main(folder, workload, most, repeat):
    market, keys = Market(folder), w.sets(workload, int(most))
    market.run(keys[: len(w.LEVELS)] if workload == "w2" else keys[:1])  # compiled and warm
    bars = len(market.bid["Close"])
    w.measured("vectorbt", vectorbt.__version__, workload, bars, lambda: market.run(keys), int(repeat))


main(*sys.argv[1:])
