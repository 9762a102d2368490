"""What the bench measured: raw lines, their medians over the rounds, tables, and data for the plot."""
import collections
import statistics

COLUMNS = ('round', 'milter', 'cache', 'delay', 'conns', 'n', 'secs', 'rate', 'tot50', 'tot95', 'tot99', 'eom50', 'eom95',
           'eom99', 'cpu_ms', 'dns_cpu_ms', 'load_cpu_ms', 'other_cores', 'rss_mb', 'upstream_q', 'error', 'tempfail',
           'iprev_ok', 'spf_ok', 'dkim_ok', 'dmarc_ok')
TEXT = ('milter', 'cache', 'iprev_ok', 'spf_ok', 'dkim_ok', 'dmarc_ok')
CHECKS = ('iprev', 'spf', 'dkim', 'dmarc')
Cell = collections.namedtuple('Cell', 'cache delay conns')


def read(path):
    with open(path) as f:
        head = f.readline().rstrip('\n').split('\t')
        for line in f:
            row = dict(zip(head, line.rstrip('\n').split('\t')))
            yield {k: v if k in TEXT else float(v) for k, v in row.items()}


def write(row, f):
    f.write('\t'.join(str(row.get(c, '-')) for c in COLUMNS) + '\n')
    f.flush()


def wrong(row, checks):
    """what is not as the corpus says, or not there at all; '' if nothing"""
    bad = ['%s %s' % (c, row.get(c + '_ok', '-')) for c in checks if row.get(c + '_ok', '-') != '%d/%d' % ((row['n'],) * 2)]
    bad += ['%s=%d' % (k, row[k]) for k in ('error', 'tempfail') if float(row[k])]
    return ', '.join(bad)


def medians(rows):
    """{cell: {milter: medians}}, in the order of the matrix"""
    cells = {}
    for r in rows:
        cell = Cell(r['cache'], int(r['delay']), int(r['conns']))
        cells.setdefault(cell, {}).setdefault(r['milter'], []).append(r)
    def middle(group):
        return {k: statistics.median(r[k] for r in group) for k in group[0] if k not in TEXT} | {
            k: group[-1][k] for k in TEXT} | {'rounds': len(group), 'group': group}
    order = sorted(cells, key=lambda c: (c.cache == 'cold', c.delay, c.conns))
    return {c: {m: middle(g) for m, g in cells[c].items()} for c in order}


def verdicts(group):
    """'iprev spf dkim dmarc' for checks right in every message of every round; 'spf 94.6 %' for others; absent ones left out"""
    out = []
    for c in CHECKS:
        pairs = [tuple(map(int, r[c + '_ok'].split('/'))) for r in group if r[c + '_ok'] != '-']
        if pairs:
            good, of = map(sum, zip(*pairs))
            out.append(c if good == of else '%s %.1f %%' % (c, 100 * good / of))
    return ' '.join(out) or '-'


def title(cell):
    return 'warm' if cell.cache == 'warm' else 'cold, DNS answers after %d ms' % cell.delay


def tables(meds, subject='alignd'):
    """The measurements and the ratios of `subject` to each peer, as Markdown."""
    out, last = [], None
    for cell, group in meds.items():
        if title(cell) != last:
            last = title(cell)
            out += ['', '### ' + last[0].upper() + last[1:], '',
                    '| c | milter | messages/s | CPU ms/msg | whole p50 / p99 ms | EOM p50 / p99 ms | peak RSS MiB | '
                    'upstream queries/msg | right in every message |', '|--:|---|--:|--:|--:|--:|--:|--:|---|']
        for name, m in group.items():
            out.append('| %d | %s | %.0f | %.3f | %.1f / %.1f | %.1f / %.1f | %.0f | %.2f | %s |' % (
                cell.conns, name, m['rate'], m['cpu_ms'], m['tot50'], m['tot99'], m['eom50'], m['eom99'], m['rss_mb'],
                m['upstream_q'], verdicts(m['group'])))
    return '\n'.join(out[1:] + ratios(meds, subject)) + '\n'


def ratios(meds, subject):
    peers = [p for g in meds.values() for p in g if p not in (subject, 'null')]
    peers = list(dict.fromkeys(peers))
    if not peers or not any(subject in g for g in meds.values()):
        return []
    out = ['', '### %s against each peer, medians of the same run' % subject, '',
           '| cache | c | ' + ' | '.join('messages/s to %s | CPU to %s' % (p, p) for p in peers) + ' |',
           '|---|--:|' + '--:|--:|' * len(peers)]
    for cell, group in meds.items():
        if subject not in group:
            continue
        us = group[subject]
        cols = ['%.2f x | 1/%.1f' % (us['rate'] / group[p]['rate'], group[p]['cpu_ms'] / us['cpu_ms'])
                if p in group else '- | -' for p in peers]
        out.append('| %s | %d | %s |' % (title(cell), cell.conns, ' | '.join(cols)))
    return out


def goals(meds):
    """The figures that alignd is to reach (docs/performance.md), each with what was measured."""
    def value(cell, milter, key):
        return meds.get(cell, {}).get(milter, {}).get(key)

    out = []
    def goal(what, got, good, form):
        if got is not None:
            out.append('%-62s %s  %s' % (what, 'reached    ' if good(got) else 'not reached', form % got))

    def best(cell, key, pick):
        values = [m[key] for p, m in meds.get(cell, {}).items() if p not in ('alignd', 'null')]
        return pick(values) if values else None

    warm = Cell('warm', 0, 16)
    cpu = value(warm, 'alignd', 'cpu_ms')
    goal('CPU per message, warm, c=16: at most 0.35 ms', cpu, lambda v: v <= 0.35, '%.3f ms')
    least = best(warm, 'cpu_ms', min)
    goal('CPU per message, warm, c=16: at most a quarter of each peer\'s', cpu and least and cpu / least,
         lambda v: v <= 0.25, '%.2f')
    for c in (16, 64, 200):
        cell = Cell('warm', 0, c)
        rate, top = value(cell, 'alignd', 'rate'), best(cell, 'rate', max)
        goal('messages/s warm, c=%d: at least 3 times the best peer' % c, rate and top and rate / top,
             lambda v: v >= 3, '%.2f times')
    half = value(Cell('cold', 100, 1), 'alignd', 'tot50')
    goal('cold, 100 ms, c=1: whole message p50 at most 3.2 delays', half and half / 100, lambda v: v <= 3.2, '%.2f')
    cell = Cell('cold', 100, 200)
    rate, top = value(cell, 'alignd', 'rate'), best(cell, 'rate', max)
    goal('cold, 100 ms, c=200: at least 1.4 times the best peer', rate and top and rate / top, lambda v: v >= 1.4, '%.2f times')
    rss = [g['alignd']['rss_mb'] for c, g in meds.items() if c.conns == 200 and 'alignd' in g]
    goal('peak RSS at c=200: at most 48 MiB', max(rss) if rss else None, lambda v: v <= 48, '%.0f MiB')
    return '\n'.join(out) + '\n'


def plot_data(meds):
    """a block for each panel of tests/bench/plot.gp: a head line with the names of the milters, then a line for each c"""
    names = list(dict.fromkeys(m for g in meds.values() for m in g if m != 'null'))
    blocks = []
    for cache, delay, key in (('warm', 0, 'rate'), ('warm', 0, 'cpu_ms'), ('cold', 100, 'tot50'), ('warm', 0, 'rss_mb')):
        lines = ['\t'.join(['c'] + names)]
        for cell, group in meds.items():
            if (cell.cache, cell.delay) == (cache, delay):
                lines.append('\t'.join(['c=%d' % cell.conns] +
                                       ['%g' % group[n][key] if n in group else 'NaN' for n in names]))
        blocks.append('\n'.join(lines))
    return '\n\n\n'.join(blocks) + '\n', len(names)
