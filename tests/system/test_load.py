"""alignd under load: many connections and messages at once, with reloads, hang-ups and a stop in between. What is asked of
it: the right verdict for each message, a row for each verdict, memory and descriptors that do not grow, a clean end.

ALIGND_LOAD says how many messages; ALIGND_LOAD_CONNECTIONS how many connections at once.
"""
import os
import random
import re
import signal
import sqlite3
import threading
import time

import daemon
import suite
from milterclient import MilterClient, MilterError, split_message
from scratch import Scratch

MESSAGES = int(os.environ.get('ALIGND_LOAD', 1500))
CONNECTIONS = int(os.environ.get('ALIGND_LOAD_CONNECTIONS', 16))
SENDERS = 50
BODY = b'Hello.\r\n' * 200
CONFIG = '''
authserv_id = mx.rcpt.example
nameserver = { "127.0.0.1@%d" }
message_deadline = 20s
log_level = %s
'''


def zone(key):
    z = {'rsa._domainkey.signer.example': [{'TXT': key}], '_dmarc.signer.example': [{'TXT': 'v=DMARC1; p=reject'}],
         'lame.example': ['SERVFAIL'], '_dmarc.lame.example': ['SERVFAIL']}
    for n in range(SENDERS):
        ip, name = '192.0.2.%d' % n, 's%d.example' % n
        z[name] = [{'TXT': 'v=spf1 include:_spf.%s -all' % name}, {'A': ip}]
        z['_spf.' + name] = [{'TXT': 'v=spf1 ip4:%s -all' % ip}]
        z['_dmarc.' + name] = [{'TXT': 'v=DMARC1; p=%s; rua=mailto:r@%s' % (('none', 'quarantine', 'reject')[n % 3], name)}]
        z['mail.' + name] = [{'A': ip}]
        z['%d.2.0.192.in-addr.arpa' % n] = [{'PTR': 'mail.' + name}]
    return z


class Kind:
    """one sort of message and what has to become of it"""

    def __init__(self, name, disposition, stamp, envelope, message):
        self.name, self.disposition, self.stamp, self.envelope = name, disposition, stamp, envelope
        self.fields, self.body = split_message(message)


def text(author, above=b''):
    return above + b'From: <a@%s>\r\nTo: <b@rcpt.example>\r\nSubject: x\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n' % author.encode() + BODY


def kinds(keys):
    forged = b'Authentication-Results: mx.rcpt.example; dmarc=pass\r\n' * 3
    signed = text('signer.example')
    signed = keys.sign(signed, {'d': 'signer.example', 's': 'rsa'}) + signed
    out = [Kind('signed', 'accept', 'dkim=pass', {'client_ip': '198.51.100.1', 'helo': 'x.example', 'mail_from': 'x@other.example'}, signed),
           Kind('broken', 'reject', '', {'client_ip': '198.51.100.1', 'helo': 'x.example', 'mail_from': 'x@other.example'},
                signed.replace(b'Hello.', b'Hullo.', 1)),
           Kind('lame', 'accept', 'dmarc=temperror', {'client_ip': '198.51.100.2', 'helo': 'lame.example', 'mail_from': 'x@lame.example'},
                text('lame.example')),
           Kind('authenticated', 'accept', None, {'client_ip': '198.51.100.3', 'helo': 'pc', 'mail_from': 'x@s0.example', 'auth': 'bob'},
                text('s0.example'))]
    for n in range(SENDERS):
        ip, name = '192.0.2.%d' % n, 's%d.example' % n
        envelope = {'client_ip': ip, 'client_name': 'mail.' + name, 'helo': 'mail.' + name, 'mail_from': 'b@' + name}
        out.append(Kind('good', 'accept', 'dmarc=pass', envelope, text(name, forged if n % 2 else b'')))
        out.append(Kind('forged', ('accept', 'accept', 'reject')[n % 3], ('dmarc=fail', 'dmarc=fail', '')[n % 3],
                        {**envelope, 'client_ip': '203.0.113.9'}, text(name)))
    return out


def wrong(kind, r):
    """what is wrong with the outcome; None if nothing is"""
    ours = [v for n, v in r.headers if n == 'Authentication-Results' and 'mx.rcpt.example' in v]
    if r.disposition() != kind.disposition:
        return '%s: %s %s' % (kind.name, r.disposition(), r.reply)
    if kind.disposition == 'accept' and (len(ours) != (kind.stamp is not None) or any(kind.stamp not in v for v in ours)):
        return '%s: %s' % (kind.name, ours)
    return None


class Load(Scratch):
    @classmethod
    def setUpClass(cls):
        keys = suite.Keys()
        cls.kinds, cls.zone = kinds(keys), zone(keys.record('rsa'))

    def setUp(self):
        super().setUp()
        self.lock, self.left, self.judged, self.unseen, self.faults = threading.Lock(), 0, 0, 0, []
        self.ending = False
        self.d = daemon.Daemon(self.work, CONFIG % (self.dns.port, 'warning'))

    def tearDown(self):
        if self.d.proc:
            self.d.kill()

    # -- the MTA -----------------------------------------------------------------------------------------------------

    def take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def fault(self, what):
        with self.lock:
            self.faults.append(what)

    def client(self, seed):
        dice = random.Random(seed)
        while self.left > 0:
            try:
                self.connection(dice)
            except (OSError, MilterError) as e:
                if not self.ending:
                    self.fault(repr(e))
                return

    def connection(self, dice):
        """one to five messages on a connection, now and then with an early end"""
        m, kind, stop = MilterClient(self.d.listen, 60).connect().negotiate(), dice.choice(self.kinds), None
        for _ in range(dice.randint(1, 5)):
            if not self.take():
                break
            stop = (dice.choice(('abort', 'hangup')), dice.choice('CHMRTLNBE')) if dice.random() < 0.1 else None
            r = m.transaction(kind.envelope, kind.fields, kind.body, stop)
            self.outcome(kind, r, stop)
            if r.verdict == 'error' or (r.verdict == 'stopped' and stop[0] == 'hangup'):
                break
        m.close(dice.random() < 0.7)

    def outcome(self, kind, r, stop):
        if r.verdict == 'stopped':
            with self.lock:
                self.unseen += stop == ('hangup', 'E')
            return
        if self.ending and r.verdict in ('error', 'tempfail'):
            with self.lock:
                self.unseen += r.verdict == 'error'
            return
        with self.lock:
            self.judged += kind.stamp is not None or kind.disposition != 'accept'
        if wrong(kind, r):
            self.fault(wrong(kind, r))

    def begin(self, n):
        self.left = n
        self.threads = [threading.Thread(target=self.client, args=(random.random(),), daemon=True) for _ in range(CONNECTIONS)]
        for t in self.threads:
            t.start()

    def busy(self):
        return any(t.is_alive() for t in self.threads)

    def end(self, meanwhile=lambda: None):
        while self.busy():
            meanwhile()
            time.sleep(0.03)
        self.assertEqual(self.faults[:5], [])

    # -- looking on --------------------------------------------------------------------------------------------------

    def memory(self):
        """resident, in MB"""
        with open('/proc/%d/status' % self.pid) as f:
            return int(re.search(r'(?m)^VmRSS:\s+(\d+)', f.read())[1]) / 1024

    def descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.pid))

    def settled(self):
        """descriptors once libmilter has closed what the clients have closed"""
        end = time.monotonic() + 5
        while self.descriptors() > self.idle and time.monotonic() < end:
            time.sleep(0.02)
        return self.descriptors()

    def stored(self):
        with sqlite3.connect(self.d.db) as db:
            return db.execute('SELECT sum(count) FROM outcome').fetchone()[0] or 0

    # -- tests -------------------------------------------------------------------------------------------------------

    def test_messages_with_reloads(self):
        self.d.start()
        self.pid = self.d.real_pid()
        self.begin(MESSAGES // 2)
        self.end()
        self.idle = self.descriptors()
        memory, descriptors = self.memory(), self.settled()
        self.begin(MESSAGES // 2)
        self.end(lambda: self.d.proc.send_signal(random.choice((signal.SIGHUP, signal.SIGUSR1))))
        self.assertTrue(self.d.alive(), self.d.log_text()[-2000:])
        if not daemon.CHECKED:
            self.assertLess(self.memory(), memory * 1.3 + 20)
        self.assertLessEqual(self.settled(), descriptors + 5)
        self.assertGreaterEqual(self.stored(), self.judged)
        self.assertLessEqual(self.stored(), self.judged + self.unseen)
        self.assertEqual(self.d.stop(), 0)
        self.assertEqual(self.d.log_text(), '')

    def test_stop_under_load(self):
        for _ in range(max(1, MESSAGES // 1500)):
            self.d.start()
            self.begin(MESSAGES * 1000)
            time.sleep(random.uniform(0.5, 1.5))
            self.ending = True
            begin = time.monotonic()
            self.assertEqual(self.d.stop(40), 0, self.d.log_text()[-2000:])
            self.assertLess(time.monotonic() - begin, 10)
            self.left = 0
            self.end()
            self.assertFalse(os.path.exists(self.path('m.sock')), 'the socket is left')
            self.ending = False
        self.assertEqual(self.d.log_text(), '')
        self.assertGreaterEqual(self.stored(), self.judged)
        self.assertLessEqual(self.stored(), self.judged + self.unseen)
