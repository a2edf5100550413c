#!/usr/bin/env python3
"""Turns coloured terminal text into the picture of the README.

    omega-sweep run sweeps/grid.json --color always --progress none > screen.txt
    python3 docs/images/terminal.py screen.txt docs/images/terminal.svg
"""
import html
import re
import sys

STYLE = {"1;31": "fill:#ff7b72;font-weight:bold", "33": "fill:#e3b341", "32": "fill:#56d364",
         "1": "fill:#ffffff;font-weight:bold", "2": "fill:#8b949e"}
CELL, LINE, EDGE = 8.4, 18, 16


def spans(line):
    """The line as tspans; a piece between escape codes carries the style of the code before it."""
    style, out = "", []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            style = STYLE.get(piece[2:-1], "")
        elif piece:
            text = html.escape(piece)
            out.append(f'<tspan style="{style}">{text}</tspan>' if style else text)
    return "".join(out)


def picture(text):
    lines = text.rstrip("\n").split("\n")
    columns = max(80, *(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines))
    width, height = columns * CELL + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    rows = "\n".join(f'<text x="{EDGE}" y="{EDGE + LINE * i + 13}">{spans(line)}</text>' for i, line in enumerate(lines))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">\n'
            f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n'
            f'<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14" fill="#c9d1d9" xml:space="preserve">\n'
            f"{rows}\n</g>\n</svg>\n")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], "w", encoding="utf-8") as target:
        target.write(picture(source.read()))
