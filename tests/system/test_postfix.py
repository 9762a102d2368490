"""Real mail through a private Postfix, with real DNS servers: what the sender is told, what the mailbox gets, what both
logs say."""
import os
import random
import re
import subprocess
import unittest

import daemon
import forgery
import suite
import world
from world import Client

GOOD = Client('192.0.2.10', 'mail.sender.example')
EVIL = Client('203.0.113.66', 'mail.evil.example')
MAIL = (b'From: Alice <alice@sender.example>\r\nTo: bob@rcpt.example\r\nSubject: hello\r\n'
        b'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n')


def zones(keys):
    key = keys.record('rsa')
    return {
        'sender.example': 'mail A 192.0.2.10\n@ TXT "v=spf1 ip4:192.0.2.10 -all"\n'
                          '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@sender.example"\n'
                          'rsa._domainkey TXT "%s" "%s"\n' % (key[:200], key[200:]),
        'shop.example': '_dmarc TXT "v=DMARC1; p=quarantine"\n',
        'evil.example': 'mail A 203.0.113.66\n@ TXT "v=spf1 ip4:203.0.113.66 -all"\n',
        '2.0.192.in-addr.arpa': '10 PTR mail.sender.example.\n',
        '113.0.203.in-addr.arpa': '66 PTR mail.evil.example.\n',
    }


@unittest.skipIf(os.geteuid() != 0, 'a private Postfix needs root')
class Postfix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = suite.Keys()
        cls.w = world.World(zones(cls.keys), 'quarantine_by = hold\n').__enter__()
        cls.addClassCleanup(cls.w.close)

    def send(self, message=MAIL, client=GOOD, mail_from='bounce@sender.example', rcpt='bob@rcpt.example'):
        return self.w.send(client, mail_from, rcpt, message)

    # R07, D67
    def test_accepted(self):
        signed = self.keys.sign(MAIL, {'d': 'sender.example', 's': 'rsa'}) + MAIL
        r = self.send(signed)
        self.assertRegex(r.reply, '^250 ')
        self.assertEqual(r.delivered.keys()[3], 'Authentication-Results', 'the first field but those of the delivery')
        ar = re.sub(r'\s+', ' ', r.delivered['Authentication-Results'])
        for method in ('iprev=pass', 'spf=pass', 'dkim=pass', 'dmarc=pass'):
            self.assertIn(method, ar)
        queue_id = re.search(r'queued as (\w+)', r.reply)[1]
        self.assertRegex(r.log, r'(?m)^alignd: %s: .*dmarc=pass.* action=accept' % queue_id)

    # D63, D71, M09, M20
    def test_rejected(self):
        r = self.send(client=EVIL, mail_from='x@evil.example')
        self.assertRegex(r.reply, r'^550 5\.7\.1 .*sender\.example')
        self.assertIsNone(r.delivered)
        self.assertRegex(r.log, 'dmarc=fail.* action=reject')
        refused = r'milter-reject: END-OF-MESSAGE from \S+\[203\.0\.113\.66\]: 5\.7\.1 '
        world.wait_for("Postfix's log line", lambda: re.search(refused, self.w.mta_log()))

    # M07
    def test_held(self):
        r = self.send(MAIL.replace(b'sender.example', b'shop.example'), EVIL, 'x@evil.example')
        self.assertRegex(r.reply, '^250 ')
        self.assertIsNone(r.delivered)
        queue_id = re.search(r'queued as (\w+)', r.reply)[1]
        self.assertRegex(self.w.mta_log(), r'%s: milter-hold: ' % queue_id)
        self.assertRegex(r.log, '%s: .*action=quarantine' % queue_id)

    # R40, R43, R44
    def test_forged_results_do_not_reach_the_mailbox(self):
        forged = b'Authentication-Results: mx.rcpt.example; dmarc=pass header.from=sender.example\r\n'
        other = b'Authentication-Results: other.example; spf=pass smtp.mailfrom=kept.example\r\n'
        mail = MAIL.replace(b'alice@sender.example', b'x@evil.example')
        r = self.send(forged + other + forged + mail.replace(b'Subject:', forged + b'Subject:'), EVIL, 'x@evil.example')
        fields = [re.sub(r'\s+', ' ', v) for v in r.delivered.get_all('Authentication-Results')]
        self.assertEqual(len(fields), 2, fields)
        self.assertIn('evil.example', fields[0])
        self.assertIn('kept.example', fields[1])

    def test_forged_results_in_any_number_and_order(self):
        dice = random.Random(1)
        for _ in range(12):
            message, kept = forgery.forge(dice, b'evil.example')
            r = self.send(message, EVIL, 'x@evil.example')
            with self.subTest(message):
                fields = [re.sub(r'\s+', ' ', v) for v in r.delivered.get_all('Authentication-Results')]
                self.assertIn('dmarc=none', fields[0])
                self.assertEqual(fields[1:], kept)

    def test_long_field(self):
        r = self.send(b'X-Long: ' + b'\r\n '.join([b'x' * 900] * 100) + b'\r\n' + MAIL)
        self.assertRegex(r.reply, '^250 ')
        self.assertIn('dmarc=pass', r.delivered['Authentication-Results'])

    def test_many_fields_and_a_large_body(self):
        r = self.send(b''.join(b'X-%d: y\r\n' % n for n in range(500)) + MAIL + b'0123456789abcdef\r\n' * 200000)
        self.assertRegex(r.reply, '^250 ')
        self.assertIn('dmarc=pass', r.delivered['Authentication-Results'])

    # S04
    def test_local_mail_is_left_alone(self):
        p = subprocess.run(['sendmail', '-C', self.w.path('postfix/etc'), '-f', 'root@rcpt.example', 'local@rcpt.example'],
                           input=b'From: root@rcpt.example\nSubject: local\n\nx\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(p.returncode, 0, p.stdout)
        world.wait_for('local mail', lambda: any(m['Subject'] == 'local' for m in self.w.mail('inbox')))
        m = next(m for m in self.w.mail('inbox') if m['Subject'] == 'local')
        self.assertNotIn('Authentication-Results', m)

    def test_several_messages_and_a_reset_in_one_session(self):
        log = self.w.daemon.log_size()
        s = self.w.connect(GOOD)
        for n in range(3):
            s.docmd('MAIL', 'FROM:<bounce@sender.example>')
            s.docmd('RCPT', 'TO:<bob@rcpt.example>')
            s.docmd('RSET')
            s.docmd('MAIL', 'FROM:<bounce@sender.example>')
            s.docmd('RCPT', 'TO:<bob@rcpt.example>')
            self.assertEqual(s.data(MAIL)[0], 250)
        s.quit()
        world.wait_for('three lines', lambda: self.w.daemon.log_text(log).count('action=accept') == 3)

    def test_statistics(self):
        self.send()
        p = subprocess.run([daemon.ALIGNCTL, 'stats', '-c', self.w.daemon.conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True)
        self.assertEqual(p.returncode, 0, p.stdout)
        self.assertRegex(p.stdout, r'(?s)pass.*accept')

    def test_postfix_without_alignd(self):
        """what the README says of default_action: here tempfail"""
        s = self.w.connect(GOOD)            # an open session outlives a stop only until it is drained
        s.quit()
        self.assertEqual(self.w.daemon.stop(30), 0)
        try:
            s = self.w.connect(GOOD)
            code = s.docmd('MAIL', 'FROM:<bounce@sender.example>')[0]
            code = s.docmd('RCPT', 'TO:<bob@rcpt.example>')[0] if code == 250 else code
            s.close()
            self.assertEqual(code // 100, 4)
        finally:
            self.w.daemon.start()
        self.assertRegex(self.send().reply, '^250 ')
