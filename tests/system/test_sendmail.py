"""Real mail through a private Sendmail: verdicts, and what becomes of the fields at its hands."""
import contextlib
import os
import random
import re
import unittest

import forgery
import sendmail
import suite
import world
from world import Client

GOOD = Client('192.0.2.10', 'mail.sender.example')
GOOD6 = Client('2001:db8:10::10', 'mail.sender.example')
EVIL = Client('203.0.113.66', 'mail.evil.example')
MAIL = (b'From: Alice <alice@sender.example>\r\nTo: bob@rcpt.example\r\nSubject: hello\r\n'
        b'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n')
SHOP = MAIL.replace(b'sender.example', b'shop.example')
NEUTRAL = MAIL.replace(b'sender.example', b'evil.example')
CONFIG = 'quarantine_by = %s\nquarantine_address = jail@rcpt.example\nrule "later" { mail_from = { later.example } action = tempfail }\n' \
         'include "' + os.path.abspath('conf/rules/dmarc.conf') + '"\n'


def zones(keys):
    key = keys.record('rsa')
    return {
        'sender.example': 'mail A 192.0.2.10\nmail AAAA 2001:db8:10::10\n@ TXT "v=spf1 ip4:192.0.2.10 ip6:2001:db8:10::10 -all"\n'
                          '_dmarc TXT "v=DMARC1; p=reject"\nrsa._domainkey TXT "%s" "%s"\n' % (key[:200], key[200:]),
        'shop.example': '_dmarc TXT "v=DMARC1; p=quarantine"\n',
        'evil.example': 'mail A 203.0.113.66\n@ TXT "v=spf1 ip4:203.0.113.66 -all"\n',
        '2.0.192.in-addr.arpa': '10 PTR mail.sender.example.\n',
        '113.0.203.in-addr.arpa': '66 PTR mail.evil.example.\n25 PTR mx.rcpt.example.\n',
        '0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa': '0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mail.sender.example.\n',
    }


def results(message):
    return [re.sub(r'\s+', ' ', v) for v in message.get_all('Authentication-Results', [])]


@unittest.skipUnless(world.World.isolated, 'a private Sendmail needs root and a network namespace')
class Sendmail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = suite.Keys()
        cls.w = sendmail.Sendmail(zones(cls.keys), CONFIG % 'hold').__enter__()
        cls.addClassCleanup(cls.w.close)

    def send(self, message=MAIL, client=GOOD, mail_from='bounce@sender.example', rcpt='bob@rcpt.example'):
        return self.w.send(client, mail_from, rcpt, message)

    @contextlib.contextmanager
    def quarantine_by(self, how):
        try:
            self.reload('hold', how)
            yield
        finally:
            self.reload(how, 'hold')

    def reload(self, old, new):
        conf = os.path.join(self.w.daemon.work, 'test.conf')
        with open(conf) as f:
            text = f.read()
        with open(conf, 'w') as f:
            f.write(text.replace('quarantine_by = ' + old, 'quarantine_by = ' + new))
        self.w.daemon.reload()

    def test_accepted(self):
        for client in (GOOD, GOOD6):
            r = self.send(self.keys.sign(MAIL, {'d': 'sender.example', 's': 'rsa'}) + MAIL, client)
            self.assertRegex(r.reply, '^250 ')
            self.assertEqual(r.delivered.keys()[:2], ['Authentication-Results', 'Received'])
            for method in ('iprev=pass', 'spf=pass', 'dkim=pass', 'dmarc=pass'):
                self.assertIn(method, results(r.delivered)[0])
            self.assertRegex(r.log, r'(?m)^alignd: %s: .*dmarc=pass.* action=accept' % r.reply.split()[2])

    def test_rejected(self):
        r = self.send(client=EVIL, mail_from='x@evil.example')
        self.assertRegex(r.reply, r'^550 5\.7\.1 .*sender\.example')
        self.assertIsNone(r.delivered)

    def test_put_off(self):
        r = self.send(NEUTRAL, EVIL, 'x@later.example')
        self.assertRegex(r.reply, r'^451 4\.')
        self.assertIsNone(r.delivered)

    def test_held(self):
        r = self.send(SHOP, EVIL, 'x@evil.example')
        self.assertRegex(r.reply, '^250 ')
        self.assertIsNone(r.delivered)
        self.assertEqual(self.w.held()[r.reply.split()[2]], 'alignd: rule dmarc-quarantine')

    def test_marked(self):
        forged = b'x-alignd-disposition: forged\r\n'
        with self.quarantine_by('header'):
            r = self.send(forged + SHOP.replace(b'Subject:', forged + b'Subject:'), EVIL, 'x@evil.example')
            clean = self.send(forged + NEUTRAL, EVIL, 'x@evil.example')
        self.assertEqual(r.delivered.get_all('X-Alignd-Disposition'), ['quarantine'])
        self.assertNotIn('X-Alignd-Disposition', clean.delivered)

    def test_redirected(self):
        with self.quarantine_by('redirect'):
            r = self.send(SHOP, EVIL, 'x@evil.example')
        self.assertIn(r.delivered['Message-ID'], [m['Message-ID'] for m in self.w.mail('jail')])
        self.assertNotIn(r.delivered['Message-ID'], [m['Message-ID'] for m in self.w.mail('bob')])

    def test_forged_results_in_any_number_and_order(self):
        dice = random.Random(1)
        for _ in range(12):
            message, kept = forgery.forge(dice, b'evil.example')
            r = self.send(message, EVIL, 'x@evil.example')
            with self.subTest(message):
                self.assertEqual(r.delivered.keys()[0], 'Authentication-Results')
                self.assertIn('dmarc=none', results(r.delivered)[0])
                self.assertEqual(results(r.delivered)[1:], kept)

    def test_several_messages_and_a_reset_in_one_session(self):
        log = self.w.daemon.log_size()
        s = self.w.connect(GOOD)
        for _ in range(3):
            s.docmd('MAIL', 'FROM:<bounce@sender.example>')
            s.docmd('RCPT', 'TO:<bob@rcpt.example>')
            s.docmd('RSET')
            s.docmd('MAIL', 'FROM:<bounce@sender.example>')
            s.docmd('RCPT', 'TO:<bob@rcpt.example>')
            self.assertEqual(s.data(MAIL)[0], 250)
        s.quit()
        self.assertEqual(self.w.daemon.log_text(log).count('action=accept'), 3)
        self.assertEqual(len(set(re.findall('(?m)^alignd: (\\w+):', self.w.daemon.log_text(log)))), 3)

    def test_sendmail_without_alignd(self):
        """what conf/sendmail.mc says of F=T: mail waits"""
        self.assertEqual(self.w.daemon.stop(30), 0)
        try:
            s = self.w.connect(GOOD)
            code = s.docmd('MAIL', 'FROM:<bounce@sender.example>')[0]
            s.close()
            self.assertEqual(code, 451)
        finally:
            self.w.daemon.start()
        self.assertRegex(self.send().reply, '^250 ')
