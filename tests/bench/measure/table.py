# SPDX-License-Identifier: Apache-2.0
"""The figures as a table for people, and which of them are as wanted."""
import instructions

# (scenarios, metric): the others take at least so many times what micro takes.
TIMES = (
    (('unary-1x100', 'unary-8x50', 'unary-10x100'), 'server_cpu_us_per_call',
     {'grpc-c++': 5, 'grpc-go': 3}),
    (('unary-200x1', 'unary-1x1'), 'server_cpu_us_per_call', {'grpc-c++': 2, 'grpc-go': 2}),
    (('stream-1x1', 'stream-1x100', 'stream-10x100'), 'server_cpu_us_per_message',
     {'grpc-c++': 3, 'grpc-go': 3}),
    (('client-unary-1x100', 'client-unary-10x100'), 'client_cpu_us_per_call',
     {'grpc-c++': 5, 'grpc-go': 3}),
    (('client-unary-200x1', 'client-unary-1x1'), 'client_cpu_us_per_call', {'grpc-c++': 2, 'grpc-go': 2}),
    (('client-stream-1x1', 'client-stream-1x100', 'client-stream-10x100'),
     'client_cpu_us_per_message', {'grpc-c++': 3, 'grpc-go': 3}),
)
# At most this, of micro alone.
LIMITS = (
    ('unary-1x100', 'rss_mb', 'RSS after a million calls, MB', 8),
    ('start', 'start_to_ready_ms', 'start to ready, ms', 10),
    ('idle-connections', 'bytes_per_connection', 'bytes an idle connection', 16384),
    ('instructions', 'per_call', 'instructions of a call, by callgrind', instructions.recorded() * 1.1),
)
# At least as fast as the faster of the others.
FASTEST = (('mib-1x1', 'mb_per_second'), ('mib-4x2', 'mb_per_second'),
           ('client-mib-1x1', 'mb_per_second'), ('client-mib-4x2', 'mb_per_second'))


# Of one call at a time: what no server, or client, can be below.
FLOOR = {'server': ('tcp-echo', 'echo-1x1', 'server_cpu_us_per_round_trip'),
         'client': ('tcp-echo', 'echo-1x1', 'client_cpu_us_per_round_trip')}


missed, reached = [], []


def verdict(text, value, limit, good, note=''):
    (reached if good else missed).append(f'{text}: {value:.2f}, wanted {limit}{note}')
    print(f'  {"reached    " if good else "NOT REACHED"} {text}: {value:.2f}, wanted {limit}{note}')


def floor_of(figures, scenario, metric):
    return figures.get(FLOOR[metric.partition('_')[0]]) if scenario.endswith('1x1') else None


def note(theirs, factor, floor):
    if floor is None:
        return ''
    return f' (that is {theirs / factor:.1f} µs; a TCP echo alone takes {floor:.1f})'


def cell(value, spread, mine):
    text = f'{value:.0f}' if value >= 1000 else f'{value:.2f}'
    if spread and len(spread) > 1:
        text += f' ±{(max(spread) - min(spread)) / 2 / value * 100:.0f}%'
    return text if not mine else f'{text} ({value / mine:.1f}x)'


def show(figures, names, spreads):
    def row(title, *cells):
        print(f'{title:<46}' + ''.join(f'{text:>22}' for text in cells))

    row('', *names)
    for scenario, metric in dict.fromkeys((scenario, metric) for _, scenario, metric in figures):
        mine = figures.get(('micro', scenario, metric))
        cells = []
        for name in names:
            key = name, scenario, metric
            cells.append(cell(figures[key], spreads[key], mine if name != 'micro' else None)
                         if figures.get(key) else '-')
        if any(text != '-' for text in cells):
            row(f'{scenario} {metric}', *cells)
    for floor in FLOOR.values():
        if floor in figures:
            row(f'{floor[1]} {floor[2]}', cell(figures[floor], spreads[floor], None))
    print('\n(Nx): N times micro’s figure. Targets:')
    show_targets(figures)
    for text in missed:
        print(f'failed: {text}')
    print(f'{len(reached)} passed, {len(missed)} failed, 0 skipped')


def show_targets(figures):
    for scenarios, metric, others in TIMES:
        for scenario in scenarios:
            mine = figures.get(('micro', scenario, metric))
            for other, factor in others.items():
                theirs = figures.get((other, scenario, metric))
                if mine and theirs:
                    verdict(f'{scenario}: {other} takes N times the CPU', theirs / mine,
                            f'at least {factor}', theirs / mine >= factor,
                            note(theirs, factor, floor_of(figures, scenario, metric)))
    for scenario, metric, text, limit in LIMITS:
        value = figures.get(('micro', scenario, metric))
        if value is not None:
            verdict(text, value, f'at most {limit}', value <= limit)
    for scenario, metric in FASTEST:
        mine = figures.get(('micro', scenario, metric))
        theirs = [figures[key] for key in figures
                  if key[0] != 'micro' and key[1:] == (scenario, metric)]
        if mine and theirs:
            verdict(f'{scenario}: MB/s', mine, f'at least {max(theirs):.2f}', mine >= max(theirs))
