"""The daemon's own reports: a day passes, alignd is started anew, and the domain's owner gets one signed report, once."""
import base64
import glob
import gzip
import os
import re
import subprocess
import time
import unittest
import xml.etree.ElementTree as xml

import daemon
import suite
import world
from world import Client

NOON = int(time.time()) // 86400 * 86400 - 43200
DAY = time.strftime('%Y-%m-%d', time.gmtime(NOON))
SCHEMA = os.path.join(os.path.dirname(__file__), '..', 'data', 'aggregate', 'rfc9990.rng')
GOOD, EVIL = Client('192.0.2.10', 'mail.sender.example'), Client('203.0.113.66', 'mail.evil.example')
MAIL = (b'From: Alice <alice@sender.example>\r\nTo: bob@rcpt.example\r\nSubject: hello\r\n'
        b'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n')
CONFIG = '''reports = yes
report_from = "dmarc-reports@rcpt.example"
report_org = "Rcpt & Sons <\xfcber>"
report_smtp = "smtp://127.0.0.1:@SMTP@"
report_sign_selector = r1
report_sign_key = "%s"
'''


@unittest.skipIf(os.geteuid() != 0, 'a private Postfix needs root')
class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = suite.Keys()
        pem, cls.public = cls.keys.key('rsa')
        key = cls.keys.record('rsa')
        cls.w = world.World({
            'sender.example': 'mail A 192.0.2.10\n@ TXT "v=spf1 ip4:192.0.2.10 -all"\n'
                              '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@sender.example"\n',
            # reports to another organization, which wants none of them
            'other.example': '@ TXT "v=spf1 ip4:192.0.2.10 -all"\n'
                             '_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@victim.sender2.example"\n',
            'rcpt.example': 'r1._domainkey TXT "%s" "%s"\n' % (key[:200], key[200:]),
            'evil.example': 'mail A 203.0.113.66\n@ TXT "v=spf1 ip4:203.0.113.66 -all"\n',
            '2.0.192.in-addr.arpa': '10 PTR mail.sender.example.\n',
        }, '', now=NOON)
        cls.w.write('report.key', pem.decode())
        cls.w.config = CONFIG % cls.w.path('report.key')
        cls.w.__enter__()
        cls.addClassCleanup(cls.w.close)
        cls.w.send(GOOD, 'bounce@sender.example', 'bob@rcpt.example', MAIL)
        cls.w.send(GOOD, 'bounce@sender.example', 'bob@rcpt.example', MAIL)
        cls.w.send(EVIL, 'x@evil.example', 'bob@rcpt.example', MAIL)
        cls.w.send(GOOD, 'a@other.example', 'bob@rcpt.example', MAIL.replace(b'sender.example', b'other.example'))
        assert cls.w.mail('reports') == []
        assert cls.w.daemon.stop() == 0
        cls.w.daemon.now = None                          # the next day
        cls.w.daemon.start()
        # either may come a moment before the other
        world.wait_for('the report', lambda: cls.w.mail('reports'), 20)
        world.wait_for('its row', lambda: re.search(r'(?m)^%s sent +sender\.example' % DAY, cls.reports()), 20)

    @classmethod
    def reports(cls):
        return subprocess.run([daemon.ALIGNCTL, 'report', 'list', '--day', DAY, '-c', cls.w.daemon.conf], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def feedback(self):
        part = next(p for p in self.w.mail('reports')[0].walk() if p.get_content_type() == 'application/gzip')
        return gzip.decompress(base64.b64decode(part.get_payload()))

    # A04, A05, A08, A17, A19
    def test_the_report_says_what_was_seen(self):
        root = re.sub(rb' xmlns="[^"]*"', b'', self.feedback())
        report = xml.fromstring(root)
        self.assertEqual(report.findtext('report_metadata/org_name'), 'Rcpt & Sons <\xfcber>')
        self.assertEqual(report.findtext('policy_published/domain'), 'sender.example')
        rows = {(r.findtext('row/source_ip'), r.findtext('row/count'), r.findtext('row/policy_evaluated/disposition'),
                 r.findtext('row/policy_evaluated/spf')) for r in report.findall('record')}
        self.assertEqual(rows, {('192.0.2.10', '2', 'pass', 'pass'), ('203.0.113.66', '1', 'reject', 'fail')})
        self.assertNotIn(b'bob', root)
        self.assertNotIn(b'alice', root)

    # A10, A11, A16, A18, A40, A41
    def test_the_report_is_valid(self):
        self.w.write('report.xml', self.feedback().decode())
        p = subprocess.run(['xmllint', '--nonet', '--noout', '--relaxng', SCHEMA, self.w.path('report.xml')],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(p.returncode, 0, p.stdout)

    # A60
    def test_the_signature_holds_for_others(self):
        """dkimpy is the judge"""
        with open(glob.glob(self.w.path('postfix/mail/reports/new/*'))[0], 'rb') as f:
            raw = f.read()
        record = self.keys.record('rsa').encode()
        self.assertTrue(self.keys.dkim.verify(raw.replace(b'\n', b'\r\n'), dnsfunc=lambda name, timeout=5: record
                                              if name == b'r1._domainkey.rcpt.example.' else None))

    # A62
    def test_it_is_sent_once(self):
        log = self.w.daemon.log_size()
        self.assertEqual(self.w.daemon.stop(), 0)
        self.w.daemon.start()
        p = subprocess.run([daemon.ALIGNCTL, 'report', 'send', '-c', self.w.daemon.conf], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        self.assertEqual(p.returncode, 0, p.stdout)
        self.assertRegex(p.stdout, r'^no report is due', self.w.daemon.log_text(log))
        self.assertEqual(len(self.w.mail('reports')), 1)

    # A51, A56
    def test_a_destination_that_did_not_agree_gets_none(self):
        self.assertNotRegex(self.reports(), r'sent +\S*victim')
        self.assertNotIn('victim', self.w.mta_log())
