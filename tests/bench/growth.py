"""How alignd's costs grow: with connections, idle ones and messages in flight, the size of bodies, the number of sending
domains, the rows in the store, and time. Each part yields findings: what, what was measured, the bound, and whether it
holds. Bounds are of memory, descriptors and ratios within one run, so that they hold on any machine."""
import base64
import collections
import hashlib
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import threading
import time

import lab
from milterclient import MilterClient, split_message
from milters import BUILD, Alignd

Finding = collections.namedtuple('Finding', 'what measured bound holds')
MIB = 1024.0


def status(pid, name):
    """a line of /proc/PID/status, in KiB or as a number"""
    with open('/proc/%d/status' % pid) as f:
        return int(re.search(r'(?m)^%s:\s+(\d+)' % name, f.read())[1])


def rss(pid):
    """resident KiB of its own: without the pages of files, such as libraries"""
    return status(pid, 'RssAnon')


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


def envelopes(corpus):
    with open(corpus + '/envelopes.tsv') as f:
        return [line.rstrip('\n').split('\t') for line in f if not line.startswith('#')]


class Growth:
    """The parts, with what they share: a DNS, the corpus of `make bench`, one alignd at a time."""

    def __init__(self, run, corpus, args):
        self.run, self.corpus, self.args = run, corpus, args
        self.dns = self.alignd = None

    def start(self, corpus=None, **more):
        """A new alignd and a DNS with the zones of a corpus. `more`: settings."""
        self.stop()
        self.dns = lab.Dns(self.run, corpus or self.corpus, os.path.join(BUILD, 'dnsdelay'))
        self.dns.start(0)
        os.environ['ALIGND_CONFIG'] = ''.join('%s = %s\n' % s for s in more.items())
        self.alignd = Alignd(self.run, direct_dns=corpus is not None)
        self.alignd.up()
        self.pid = self.alignd.processes[-1].pid

    def stop(self):
        if self.alignd:
            self.alignd.down()
        if self.dns:
            self.dns.stop()
            self.dns.nsd.stop()
        self.alignd = self.dns = None

    def load(self, n, conns, first=0, corpus=None, envelopes='envelopes.tsv'):
        """Run the load generator; its line as a dictionary, with alignd's CPU. Every verdict must be the expected one."""
        corpus = corpus or self.corpus
        before = self.alignd.cpu()
        out = subprocess.run([BUILD + '/milterload', '-1', '-t', '%s/%s' % (corpus, envelopes), '-d', corpus + '/eml',
                              '-c', str(conns), '-n', str(n), '-o', str(first), '-T', '60', '-s', self.alignd.sockets[0]],
                             stdout=subprocess.PIPE, text=True).stdout
        self.alignd.check()
        row = dict(word.split('=', 1) for word in out.split())
        wrong = [k for k in ('iprev', 'spf', 'dkim', 'dmarc') if row.get(k + '_ok') != '%d/%d' % (n, n)]
        if wrong or float(row['error']) or float(row['tempfail']):
            raise lab.LabError('wrong verdicts: %s' % out.strip())
        return row | {'cpu_ms': (self.alignd.cpu() - before) * 1000 / n}

    # -- connections -------------------------------------------------------------------------------------------------

    def connections(self):
        self.start()
        self.load(3000, 16)
        cost = {}
        for _ in range(3):
            for c in (1, 16, 64, 200):
                cost.setdefault(c, []).append(self.load(1000 if c == 1 else 3000, c)['cpu_ms'])
        cost = {c: statistics.median(v) for c, v in cost.items()}
        dearest = max(cost[c] for c in (16, 64, 200)) / min(cost[c] for c in (16, 64, 200))
        yield Finding('CPU per message with 1, 16, 64, 200 connections, warm',
                      ', '.join('%.3f' % v for v in cost.values()) + ' ms', '16 to 200: within a third', dearest < 1.33)
        yield Finding('  one connection, whose rows share no transaction, against 16', '%.2f times' % (cost[1] / cost[16]),
                      'at most twice', cost[1] < 2 * cost[16])

    # -- memory --------------------------------------------------------------------------------------------------------

    def memory(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
        self.start(max_sessions=1200)
        self.load(50, 1)                                  # what the first messages bring: keys, answers, threads
        base, files = rss(self.pid), self.settled()
        idle = [MilterClient(self.alignd.sockets[0]).connect().negotiate() for _ in range(1000)]
        time.sleep(0.5)
        each = (rss(self.pid) - base) / len(idle)
        yield Finding('memory of an idle connection (1000)', '%.1f KiB' % each, 'at most 16 KiB', each <= 16)
        for c in idle:
            c.close()
        left = self.settled()
        yield Finding('  descriptors after they have gone', '%+d' % (left - files), 'none more', left <= files)
        self.start(max_sessions=1200)
        self.load(50, 1)
        base = rss(self.pid)
        rows = [r for r in envelopes(self.corpus) if self.size(r) < 60000]
        flight = list(map(self.in_flight, rows[:200]))
        time.sleep(0.5)
        each = (rss(self.pid) - base) / len(flight)
        yield Finding('memory of a message before its end (200, with signature)', '%.1f KiB' % each, 'at most 128 KiB', each <= 128)
        for c in flight:
            c.close(False)
        left = self.settled()
        yield Finding('  descriptors after the MTA has hung up', '%+d' % (left - files), 'none more', left <= files)
        after = []
        for _ in range(30):
            for c in list(map(self.in_flight, rows[:200])):
                c.close(False)
            after.append(rss(self.pid) / MIB)
        early, late = statistics.median(after[10:20]), statistics.median(after[20:])
        yield Finding('  memory after 4000 and after 6000 that were broken off', '%.1f, %.1f MiB' % (early, late),
                      'at most 4 MiB more', late - early <= 4)

    def size(self, row):
        return os.path.getsize('%s/eml/%s' % (self.corpus, row[0]))

    def in_flight(self, row):
        """a connection with a message of which all is sent but the end"""
        c = MilterClient(self.alignd.sockets[0]).connect().negotiate()
        with open('%s/eml/%s' % (self.corpus, row[0]), 'rb') as f:
            fields, body = split_message(f.read())
        c.transaction({'client_ip': row[1], 'client_name': row[2], 'helo': row[3], 'mail_from': row[4]}, fields, body,
                      ('stay', 'B'))
        return c

    def settled(self):
        """descriptors once all that was closed is closed here too"""
        low, end = descriptors(self.pid), time.monotonic() + 3
        while time.monotonic() < end:
            time.sleep(0.05)
            low = min(low, descriptors(self.pid))
        return low

    # -- bodies --------------------------------------------------------------------------------------------------------

    def bodies(self):
        sizes = (1, 2, 5, 10)
        corpus = os.path.join(self.run, 'bodies')
        write_bodies(corpus, sizes, next(r for r in envelopes(self.corpus) if r[6:] == ['allpass'] + ['pass'] * 4))
        self.start()
        for i in range(len(sizes)):                       # what any message brings: keys, answers, buffers
            self.load(2, 1, i, corpus)
        cpu, peak = {}, {}
        for i, size in enumerate(sizes):
            self.alignd.rss_reset()
            rows = [self.load(1, 1, i, corpus)['cpu_ms'] for _ in range(9)]
            cpu[size], peak[size] = statistics.median(rows), status(self.pid, 'VmHWM')
        per = [cpu[s] / s for s in sizes]
        yield Finding('CPU of bodies of 1, 2, 5, 10 MiB, hashed for a signature', ', '.join('%.1f' % v for v in cpu.values()) + ' ms',
                      'per MiB within a half', max(per) < 1.5 * min(per))
        grown = max(peak[s] - peak[1] for s in sizes)
        yield Finding('  peak memory with 10 MiB instead of 1', '%+d KiB' % grown, 'at most 256 KiB', grown <= 256)

    # -- caches --------------------------------------------------------------------------------------------------------

    def caches(self):
        n = self.args.domains
        corpus = os.path.join(self.run, 'domains')
        write_domains(corpus, 2 * n)
        self.start(corpus)
        base = status(self.pid, 'VmRSS') / MIB
        for part in (0, 1):
            row = self.load(n, 32, part * n, corpus)
            mib = status(self.pid, 'VmRSS') / MIB
            yield Finding('memory after %d sending domains, dns_cache = 16M' % ((part + 1) * n),
                          '%.0f MiB (%.0f at the start); %.2f ms CPU' % (mib, base, row['cpu_ms']), 'at most 80 MiB', mib <= 80)
        shutil.rmtree(corpus)

    # -- the store -----------------------------------------------------------------------------------------------------

    def store(self):
        days, tuples = 10, self.args.tuples // 10
        path = os.path.join(self.run, 'growth.db')
        remove_store(path)
        out = subprocess.run([BUILD + '/storegrow', path, str(days), str(tuples), str(max(1, tuples // 10))],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        remove_store(path)
        steps = [dict(w.split('=', 1) for w in line.split()) for line in out.splitlines()]
        if self.args.verbose:
            print(out, end='', flush=True)

        def of(name, last=False):
            found = [s for s in steps if s['step'] == name]
            return {k: float(v) for k, v in found[-1 if last else 0].items() if k != 'step'}

        def grows(name, what):
            few, many = of(name)['cpu_us'], of(name, True)['cpu_us']
            return Finding(what, '%.0f, %.0f us' % (few, many), 'within a half', many < 1.5 * few)

        yield grows('write', 'write a tuple of a new day: first day, day %d (%d tuples)' % (days, (days - 1) * tuples))
        yield grows('full', '  of a day that has %d: first day, day %d' % (tuples, days - 1))
        yield grows('again', '  that is there already')
        wal = max(float(s.get('wal', 0)) for s in steps)
        yield Finding('  size of the store, its largest write-ahead log', '%.0f MiB, %.0f MiB' % (of('report')['db'], wal),
                      'log at most 64 MiB', wal <= 64)
        s, again = of('enter'), of('enter-again')
        yield Finding('enter the reports of seven days (%d)' % s['n'], '%.1f s, %.1f s of it CPU; peak %.0f MiB' % (
            s['secs'], s['cpu'], s['peak']), 'at most 64 MiB', s['peak'] <= 64)
        yield Finding('  the same ten minutes later', '%.0f ms' % (again['secs'] * 1000), 'at most 200 ms', again['secs'] <= 0.2)
        s = of('claim')
        yield Finding('  claim a report and end it', '%.0f us CPU' % s['cpu_us'], 'at most 5 ms', s['cpu_us'] <= 5000)
        s = of('report')
        yield Finding('one report of %d rows' % s['n'], '%.1f s; peak %.0f MiB' % (s['secs'], s['peak']), 'at most 96 MiB',
                      s['peak'] <= 96)
        s, calm, busy = of('expire'), of('wait'), of('wait-expire')
        yield Finding('delete %d old tuples' % s['n'], '%.0f s; peak %.0f MiB' % (s['secs'], s['peak']), 'at most 96 MiB', s['peak'] <= 96)
        yield Finding('  a message waits for its row, p50 / p99: before, meanwhile', '%.1f / %.1f, %.1f / %.1f ms' % (
            calm['p50_ms'], calm['p99_ms'], busy['p50_ms'], busy['p99_ms']), 'p99 at most 1 s', busy['p99_ms'] <= 1000)

    # -- time ----------------------------------------------------------------------------------------------------------

    def long(self):
        n = self.args.messages
        self.start()
        self.load(6000, 64)                               # every message of the corpus once
        marks, done = [], threading.Event()

        def watch():
            while not done.wait(0.25):
                marks.append((rss(self.pid), descriptors(self.pid)))
        watcher = threading.Thread(target=watch)
        first, files = rss(self.pid), self.settled()
        watcher.start()
        row = self.load(n, 64)
        done.set()
        watcher.join()
        early = max(m for m, _ in marks[:max(1, len(marks) // 5)])
        late = max(m for m, _ in marks[-max(1, len(marks) // 5):])
        yield Finding('%d messages, 64 connections' % n, '%s/s, %.3f ms CPU' % (row['rate'], row['cpu_ms']), 'every verdict right', True)
        yield Finding('  memory at the start, in the first and in the last fifth', '%.1f, %.1f, %.1f MiB' % (
            first / MIB, early / MIB, late / MIB), 'at most 2 MiB more', late - early <= 2 * MIB)
        left = self.settled()
        yield Finding('  descriptors before, at most, after', '%d, %d, %d' % (files, max(d for _, d in marks), left), 'none more',
                      left <= files)

    PARTS = ('connections', 'memory', 'bodies', 'caches', 'store', 'long')


def remove_store(path):
    for end in ('', '-wal', '-shm'):
        if os.path.exists(path + end):
            os.unlink(path + end)


# A signature whose hash of the body is right and whose signature proper is noise costs a verifier the same as a good one.
SIGNED = '''DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=s1; h=from:to;
\tbh=%s;
\tb=%s
From: <sender@%s>
To: <user@mx.example>
Subject: growth

'''


def signed(domain, body):
    crlf = body.replace('\n', '\r\n').encode()
    noise = base64.b64encode(random.Random(1).randbytes(256)).decode()
    return SIGNED % (domain, base64.b64encode(hashlib.sha256(crlf).digest()).decode(), noise, domain) + body


def write_bodies(corpus, sizes, row):
    """A message of each size (MiB) by the sender of a row, whose domain has a key."""
    os.makedirs(corpus + '/eml', exist_ok=True)
    domain = re.search(r'd\d{5}\.example', row[4] + row[3] + 'd00000.example')[0]
    line = 'customer order delivery thanks regards team project release window\n'
    with open(corpus + '/envelopes.tsv', 'w') as f:
        for size in sizes:
            with open('%s/eml/%d.eml' % (corpus, size), 'w') as m:
                m.write(signed(domain, line * (size * 1048576 // (len(line) + 1))))
            f.write('\t'.join(['%d.eml' % size] + row[1:6] + ['body', 'pass', 'pass', 'fail', 'pass']) + '\n')


def write_domains(corpus, n):
    """Many domains that send from one host: SPF, a key and a policy each."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    key = base64.b64encode(public).decode()
    shutil.rmtree(corpus, ignore_errors=True)
    os.makedirs(corpus + '/eml')
    os.makedirs(corpus + '/zones')
    with open(corpus + '/eml/one.eml', 'w') as f:
        f.write(signed('{}', 'Hello.\n'))
    head = '$TTL 3600\n%s. SOA ns.example. host.example. 1 3600 900 604800 3600\n%s. NS ns.example.\n'
    with open(corpus + '/zones/example.zone', 'w') as z, open(corpus + '/envelopes.tsv', 'w') as t:
        z.write(head % ('example', 'example') + 'ns.example. A 127.0.0.1\nmx.example. A 127.0.0.1\nhost.example. A 192.0.2.1\n')
        for i in range(n):
            d = 'n%06d.example' % i
            z.write('%s. TXT "v=spf1 ip4:192.0.2.0/24 -all"\n_dmarc.%s. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@%s"\n'
                    's1._domainkey.%s. TXT "v=DKIM1; p=%s" "%s"\n' % (d, d, d, d, key[:200], key[200:]))
            t.write('one.eml?%s\t192.0.2.1\thost.example\thost.example\tsender@%s\tuser@mx.example\tmany\tpass\tpass\tfail\tpass\n' % (d, d))
    with open(corpus + '/zones/reverse.zone', 'w') as z:
        z.write(head % (('2.0.192.in-addr.arpa',) * 2) + '1.2.0.192.in-addr.arpa. PTR host.example.\n')
    with open(corpus + '/zones/zones.list', 'w') as f:
        f.write('example example.zone\n2.0.192.in-addr.arpa reverse.zone\n')
