"""Random trees of DMARC records, some of whose names do not answer, against a second reading of RFC 9989 4.10 that knows no
failures: what alignd says for certain must be right for every record that may stand where the DNS failed."""
import random
import re
import shutil
import tempfile
import unittest

import daemon
import mockdns
from milterclient import MilterClient

CASES, COMPLETIONS, POLICIES = 800, 40, ['none', 'quarantine', 'reject']


def record(dice):
    r = {'p': dice.choice(POLICIES)}
    for tag, share, values in (('sp', .4, POLICIES), ('np', .3, POLICIES), ('psd', .35, 'ynu'), ('t', .15, 'yn'), ('aspf', .15, 'rs')):
        if dice.random() < share:
            r[tag] = dice.choice(values)
    return r


def names(start):
    """4.10 steps 1 to 7"""
    labels = start.split('.')
    rest = labels[1:] if len(labels) < 8 else labels[-7:]
    return [start] + ['.'.join(rest[i:]) for i in range(len(rest))]


def walk(world, start):
    found = []
    for n in names(start):
        if len(world.get(n, ())) == 1:
            found.append((n, world[n][0]))
            if found[-1][1].get('psd') in ('y', 'n'):
                break
    return found


def organization(world, start):
    """4.10.2"""
    found = walk(world, start)
    for n, r in found:
        if r.get('psd') == 'n':
            return n
        if r.get('psd') == 'y' and n != start:
            return '.'.join(start.split('.')[-n.count('.') - 2:])
    return found[-1][0] if found else start


def judge(world, author, identifier, exists):
    """4.10.1 and 5.3 -> result, policy"""
    at, found = author, dict(walk(world, author))
    if author not in found:
        suffixes = [n for n, r in found.items() if r.get('psd') == 'y']
        at = next((n for n in [organization(world, author)] + suffixes if n in found), None)
        if at is None:
            return 'none', None
    r = found[at]
    policy = r['p'] if at == author else r.get('sp', r['p']) if exists else r.get('np', r.get('sp', r['p']))
    if r.get('t') == 'y' and policy != 'none':
        policy = POLICIES[POLICIES.index(policy) - 1]
    aligned = identifier == author or (r.get('aspf') != 's' and organization(world, identifier) == organization(world, author))
    return 'pass' if aligned else 'fail', policy


class Tree:
    """one author, one identifier that passes SPF, and what stands at the names of their walks; in a top level of its own"""

    def __init__(self, dice, n, share):
        top = 't%d' % n
        below = lambda k, tail: '.'.join([dice.choice('abc') for _ in range(k)] + [tail])
        common = below(dice.choice([0, 1, 1, 2, 3, 6]), top)
        self.author = below(dice.choice([1, 1, 2, 3, 5, 8]), common)
        self.identifier = below(dice.choice([1, 1, 2, 3, 7]), common)
        asked = sorted(set(names(self.author) + names(self.identifier)))
        self.world = {x: [record(dice) for _ in range(dice.choice([1, 1, 1, 1, 2]))] for x in asked if dice.random() < .4}
        self.failed = [x for x in asked if dice.random() < share]
        self.exists = dice.random() < .5

    def zone(self):
        z = {'_dmarc.' + n: [{'TXT': 'v=DMARC1; ' + '; '.join('%s=%s' % t for t in r.items())} for r in rs]
             for n, rs in self.world.items()}
        z.update({'_dmarc.' + n: ['SERVFAIL'] for n in self.failed})
        z[self.identifier] = [{'TXT': 'v=spf1 +all'}]
        if self.exists:
            z.setdefault(self.author, []).append({'A': '192.0.2.1'})
        return z

    def possible(self, dice, exists):
        """the verdicts, whatever stands at the names that failed"""
        for _ in range(COMPLETIONS if self.failed else 1):
            world = {**self.world, **{n: [record(dice) for _ in range(dice.choice([0, 1, 1, 2]))] for n in self.failed}}
            yield judge(world, self.author, self.identifier, exists)


class Trees(unittest.TestCase):
    # D13, D14, D16, D17, D18, D40, D41, D43, D52, D53, D61
    def test_what_is_certain_is_right(self):
        dice = random.Random(9989)
        trees = [Tree(dice, n, .25 if n % 2 else 0) for n in range(CASES)]
        zone = {k: v for t in trees for k, v in t.zone().items()}
        known = {'.'.join(n.split('.')[i:]) for n in zone for i in range(n.count('.') + 1)}
        work = tempfile.mkdtemp(prefix='alignd-trees-')
        self.addCleanup(shutil.rmtree, work, ignore_errors=True)
        dns = mockdns.MockDNS(zone).__enter__()
        self.addCleanup(dns.__exit__)
        d = daemon.Daemon(work, 'authserv_id = mx.rcpt.example\nmode = monitor\nnameserver = { "127.0.0.1@%d" }\n' % dns.port).start()
        self.addCleanup(d.kill)
        m = MilterClient(d.listen, 30).connect().negotiate()
        certain = 0
        for n, t in enumerate(trees):
            r = m.transaction({'client_ip': '192.0.2.1', 'helo': 'h.example', 'mail_from': 'b@' + t.identifier},
                              [(b'From', b' <x@%s>' % t.author.encode())], b'x\r\n')
            field = next(v for k, v in r.new_headers if k == 'Authentication-Results')
            self.assertIn('spf=pass', field)
            result, policy = re.search(r'dmarc=(\w+)(?:.*policy\.dmarc=(\w+))?', field, re.S).groups()
            certain += result != 'temperror'
            for want in t.possible(dice, t.author in known):
                if result != 'temperror' or not t.failed:
                    self.assertEqual((result, policy if result == 'fail' else want[1]), want, (n, t.__dict__))
        self.assertGreater(certain, CASES // 2)
