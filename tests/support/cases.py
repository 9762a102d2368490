#!/usr/bin/python3
"""Run suites of cases (tests/cases/README.md) against the real alignd, each case with its own DNS zone.

  cases.py [options] SUITE...          SUITE: a .yml file, or a directory with cases.yml and messages

Every worker has one mock DNS server and one alignd, whose zone changes from case to case (TTL 0). alignd is started
anew when a case needs another clock or configuration, an empty store, or had a zone whose answers are remembered. With --verify each message goes through `alignctl verify` instead.
"""
import argparse
import collections
import contextlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import arparse
import daemon
import judge
import mockdns
import suite
from milterclient import STAGE_NAME, MilterClient, Result
from waiting import TookTooLong, wait_for

AUTHSERV = 'mx.test.invalid'
BASE = '''authserv_id = %s
nameserver = { "%s@%d" }
'''


def is_remembered(zone):
    """does a resolver keep some of its answers for a while, whatever the TTL? Failures and aliases."""
    if isinstance(zone, dict):
        return bool({'error', 'CNAME'} & set(zone)) or any(is_remembered(v) for v in zone.values())
    if isinstance(zone, list):
        return any(is_remembered(v) for v in zone)
    return isinstance(zone, str) and zone in mockdns.ERRORS


class Worker:
    def __init__(self, a, n, keys):
        self.a, self.keys, self.daemon, self.key = a, keys, None, None
        self.work = tempfile.mkdtemp(prefix='alignd-cases-')
        os.chmod(self.work, 0o755)
        self.dns = mockdns.MockDNS({}).__enter__()

    def close(self):
        if self.daemon:
            self.daemon.kill()
        self.dns.__exit__()
        shutil.rmtree(self.work, ignore_errors=True)

    def config(self, c):
        return BASE % (AUTHSERV, self.dns.host, self.dns.port) + ''.join(o + '\n' for o in self.a.config) + c['config']

    def need_daemon(self, c):
        key = (c['now'], c['config'])
        if self.daemon and self.daemon.alive() and key == self.key and 'row' not in (c.get('expect') or {}):
            return
        if self.daemon:
            self.daemon.kill()
        self.daemon, self.key = daemon.Daemon(self.work, self.config(c), c['now']), key
        self.daemon.start()

    def client(self):
        return MilterClient(self.daemon.listen, self.a.timeout).connect().negotiate()

    def run(self, c):
        zone = self.keys.publish(c) if c.get('sign') or c.get('arc') else c['zone']
        self.dns.set_zone(zone)
        start = time.time()
        raw, fields, body = suite.message(c, self.keys)
        seen = {'ar': [], 'res': None, 'raw': '', 'log': '', 'rows': []}
        if self.a.verify:
            values = self.verify(c, raw, seen)
        else:
            values = self.milter(c, fields, body, seen)
        for v in values:
            ident, methods = arparse.parse(v)
            if ident == AUTHSERV:
                seen['ar'] += methods
        seen['queries'] = list(self.dns.queries)
        checks = judge.judge(c, seen, self.a.methods)
        bad = self.unreadable(values, seen)
        if bad:
            checks['readable'] = (False, 'our field by the grammar, once, as the log says it', bad)
        if not self.a.verify and not self.daemon.alive():
            checks['daemon'] = (False, 'a daemon that lives', 'exit %s: %s' % (self.daemon.proc.poll(), seen['log'][-2000:]))
        return {'suite': c['suite'], 'name': c['name'], 'checks': checks, 'raw': seen['raw'][:4000],
                'seconds': round(time.time() - start, 3), 'queries': len(seen['queries'])}

    def unreadable(self, values, seen):
        """what is wrong with the Authentication-Results that were added, whatever the case expects"""
        if not values:
            return None
        if len(values) > 1 or arparse.parse(values[0])[0] != AUTHSERV:
            return 'fields: %r' % values
        return arparse.problem(values[0]) or arparse.unlike_authres(values[0]) or (not self.a.verify and arparse.disagreement(seen['ar'], seen['log'])) or None

    def milter(self, c, fields, body, seen):
        self.need_daemon(c)
        log = self.daemon.log_size()
        m, res = None, Result()
        try:
            m = self.before(c)
            res = m.transaction(c['envelope'], fields, body)
        except Exception as ex:
            res.verdict, res.reply = 'error', '%s: %s' % (type(ex).__name__, ex)
        finally:
            if m:
                m.close()
        expect = c.get('expect') or {}
        if 'log' in expect or 'no_log' in expect:
            self.settle(log, expect.get('log', []))
        seen['log'] = self.daemon.log_text(log)
        if 'row' in expect:
            seen['rows'] = self.daemon.rows()
        seen['res'] = res
        seen['raw'] = '\n'.join('%s: %s' % h for h in res.new_headers) + '\n[%s %s %s q=%s]\n' % (
            res.verdict, res.stage, res.reply, res.quarantine) + seen['log']
        if is_remembered(c['zone']):
            self.key = None
        return [v for n, v in res.new_headers if n.lower() == 'authentication-results']

    def before(self, c):
        """what happens on the same connection before the message, or (hangup) on connections of its own"""
        m = self.client()
        for b in c.get('before') or []:
            env = {**c['envelope'], **(b.get('envelope') or {})}
            _, fields, body = suite.message({**b, 'envelope': env, 'dir': c['dir']}, self.keys)
            if 'hangup' in b:
                other = self.client()
                other.transaction(env, fields, body, ('hangup', STAGE_NAME[b['hangup']]))
                other.close(quit_=False)
            elif 'abort' in b:
                m.transaction(env, fields, body, ('abort', STAGE_NAME[b['abort']]))
            else:
                m.transaction(env, fields, body)
        return m

    def settle(self, log, wanted, wait=5):
        """the log line may follow the answer"""
        with contextlib.suppress(TookTooLong):          # what is missing is told by judge
            wait_for('the log', lambda: all(re.search(w, self.daemon.log_text(log)) for w in wanted), wait)

    def verify(self, c, raw, seen):
        conf, msg, e = os.path.join(self.work, 'verify.conf'), os.path.join(self.work, 'msg.eml'), c['envelope']
        with open(conf, 'w') as f:
            f.write('include "more.conf"\n')
        with open(os.path.join(self.work, 'more.conf'), 'w') as f:
            f.write(self.config(c))
        with open(msg, 'wb') as f:
            f.write(raw)
        cmd = [daemon.ALIGNCTL, 'verify', '-c', conf, '--client', e.get('client_ip', '127.0.0.1'), '--helo', e.get('helo') or '',
               '--mail-from', e.get('mail_from') or '', '--headers', '--facts']
        for r in e.get('rcpt_to') or ['user@rcpt.invalid']:
            cmd += ['--rcpt', r]
        cmd += ['--now', str(c['now'])] if c['now'] is not None else []
        try:
            p = subprocess.run(cmd + [msg], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               timeout=self.a.timeout)
        except subprocess.TimeoutExpired:
            seen['raw'] = 'timed out'
            return []
        text = p.stdout.decode('utf-8', 'replace')
        seen['raw'] = text + p.stderr.decode('utf-8', 'replace')[-500:]
        text = re.sub(r'\r?\n[ \t]+', ' ', text)
        seen['facts'] = dict(re.findall(r'(?mi)^fact: *(\w+)=(.*?)\s*$', text))
        return [l.split(':', 1)[1] for l in text.splitlines() if l.lower().startswith('authentication-results:')]


def work(a, n, keys, todo, done):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    w = Worker(a, n, keys)
    try:
        for batch in iter(todo.get, None):
            for c in batch:
                try:
                    done.put(w.run(c))
                except Exception as ex:
                    done.put({'suite': c['suite'], 'name': c['name'], 'checks': {'runner': (False, '', repr(ex))},
                              'raw': '', 'seconds': 0, 'queries': 0})
    except KeyboardInterrupt:
        pass
    finally:
        for s in (signal.SIGINT, signal.SIGTERM):      # clean up once, undisturbed
            signal.signal(s, signal.SIG_IGN)
        w.close()
        done.put(None)


def wanted_keys(a):
    """the expectations that the chosen methods look at: a case with none of them is not run"""
    keys = {'iprev', 'spf', 'dmarc', 'arc', 'disposition', 'reply', 'headers', 'facts', 'log', 'row', 'seconds'} & a.methods
    more = {'identity': {'not_as'}, 'dns': {'dns_max', 'dns_asked', 'dns_walk'}, 'policy': {'dmarc_policy', 'dmarc_from'},
            'dkim': {'dkim', 'dkim_any', 'dkim_domains'}, 'log': {'no_log'}}
    for m in a.methods & set(more):
        keys |= more[m]
    return keys - ({'disposition', 'reply', 'headers', 'log', 'row', 'seconds'} if a.verify else {'facts'})


def select(a):
    """-> cases to run, [(case, reason)] left out"""
    cases, left = [], []
    keys = wanted_keys(a)
    for c in (c for d in a.suites for c in suite.load(d)):
        if not re.search(a.only, '%s/%s' % (c['suite'], c['name'])):
            continue
        if not a.published and 'expect_strict' in c:
            c['expect'] = c['expect_strict']
        if c.get('skip'):
            left.append((c, c['skip']))
        elif keys & set(c.get('expect') or {}):
            cases.append(c)
    return cases, left


def run_all(a, cases, keys):
    """run them on a.j workers; results as they come"""
    todo, done = multiprocessing.Queue(), multiprocessing.Queue()
    todo.cancel_join_thread()
    size = max(1, min(20, len(cases) // (a.j * 4) or 1))
    for i in range(0, len(cases), size):
        todo.put(cases[i:i + size])
    for _ in range(a.j):
        todo.put(None)
    procs = [multiprocessing.Process(target=work, args=(a, n, keys, todo, done)) for n in range(a.j)]
    for p in procs:
        p.start()
    left = a.j
    try:
        while left:
            r = done.get()
            if r is None:
                left -= 1
            else:
                yield r
    finally:
        for p in procs:
            if left:
                p.terminate()
            p.join()


def show(a, r, ok):
    print('%s %s/%s %s' % ('ok  ' if ok else 'FAIL', r['suite'], r['name'], '; '.join(
        '%s want %s got %s' % (m, w, g) for m, (k, w, g) in r['checks'].items() if not k or a.v > 1)))
    if a.v > 1 or (a.v and not ok):
        print('     ' + r['raw'].replace('\n', '\n     '))


def table(tot):
    """passed/total by suite and method"""
    every = collections.defaultdict(lambda: [0, 0])
    line = lambda name, t: print('%-26s %4d/%-4d  %s' % (name, t['case'][0], sum(t['case']), '  '.join(
        '%s %d/%d' % (m, t[m][0], sum(t[m])) for m in judge.METHODS + ('readable', 'runner', 'daemon') if m in t)))
    for s in sorted(tot):
        for m in tot[s]:
            every[m][0] += tot[s][m][0]
            every[m][1] += tot[s][m][1]
        line(s, tot[s])
    line('total', every)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('suites', nargs='+')
    ap.add_argument('--verify', action='store_true', help='through `alignctl verify`, not the milter socket')
    ap.add_argument('--published', action='store_true', help="the origin's verdicts, not RFC 8301's (expect_strict)")
    ap.add_argument('--config', action='append', default=[], metavar="'KEY = VALUE'", help='added to the configuration')
    ap.add_argument('--methods', default=','.join(judge.METHODS), help='compare only these')
    ap.add_argument('--only', default='', metavar='REGEX', help='of SUITE/NAME')
    ap.add_argument('--timeout', type=float, default=60)
    ap.add_argument('--table', action='store_true', help='print passed/total by suite and method')
    ap.add_argument('--json', metavar='FILE', help='write every result there')
    ap.add_argument('-j', type=int, default=1, help='workers')
    ap.add_argument('-v', action='count', default=0, help='show what was seen of failures; -vv: of all')
    a = ap.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    a.methods = set(a.methods.split(','))
    cases, left = select(a)
    keys = suite.Keys() if any('sign' in x or 'arc' in x for c in cases for x in [c] + (c.get('before') or [])) else None
    rows, failed = [], 0
    tot = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for r in run_all(a, cases, keys):
        rows.append(r)
        ok = bool(r['checks']) and all(x[0] for x in r['checks'].values())
        failed += not ok
        for m, x in list(r['checks'].items()) + [('case', (ok,))]:
            tot[r['suite']][m][0 if x[0] else 1] += 1
        if not ok or a.v > 1:
            show(a, r, ok)
    if a.table:
        table(tot)
    if a.json:
        with open(a.json, 'w') as f:
            json.dump(rows, f, indent=1, default=str)
    print('cases: %d passed, %d failed, %d skipped' % (len(rows) - failed, failed, len(left)))
    return 1 if failed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
