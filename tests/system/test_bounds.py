"""What one message may cost: CPU time, memory, questions and waiting, measured on the running daemon with the messages of
expensive.py. The bounds themselves are in milter/base/limits.h.

ALIGND_LONG=1: messages of 10 MiB rather than 1, and the figures are printed (`make check-long`).
"""
import os
import shutil
import tempfile
import time
import unittest

import daemon
import expensive
import mockdns
from milterclient import MilterClient

LONG = bool(os.environ.get('ALIGND_LONG'))
MIB = 1 << 20
SIZE = (10 if LONG else 1) * MIB
FIELDS = 60000 if LONG else 12000
CPU = 0.5                       # seconds for any message below 10 MiB
CPU_PER_MIB = 0.05              # of a body, whatever is to be hashed
MEMORY = 64 << 10               # bytes that a larger body may add
QUESTIONS = 512                 # MAX_MESSAGE_QUESTIONS
SILENCE = 2                     # message_deadline, seconds
# A checker makes everything slower, and memory is its own.
SLOWER = 50 if daemon.CHECKED else 1
CONFIG = '''
authserv_id = mx.test.invalid
nameserver = { "127.0.0.1@%d" }
message_deadline = %s
dns_timeout = %s
dkim_max_signatures = 16
compare_discovery = yes
reports = yes
report_from = "reports@rcpt.example"
log_level = error
'''
ENVELOPE = {'client_ip': '203.0.113.66', 'client_name': 'mail.evil.example', 'helo': 'mail.evil.example',
            'mail_from': 'x.%s@evil.example' % '-'.join('a' * 120)}


class Bounds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix='alignd-bounds-')
        cls.dns = mockdns.MockDNS({}).__enter__()
        cls.figures = []
        cls.start('20s', '5s')

    @classmethod
    def tearDownClass(cls):
        cls.daemon.kill()
        cls.dns.__exit__()
        shutil.rmtree(cls.work, ignore_errors=True)
        if LONG:
            print('\n'.join(['', 'what a message costs (%d MiB at most):' % (SIZE // MIB)] + cls.figures))

    @classmethod
    def start(cls, deadline, dns_timeout):
        cls.daemon = daemon.Daemon(cls.work, CONFIG % (cls.dns.port, deadline, dns_timeout)).start()
        cls.proc = '/proc/%d/' % cls.daemon.real_pid()

    def figure(self, name, value, text=''):
        self.figures.append('  %-34s %10s  %s' % (name, value, text))

    def cpu(self):
        """seconds of CPU that the daemon has used, all threads: its clock as clock_getcpuclockid(3) names it"""
        return time.clock_gettime((~self.daemon.proc.pid << 3) | 2)

    def peak(self):
        """bytes of memory it had at most since the last reset"""
        with open(self.proc + 'status') as f:
            return next(int(l.split()[1]) << 10 for l in f if l.startswith('VmHWM'))

    def reset_peak(self):
        with open(self.proc + 'clear_refs', 'w') as f:
            f.write('5')

    def send(self, fields, body, zone):
        self.dns.set_zone(zone)
        m = MilterClient(self.daemon.listen, 60).connect().negotiate()
        try:
            r = m.transaction(ENVELOPE, fields, body)
        finally:
            m.close()
        self.assertNotIn(r.verdict, (None, 'error'), r.reply)
        return r

    def cost(self, messages, bound):
        for name, *message in messages:
            with self.subTest(name):
                before = self.cpu()
                r = self.send(*message)
                used = self.cpu() - before
                self.figure(name, '%.1f ms' % (used * 1000), r.disposition())
                self.assertLess(used, bound * SLOWER, name)

    def test_cpu_of_bodies(self):
        self.cost(expensive.bodies(SIZE), CPU_PER_MIB * SIZE / MIB + (0 if LONG else CPU_PER_MIB))     # the small one, beside its header

    def test_cpu_of_headers(self):
        self.cost(expensive.headers(FIELDS), CPU)

    def test_cpu_of_results(self):
        self.cost(expensive.results(FIELDS), CPU)

    def test_cpu_of_authors(self):
        self.cost(expensive.authors(), CPU)

    def test_cpu_of_keys(self):
        self.cost(expensive.keys(), CPU)

    def test_cpu_of_records(self):
        self.cost(expensive.records(), CPU)

    @daemon.not_under_a_checker
    def test_memory_of_bodies(self):
        """the body is streamed: what is a hundred times larger needs next to nothing more"""
        peaks = []
        for size in (100 << 10, 100 << 10, 100 << 10, 10 * MIB):
            self.reset_peak()
            self.send(expensive.everything(), expensive.filled(expensive.LINE, size), {})
            peaks.append(self.peak())
        self.figure('memory added by the body', '%.1f KB' % ((peaks[3] - peaks[2]) / 1024))
        self.assertLess(peaks[3] - peaks[2], MEMORY, peaks)

    def test_questions(self):
        fields, zone = expensive.questions()
        self.send(fields, expensive.SMALL, zone)
        asked = len({(mockdns.norm(q[0]), q[1]) for q in self.dns.queries})
        self.figure('questions', asked)
        self.assertLessEqual(asked, QUESTIONS)
        self.assertGreater(asked, 200)           # else this is no test

    def test_waiting(self):
        """nobody answers: the deadline does"""
        self.daemon.kill()
        self.start('%ds' % SILENCE, '%ds' % SILENCE)
        silent = ('66.113.0.203.in-addr.arpa', 'evil.example', 'mail.evil.example', '_dmarc.evil.example', 's._domainkey.evil.example')
        start = time.monotonic()
        r = self.send([expensive.dkim()] + expensive.FROM, expensive.SMALL, {n: ['TIMEOUT'] for n in silent})
        waited = time.monotonic() - start
        self.figure('waiting for silent servers', '%.2f s' % waited, 'of %d, %s' % (SILENCE, r.disposition()))
        self.assertLess(waited, SILENCE + SLOWER)
        self.assertEqual(r.disposition(), 'accept')
        self.daemon.kill()
        self.start('20s', '5s')
