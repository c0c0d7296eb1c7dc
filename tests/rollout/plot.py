# SPDX-License-Identifier: Apache-2.0
"""Draws the calls a second of each pod over time, stacked, as SVG."""
import collections

BIN = 0.25  # seconds
WIDTH, HEIGHT, LEFT, TOP, GAP = 900, 130, 46, 26, 34
COLOURS = ('#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#76b7b2', '#edc948', '#b07aa1', '#9c755f',
           '#ff9da7', '#86bcb6')


def panel(name, made, changes, top):
    begin, end = changes[0].when, made[-1].when
    bins = int((end - begin) / BIN)
    counts = collections.defaultdict(lambda: [0] * bins)
    for call in made:
        index = int((call.when - begin) / BIN)
        if call.pod is not None and 0 <= index < bins:
            counts[call.pod][index] += 1
    below = [0] * bins
    highest = max(sum(row[i] for row in counts.values()) for i in range(bins)) / BIN

    def x(when):
        return LEFT + (when - begin) / (end - begin) * WIDTH

    def y(calls):
        return top + HEIGHT - calls / BIN / highest * HEIGHT

    bottom = top + HEIGHT
    lines = [f'<text x="{LEFT}" y="{top - 10}" class="name">{name}</text>']
    for number, pod in enumerate(sorted(counts, key=lambda pod: int(pod.rpartition('-')[2]))):
        row = counts[pod]
        some = [i for i in range(bins) if row[i]]
        low, high = max(some[0] - 1, 0), min(some[-1] + 1, bins - 1)
        span = range(low, high + 1)
        middle = [f'{x(begin + (i + 0.5) * BIN):.1f}' for i in span]
        over = [f'{at},{y(below[i] + row[i]):.1f}' for at, i in zip(middle, span)]
        under = [f'{at},{y(below[i]):.1f}' for at, i in zip(middle, span)]
        lines.append(f'<polygon fill="{COLOURS[number % len(COLOURS)]}" '
                     f'points="{" ".join(over + under[::-1])}"><title>{pod}</title></polygon>')
        below = [a + b for a, b in zip(below, row)]
    for change in changes[1:]:
        at = f'{x(change.when):.1f}'
        lines.append(f'<path d="M{at} {top}V{bottom}" class="change"/>'
                     f'<text x="{at}" y="{top - 2}" class="mark">{change.what}</text>')
    lines.append(f'<text x="{LEFT - 4}" y="{top + 8}" class="left">{highest:.0f}/s</text>'
                 f'<text x="{LEFT - 4}" y="{bottom}" class="left">0</text>'
                 f'<text x="{LEFT}" y="{bottom + 12}">0 s</text>'
                 f'<text x="{LEFT + WIDTH}" y="{bottom + 12}" class="left">{end - begin:.0f} s</text>')
    return lines


def draw(path, drawn):
    """drawn: (name, calls, changes) of each panel."""
    height = TOP + len(drawn) * (HEIGHT + GAP + 10)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 10} {height}" '
             'font-family="sans-serif" font-size="10">',
             '<style>.change{stroke:#222;stroke-width:.6;stroke-dasharray:3 2}'
             '.left{text-anchor:end}.mark{text-anchor:middle;font-size:7px}'
             '.name{font-size:11px;font-weight:bold}</style>',
             '<rect width="100%" height="100%" fill="#fff"/>']
    for number, (name, made, changes) in enumerate(drawn):
        lines += panel(name, made, changes, TOP + 8 + number * (HEIGHT + GAP + 10))
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines + ['</svg>']) + '\n')
