# SPDX-License-Identifier: Apache-2.0
"""The figures as a table for people, and which of them are as wanted."""

# At most this, of micro alone.
LIMITS = (
    ('change-record', 'p50_ms', 'change → selector, p50, ms', 6),
    ('change-record', 'p99_ms', 'change → selector, p99, ms', 15),
    ('change-busy', 'mean_ms', 'the same among 700 events a second, mean, ms', 12),
    ('change-busy', 'most_ms', 'the same among 700 events a second, most, ms', 250),
    ('change-slice', 'p50_ms', 'readiness → slice → selector, p50, ms', 15),
    ('events', 'cpu_s_per_10000', 'CPU of 10,000 events, s', 0.9),
    ('sync-pods', 'cpu_s', 'first sync of 10,000 pods, CPU, s', 0.7),
    ('sync-pods', 'wall_s', 'first sync of 10,000 pods, s', 1.5),
    ('sync-pods', 'rss_growth_mb', 'memory after it, more than with one pod, MB', 15),
    ('sync-pods', 'peak_growth_mb', 'memory at most, more than with one pod, MB', 25),
    ('sync-endpoints', 'rss_growth_mb', 'memory after a sync of endpoints, the same, MB', 4),
    ('sync-pods', 'lookup_ns', 'a lookup, ns', 200),
    ('sync-pods', 'lookup_requests', 'requests of lookups', 0),
    ('idle', 'requests_in_10_minutes', 'requests of an idle client in 10 minutes', 2),
    ('idle-cluster', 'requests_in_10_minutes', 'the same where nothing happens at all', 2),
    ('restart', 'p50_s', 'ready again → known, p50, s', 2),
    ('restart', 'p99_s', 'ready again → known, p99, s', 35),
    ('restart-30s', 'p99_s', 'the same after 30 s without, p99, s', 35),
)
# At most a third of client-go's as it is, and of the leanest after it freed what it could; ours with
# every service asked for.
SHARES = (('rss_mb', 'client-go', 'memory after it, by client-go’s'),
          ('trimmed_rss_mb', 'client-go-tuned', 'the same, by that of the tuned one after a GC'))


def verdict(text, value, limit, good):
    print(f'  {"reached    " if good else "NOT REACHED"} {text}: {value:.2f}, wanted {limit}')


def cell(value, spread, mine):
    text = f'{value:.0f}' if value >= 1000 else f'{value:.2f}'
    if spread and len(spread) > 1 and value:
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
            key = name if ('all', scenario, metric) not in figures else 'all', scenario, metric
            cells.append(cell(figures[key], spreads[key], mine if name != 'micro' else None)
                         if key in figures else '-')
        row(f'{scenario} {metric}', *cells)
    print('\n(Nx): N times micro’s figure. Targets:')
    show_targets(figures)


def show_targets(figures):
    for scenario, metric, text, limit in LIMITS:
        value = figures.get(('micro', scenario, metric))
        if value is not None:
            verdict(text, value, f'at most {limit}', value <= limit)
    mine = figures.get(('micro', 'sync-pods', 'all_asked_for_rss_mb'))
    for metric, name, text in SHARES:
        theirs = figures.get((name, 'sync-pods', metric))
        if mine and theirs:
            verdict(text, mine / theirs, 'at most 0.33', mine / theirs <= 1 / 3)
