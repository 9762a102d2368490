#!/usr/bin/python3
"""conformance.py EXPECT RESULT.json... - a table of what passed, by suite and method, held against a list of promises.

Lines of EXPECT:   SUITE METHOD PASSED TOTAL         at least so many pass, of so many that there are
                   fails SUITE/CASE METHOD: reason   known to fail, and why; it is reported when it begins to pass
A suite that is in no line is shown and promises nothing; one that was not run is not missed.
"""
import collections
import json
import re
import sys

METHODS = ('iprev', 'spf', 'dkim', 'dmarc', 'policy', 'arc', 'identity', 'dns', 'disposition', 'reply', 'headers', 'facts')


def promises(path):
    promised, known = {}, {}
    with open(path) as f:
        for n, line in enumerate(f, 1):
            line = line.strip()
            m = re.fullmatch(r'fails (\S+) (\S+): (.+)', line)
            if m:
                known[m[1], m[2]] = m[3]
            elif line and line[0] != '#':
                suite, method, passed, total = line.split()
                promised[suite, method] = int(passed), int(total)
    return promised, known


def main():
    promised, known = promises(sys.argv[1])
    tot, bad, good = collections.defaultdict(lambda: [0, 0]), {}, set()
    for f in sys.argv[2:]:
        with open(f) as o:
            for r in json.load(o):
                for m, (ok, want, got) in r['checks'].items():
                    tot[r['suite'], m][0] += bool(ok)
                    tot[r['suite'], m][1] += 1
                    case = '%s/%s' % (r['suite'], r['name']), m
                    if ok:
                        good.add(case)
                    else:
                        bad[case] = (want, got)
    for (case, m), (want, got) in sorted(bad.items()):
        if (case, m) in known:
            print('known  %s %s: %s' % (case, m, known[case, m]))
        else:
            print('FAIL   %s %s: want %s got %s' % (case, m, want, got))
    print('%-26s %s' % ('suite', 'passed/total by method'))
    for s in sorted({s for s, _ in tot}):
        print('%-26s %s' % (s, '  '.join('%s %d/%d' % (m, *tot[s, m]) for m in METHODS + ('runner', 'daemon') if (s, m) in tot)))
    kept, broken = 0, []
    for key, (passed, total) in promised.items():
        if key[0] not in {s for s, _ in tot}:
            continue
        if tot[key][0] < passed or tot[key][1] != total:
            broken.append('promised %s %s %d/%d, is %d/%d' % (*key, passed, total, *tot[key]))
        else:
            kept += 1
            if tot[key][0] > passed:
                print('better than promised: %s %s %d/%d' % (*key, *tot[key]))
    broken += ['%s %s: does not run' % k for k in tot if k[1] in ('runner', 'daemon')]
    broken += ['listed as failing, but passes: %s %s' % k for k in known if k in good and k not in bad]
    print('\n'.join(broken), end='\n' if broken else '')
    print('conformance: %d passed, %d failed, 0 skipped' % (kept, len(broken)))
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
