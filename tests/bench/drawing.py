# SPDX-License-Identifier: LGPL-2.1-or-later
"""Charts over the number of clients, as SVG that is readable on light and on dark pages."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 64, 62
STYLE = '''
svg { font: 13px system-ui, "DejaVu Sans", Arial, sans-serif }
.page { fill: #ffffff } .text { fill: #24292f } .small { fill: #57606a; font-size: 12px }
.grid { stroke: #d0d7de; stroke-width: 1 } .axis { stroke: #57606a; stroke-width: 1.2 }
.line { fill: none; stroke-width: 2.4; stroke-linejoin: round }
.dashed { stroke-dasharray: 6 5; stroke-width: 1.6 }
.s0 { stroke: #0969da } .f0 { fill: #0969da } .s1 { stroke: #bc4c00 } .f1 { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .text { fill: #e6edf3 } .small { fill: #9da7b1 }
.grid { stroke: #30363d } .axis { stroke: #9da7b1 }
.s0 { stroke: #58a6ff } .f0 { fill: #58a6ff } .s1 { stroke: #f0883e } .f1 { fill: #f0883e } }
'''


class Line:
    """@colour: 0 or 1; @points: (clients, value) each."""

    def __init__(self, name, colour, points, dashed=False):
        self.name, self.colour, self.points, self.dashed = name, colour, points, dashed


class Scale:
    """Values to heights; logarithmic by decades with 1, 2, 5, or linear from 0."""

    def __init__(self, values, logarithmic):
        self.log, top = logarithmic, max(values)
        if logarithmic:
            marks = [factor * 10 ** power for power in range(-3, 6) for factor in (1, 2, 5)]
            low = max(mark for mark in marks if mark <= min(values))
            high = min(mark for mark in marks if mark >= top)
            self.marks = [mark for mark in marks if low <= mark <= high]
        else:
            step = min((s for power in range(6) for s in (10 ** power, 2 * 10 ** power, 5 * 10 ** power)),
                       key=lambda s: abs(top / s - 5))
            self.marks = [step * i for i in range(math.ceil(top / step) + 1)]

    def y(self, value):
        low, high = self.marks[0], self.marks[-1]
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def text(x, y, words, kind='text', anchor='middle', more=''):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def draw(path, title, below, unit, lines, logarithmic=False):
    """@below: what the chart was measured on; @unit: of the values."""
    clients = sorted({x for line in lines for x, _ in line.points})
    scale = Scale([value for line in lines for _, value in line.points], logarithmic)
    span = math.log2(clients[-1] / clients[0])

    def at(x):
        return LEFT + math.log2(x / clients[0]) / span * (WIDTH - LEFT - RIGHT)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
           f'role="img"><title>{escape(title)}</title><style>{STYLE}</style>',
           f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
           text(LEFT, 24, title, anchor='start', more=' font-weight="600"')]
    for mark in scale.marks:
        y = scale.y(mark)
        out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        out.append(text(LEFT - 8, y + 4, f'{mark:g}', anchor='end'))
    bottom = HEIGHT - BOTTOM
    for x in clients:
        out.append(f'<path class="axis" d="M{at(x):.1f} {bottom}v5"/>' + text(at(x), bottom + 20, str(x)))
    out.append(f'<path class="axis" d="M{LEFT} {TOP - 6}V{bottom}H{WIDTH - RIGHT}" fill="none"/>')
    out.append(text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, 'clients with kept connections'))
    middle = (TOP + bottom) / 2
    out.append(text(18, middle, unit, more=f' transform="rotate(-90 18 {middle:.0f})"'))
    out.append(text(LEFT, HEIGHT - 8, below, 'small', 'start'))
    room = (WIDTH - LEFT - RIGHT) / len(lines)
    for i, line in enumerate(lines):
        dash = ' dashed' if line.dashed else ''
        points = ' '.join(f'{at(x):.1f},{scale.y(value):.1f}' for x, value in line.points)
        out.append(f'<polyline class="line s{line.colour}{dash}" points="{points}"/>')
        if not line.dashed:
            out += [f'<circle class="f{line.colour}" cx="{at(x):.1f}" cy="{scale.y(value):.1f}" r="3.2"/>'
                    for x, value in line.points]
        left = LEFT + i * room
        out.append(f'<path class="line s{line.colour}{dash}" d="M{left:.1f} 42h24"/>')
        out.append(text(left + 30, 46, line.name, 'text', 'start', ' font-size="12"'))
    with open(path, 'w', encoding='utf-8') as target:
        target.write('\n'.join(out) + '\n</svg>\n')
