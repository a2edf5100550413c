#!/usr/bin/env python3
"""How the time of a sweep grows with trials, bars, symbols, trades and threads: a table and docs/images/growth.svg.

    python3 benches/growth.py                        all series, about ten minutes; then the picture
    python3 benches/growth.py --quick                without the largest sizes
    python3 benches/growth.py --from FILE            draws again from figures of an earlier run

The market is generated below target/growth and kept there. Times are CPU seconds of one thread, the least of some
repetitions, as `omega-sweep bench` gives them; only the series over threads shows time on the wall. The table goes to
standard output, the figures to target/growth/growth.json.
"""
import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "target/growth"
PICTURE = ROOT / "docs/images/growth.svg"
SYMBOLS = [code + "USD" for code in (
    "AED ARS AUD AZN BGN BHD BRL BWP CAD CHF CLP CNY COP CRC CZK DKK DOP DZD EGP EUR GBP GEL GHS HKD HUF "
    "IDR ILS INR ISK JOD KES KRW KWD KZT LKR MAD MXN MYR NAD NOK NZD OMR PEN PHP PLN QAR RON RSD SAR SEK").split()]


def market(program, name, timeframe, bars, symbols=("EURUSD",)):
    """A generated market, made once."""
    folder = WORK / name
    if not (folder / "dataset.json").exists():
        said(f"generating {name}")
        command = [program, "data", "generate", "--out", folder, "--timeframe", timeframe, "--bars", str(bars), "-q"]
        subprocess.run([*command, "--symbols", ",".join(symbols)], check=True, stdout=subprocess.DEVNULL)
    return folder


def said(text):
    print(f"growth: {text}", file=sys.stderr, flush=True)


def measure(program, folder, parameters, engine=None, threads=1, repeat=3):
    """The figures of one sweep of ema_cross; whatever engine setting is not named has its default."""
    file = WORK / "sweep.json"
    file.write_text(json.dumps({
        "data": {"path": str(folder), "holdout": "none"},
        "strategy": {"id": "ema_cross", "base": {"stop_pips": None, "target_pips": None}, "engine": engine or {}},
        "parameters": parameters, "sampler": {"kind": "grid", "order": "lexicographic"},
        "output": {"daily_returns": "none"},
    }))
    command = [program, "bench", "--workload", file, "--json", "-q", "-j", str(threads), "--repeat", str(repeat)]
    line = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    line["cpu_s"] = line["user_s"] + line["sys_s"]
    said(f"  {line['sets']} sets x {line['bars']} bars: {line['cpu_s']:.3f} s")
    return line


def levels(count):
    """`count` pairs of stop and target: values that differ and change little."""
    stops = next(n for n in range(math.isqrt(count), 0, -1) if count % n == 0)
    step = lambda first, n: {"from": first, "to": round(first + 0.1 * (n - 1), 1), "step": 0.1}
    return {"stop_pips": step(30.0, stops), "target_pips": step(40.0, count // stops)}


def far(count):
    """`count` targets that no price reaches: as many trials with the same trades."""
    return {"target_pips": {"from": 90001, "to": 90000 + count, "step": 1}}


def over_trials(program, quick):
    folder = market(program, "m15", "M15", 5_000)
    for sets in (1_000, 10_000, 100_000, 1_000_000)[: 3 if quick else 4]:
        repeat = 3 if sets < 100_000 else 1
        yield sets, measure(program, folder, {"fast": [5, 10], "slow": [40, 60], **levels(sets // 4)}, repeat=repeat)


def over_bars(program, quick, mode):
    """Periods grow with the market, so the number of trades does not."""
    for bars in (10_000, 100_000, 1_000_000, 10_000_000)[: 3 if quick else 4]:
        folder = market(program, f"m1-{bars}", "M1", bars)
        periods = {"fast": [bars // 400], "slow": [bars // 100]}
        yield bars, measure(program, folder, {**periods, **far(1_000)}, {"equity_mode": mode})


def over_symbols(program, quick):
    for count in (1, 2, 5, 10, 20, 50)[: 4 if quick else 6]:
        folder = market(program, f"symbols-{count}", "M15", 10_000, SYMBOLS[:count])
        yield count, measure(program, folder, {"fast": [5, 10], "slow": [40, 60], **levels(100)})


def over_trades(program, _quick):
    """Small fixed lots without costs: the account outlives a hundred thousand trades."""
    engine = {"equity_mode": "cash", "sizing": {"fixed_lots": 0.01}, "costs": {"kind": "none"}, "slippage": None}
    folder = market(program, "m1-500000", "M1", 500_000)
    for fast, slow in ((2_000, 6_000), (600, 2_000), (200, 600), (60, 200), (20, 60), (6, 20), (2, 6)):
        line = measure(program, folder, {"fast": [fast], "slow": [slow], **far(100)}, engine)
        yield line["trades"] / line["sets"], line


def over_threads(program, _quick):
    folder = market(program, "m15", "M15", 5_000)
    for threads in (1, 2):
        line = measure(program, folder, {"fast": [5, 10], "slow": [40, 60], **levels(25_000)}, threads=threads, repeat=5)
        yield threads, {**line, "cpu_s": min(line["wall_s_all"])}


SERIES = {
    "trials": ("parameter sets, 5,000 bars", over_trials),
    "bars": ("bars, cash, trades constant", lambda p, q: over_bars(p, q, "cash")),
    "bars, marked": ("bars, marked to market, trades constant", lambda p, q: over_bars(p, q, "mark_to_market")),
    "symbols": ("symbols of 10,000 bars, 400 sets", over_symbols),
    "trades": ("trades per trial, 500,000 bars, 100 sets", over_trades),
    "threads": ("threads, seconds on the wall", over_threads),
}


def exponent(points):
    """Slope of the line through the first and the last point, both axes logarithmic."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    return math.log(y1 / y0) / math.log(x1 / x0)


def table(figures):
    rows = ["| grows | size | sets | trades per set | seconds | us per set |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, points in figures.items():
        for size, line in points:
            rows.append(f"| {name} | {size:,.0f} | {line['sets']:,} | {line['trades'] / line['sets']:,.0f} | "
                        f"{line['cpu_s']:.3f} | {line['cpu_s'] * 1e6 / line['sets']:,.1f} |")
    for name, points in figures.items():
        rows.append(f"\n{SERIES[name][0]}: time grows with the power {exponent(curve(points)):.2f}")
    return "\n".join(rows)


def curve(points):
    return [(size, line["cpu_s"]) for size, line in points]


WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 300, 220, 52, 34, 30


def decades(values):
    """Powers of ten around the values, at least one decade apart."""
    low, high = math.floor(math.log10(min(values)) + 1e-9), math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


def size(power):
    return f"{10 ** (power % 3)}{('', 'k', 'M', 'G')[power // 3]}"


def duration(power):
    return {-3: "1 ms", -2: "10 ms", -1: "0.1 s", 0: "1 s", 1: "10 s", 2: "100 s", 3: "1000 s"}.get(power, f"10^{power} s")


def panel(title, points, column, row):
    """One series with its axes; the dashed line grows in proportion."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    (x0, x1), (y0, y1) = decades(xs), decades(ys)
    place_x = lambda x: LEFT + (math.log10(x) - x0) / (x1 - x0) * (WIDTH - LEFT - 20)
    place_y = lambda y: HEIGHT - BOTTOM - (math.log10(y) - y0) / (y1 - y0) * (HEIGHT - BOTTOM - TOP)
    out = [f'<g transform="translate({column * WIDTH},{row * HEIGHT})">',
           f'<text x="{LEFT}" y="18" font-weight="bold">{title}</text>']
    for power in range(x0, x1 + 1):
        x = place_x(10 ** power)
        out.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#d0d7de"/>'
                   f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{size(power)}</text>')
    for power in range(y0, y1 + 1):
        y = place_y(10 ** power)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 20}" stroke="#d0d7de"/>'
                   f'<text x="{LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{duration(power)}</text>')
    end = min(xs[-1], xs[0] * 10 ** y1 / ys[0])
    out.append(f'<path d="M{place_x(xs[0]):.1f} {place_y(ys[0]):.1f}L{place_x(end):.1f} '
               f'{place_y(ys[0] * end / xs[0]):.1f}" stroke="#8c959f" stroke-dasharray="4 3" fill="none"/>')
    line = "L".join(f"{place_x(x):.1f} {place_y(y):.1f}" for x, y in points)
    out.append(f'<path d="M{line}" stroke="#0969da" stroke-width="2" fill="none"/>')
    out += [f'<circle cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="3" fill="#0969da"/>' for x, y in points]
    return "\n".join([*out, "</g>"])


def picture(figures):
    drawn = [(SERIES[name][0], curve(points)) for name, points in figures.items() if len(points) > 2]
    rows = math.ceil(len(drawn) / 2)
    panels = [panel(title, points, place % 2, place // 2) for place, (title, points) in enumerate(drawn)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" width="{2 * WIDTH}">\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n'
            f'<g font-family="system-ui,sans-serif" font-size="11" fill="#1f2328">\n' + "\n".join(panels) + "\n</g>\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=ROOT / "target/ci/omega-sweep", type=Path)
    parser.add_argument("--series", nargs="+", choices=SERIES, default=list(SERIES))
    parser.add_argument("--quick", action="store_true", help="without the largest sizes")
    parser.add_argument("--from", dest="earlier", type=Path, help="figures of an earlier run")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if arguments.earlier:
        figures = json.loads(arguments.earlier.read_text())
    else:
        figures = {}
        for name in arguments.series:
            said(SERIES[name][0])
            figures[name] = list(SERIES[name][1](arguments.program, arguments.quick))
        (WORK / "growth.json").write_text(json.dumps(figures, indent=1))
    print(table(figures))
    PICTURE.write_text(picture(figures))


if __name__ == "__main__":
    main()
