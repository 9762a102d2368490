"""When something runs out: memory, disk, descriptors, or the store is another's for a while. Nothing of it ends the daemon,
lets a forgery pass, or lasts longer than its cause."""
import os
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
import time
import unittest

import daemon
import suite
import test_load
import world
from milterclient import MilterClient, MilterError
from scratch import Scratch


class Scarce(Scratch):
    @classmethod
    def setUpClass(cls):
        keys = suite.Keys()
        cls.kinds, cls.zone = test_load.kinds(keys)[:12], test_load.zone(keys.record('rsa'))
        cls.good = next(k for k in cls.kinds if k.name == 'good')

    def start(self, config='', before=()):
        self.d = daemon.Daemon(self.work, test_load.CONFIG % (self.dns.port, 'warning') + config, before=before)
        self.addCleanup(lambda: self.d.proc and self.d.kill())
        self.d.start()
        self.send(self.good)                        # it listens before all is open, and serves after

    def send(self, kind, m=None):
        m = m or MilterClient(self.d.listen, 30).connect().negotiate()
        r = m.transaction(kind.envelope, kind.fields, kind.body)
        m.close()
        return r

    def sound(self):
        """all is as before"""
        self.assertTrue(self.d.alive(), self.d.log_text()[-2000:])
        self.assertEqual([test_load.wrong(k, self.send(k)) for k in self.kinds], [None] * len(self.kinds))

    def stored(self, path=None):
        with sqlite3.connect(path or self.d.db) as db:
            return db.execute('SELECT sum(count) FROM outcome').fetchone()[0] or 0

    # -- memory ------------------------------------------------------------------------------------------------------

    def scarcity(self, rate):
        with open(self.rate, 'r+b') as f:
            f.write(struct.pack('=I', rate))

    def try_one(self, kind):
        try:
            r = self.send(kind)
        except (MilterError, OSError):              # it hung up: the MTA does what it does without a filter
            return
        if r.verdict == 'accept' and kind.name in ('broken', 'forged', 'lame'):
            self.assertNotIn('dmarc=pass', str([v for n, v in r.new_headers if n == 'Authentication-Results']), kind.name)
            self.assertEqual([v for n, v in r.headers if 'dmarc=pass' in v], [], 'a forged field stayed')
        elif r.verdict == 'reject':
            self.assertEqual(kind.disposition, 'reject', r.reply)

    @daemon.not_under_a_checker
    def test_memory(self):
        self.rate = self.path('rate')
        with open(self.rate, 'wb') as f:
            f.write(bytes(4))
        self.start(before=['env', 'LD_PRELOAD=' + os.path.abspath(os.path.join(daemon.BUILD, 'scarce.so')), 'SCARCE=' + self.rate])
        dice = random.Random(1)
        for rate in (1000, 100, 30, 10, 3):
            self.scarcity(rate)
            for n in range(40):
                self.try_one(dice.choice(self.kinds))
                if n % 10 == 0:
                    self.d.proc.send_signal(signal.SIGHUP)
            self.assertTrue(self.d.alive(), self.d.log_text()[-2000:])
        self.scarcity(0)
        self.assertIn('out of memory', self.d.log_text())
        self.sound()
        self.assertEqual(self.d.stop(), 0)

    # -- the store ---------------------------------------------------------------------------------------------------

    def test_a_locked_store(self):
        self.start()
        replies, before, begin = [], self.stored(), time.monotonic()
        with sqlite3.connect(self.d.db, isolation_level=None) as db:
            db.execute('BEGIN IMMEDIATE')
            threads = [threading.Thread(target=lambda: replies.append(self.send(self.good).verdict)) for _ in range(2)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            db.execute('ROLLBACK')
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(replies, ['accept'] * 2)
        self.assertRegex(self.d.log_text(), 'the message is not counted: .*(locked by another process|did not answer)')
        self.sound()
        self.assertGreater(self.stored(), before)
        self.assertEqual(self.d.stop(), 0)

    @unittest.skipUnless(world.World.isolated, 'needs root and a mount namespace')
    def test_a_full_disk(self):
        disk = self.path('disk')
        os.mkdir(disk)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', disk], check=True)
        self.addCleanup(subprocess.run, ['umount', '-l', disk])
        self.start('store = "%s/a.db"\n' % disk)
        with open(disk + '/filler', 'wb', buffering=0) as f:
            try:
                while f.write(bytes(4096)):
                    pass
            except OSError:
                pass
        for n in range(300):
            self.assertEqual(test_load.wrong(self.good, self.send(self.good)), None)
            if 'not counted' in self.d.log_text():
                break
        self.assertRegex(self.d.log_text(), 'the message is not counted: .*(no space left|No space left|full)')
        os.unlink(disk + '/filler')
        before = self.stored(disk + '/a.db')
        self.sound()
        self.assertGreater(self.stored(disk + '/a.db'), before)
        self.assertEqual(self.d.stop(), 0)

    # -- descriptors -------------------------------------------------------------------------------------------------

    def test_descriptors(self):
        self.start(before=['prlimit', '--nofile=128:128'])
        first = MilterClient(self.d.listen, 30).connect().negotiate()
        held = []
        for _ in range(150):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(1)
            s.connect(self.d.listen.partition(':')[2])
            held.append(s)
        self.assertIn(self.send(self.kinds[0], first).verdict, ('accept', 'tempfail'))
        for s in held:
            s.close()
        # libunbound holds its nameserver for dead for some seconds
        world.wait_for('the DNS', lambda: not test_load.wrong(self.kinds[0], self.send(self.kinds[0])), 20)
        self.sound()
        self.assertEqual(self.d.stop(), 0)
