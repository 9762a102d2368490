"""What alignctl prints and how it ends: verify, config, report, stats."""
import json
import re
import subprocess
import xml.dom.minidom
from os import EX_CONFIG, EX_NOINPUT, EX_TEMPFAIL, EX_USAGE

import arparse
import daemon
from milterclient import MilterClient
from scratch import Scratch

NOW = 1795262400                # 2026-11-21 12:00 UTC
ZONE = {
    '10.2.0.192.in-addr.arpa': [{'PTR': 'mail.a.example'}],
    'mail.a.example': [{'A': '192.0.2.10'}],
    'a.example': [{'TXT': 'v=spf1 ip4:192.0.2.10 -all'}],
    '_dmarc.a.example': [{'TXT': 'v=DMARC1; p=reject; rua=mailto:dmarc@a.example'}],
    'evil.example': [{'TXT': 'v=spf1 ip4:203.0.113.66 -all'}],
    '_dmarc.quarantine.example': [{'TXT': 'v=DMARC1; p=quarantine'}],
    '_dmarc.broken.example': ['SERVFAIL'],
}
MESSAGE = 'From: alice@a.example\nTo: bob@rcpt.example\nSubject: s\n\nHello.\n'


class Case(Scratch):
    zone = ZONE

    def setUp(self):
        super().setUp()
        self.conf = self.write('alignd.conf', 'authserv_id = mx.test.invalid\nhostname = mx.test.invalid\nstore = "%s"\n'
                               'report_from = dmarc@rcpt.example\nreport_to = all\n' % self.path('a.db'))

    def ctl(self, *args, stdin=''):
        return subprocess.run([daemon.ALIGNCTL, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=30)

    def verify(self, *args, message=MESSAGE, client='192.0.2.10', mail_from='bounce@a.example'):
        return self.ctl('verify', '-c', self.conf, '--resolver', '127.0.0.1@%d' % self.dns.port, '--client', client, '--helo',
                        'mail.a.example', '--mail-from', mail_from, '--now', str(NOW), *args, self.write('m.eml', message))

    def forged(self, *args, domain='a.example'):
        return self.verify(*args, client='203.0.113.66', mail_from='x@evil.example',
                           message=MESSAGE.replace('a.example', domain))


class Verify(Case):
    def test_the_exit_code_tells_the_decision(self):
        for code, p in ((0, self.verify()), (1, self.forged()), (1, self.forged(domain='quarantine.example')),
                        (0, self.forged(domain='broken.example')),
                        (EX_TEMPFAIL, self.forged('-o', 'on_temperror = tempfail', domain='broken.example')),
                        (0, self.forged('-o', 'mode = monitor')), (0, self.forged('--authenticated'))):
            self.assertEqual((p.returncode, p.stderr), (code, ''), p.stdout)

    def test_wrong_usage(self):
        for args in (['verify'], ['verify', '--client'], ['verify', '--bogus'], ['nonsense'], [],
                     ['verify', '--client', 'x', '--helo', 'h', '--mail-from', 'm', self.conf], ['report'], ['report', 'burn'],
                     ['report', 'show'], ['report', 'list', '--day', '2026-02-30'], ['stats', '--since', 'soon'], ['config']):
            p = self.ctl(*args)
            self.assertEqual((p.returncode, p.stdout), (EX_USAGE, ''), args)
            self.assertRegex(p.stderr, r'^alignctl: .*\n.*alignctl -h')
        self.assertEqual(self.verify('--json', '--headers').returncode, EX_USAGE)
        self.assertEqual(self.verify('--json', '--facts').returncode, EX_USAGE)

    def test_help(self):
        for args in (['-h'], ['--help'], ['verify', '-h']):
            p = self.ctl(*args)
            self.assertEqual((p.returncode, p.stderr), (0, ''))
            self.assertIn('alignctl verify --client', p.stdout)

    def test_a_message_that_is_not_there(self):
        p = self.ctl('verify', '-c', self.conf, '--client', '192.0.2.1', '--helo', 'h', '--mail-from', 'x@y.example',
                     self.path('none.eml'))
        self.assertEqual(p.returncode, EX_NOINPUT)
        self.assertRegex(p.stderr, r'^alignctl: .*none\.eml: No such file')

    def test_a_configuration_that_is_wrong(self):
        p = self.verify('-o', 'mode = sometimes')
        self.assertEqual(p.returncode, EX_CONFIG)
        self.assertRegex(p.stderr, '^alignctl: .*mode.*monitor')

    def test_the_message_may_come_from_the_standard_input(self):
        p = self.ctl('verify', '-c', self.conf, '--resolver', '127.0.0.1@%d' % self.dns.port, '--client', '192.0.2.10', '--helo',
                     'mail.a.example', '--mail-from', 'b@a.example', '--headers', '-', stdin=MESSAGE)
        self.assertRegex(p.stdout, r'(?s)^Authentication-Results: mx\.test\.invalid;.*dmarc=pass')

    def test_headers_are_the_field_alone(self):
        p = self.verify('--headers')
        name, _, value = p.stdout.partition(':')
        self.assertEqual(name, 'Authentication-Results')
        ident, methods = arparse.parse(value)
        self.assertEqual(ident, 'mx.test.invalid')
        self.assertEqual([(m['method'], m['result']) for m in methods],
                         [('iprev', 'pass'), ('spf', 'pass'), ('spf', 'none'), ('dkim', 'none'), ('dmarc', 'pass')])

    def test_facts_follow_the_field(self):
        p = self.forged('--headers', '--facts')
        facts = dict(re.findall(r'(?m)^Fact: (\w+)=(.*)$', p.stdout))
        self.assertEqual((facts['action'], facts['rule'], facts['spf_aligned']), ('reject', 'dmarc-reject', 'false'))

    def test_json_holds_everything(self):
        d = json.loads(self.forged('--json').stdout)
        self.assertEqual((d['dmarc']['result'], d['dmarc']['author_domain'], d['spf']['result']), ('fail', 'a.example', 'pass'))
        self.assertEqual((d['decision']['action'], d['decision']['code'], d['decision']['enhanced_code']),
                         ('reject', '550', '5.7.1'))
        self.assertIn('_dmarc.a.example', [q['name'] for q in d['dns']])
        d = json.loads(self.verify('--json').stdout)
        self.assertEqual(arparse.parse(d['authentication_results'])[0], 'mx.test.invalid')

    def test_hostile_bytes_leave_the_output_well_formed(self):
        p = self.verify('--json', message='From: "\x1b[31m\u00e9" <a\x01@a.example>\nDKIM-Signature: d="\\\n\nx', mail_from='"\x07"@a.example')
        json.loads(p.stdout)
        p = self.verify(message='From: \x1b[31m <a@a\x1b.example>\n\nx', mail_from='\x1b@a.example')
        self.assertNotIn('\x1b', p.stdout)

    def test_the_explanation_names_inputs_questions_rule_header_and_reply(self):
        p = self.forged()
        for part in (r'203\.0\.113\.66', r'spf +pass +evil\.example: ip4:203\.0\.113\.66', r'dmarc +fail +a\.example',
                     r'"dmarc-reject"', r'550 5\.7\.1 Email rejected per DMARC policy for a\.example', r'TXT +_dmarc\.a\.example',
                     r'\d+ DNS questions'):
            self.assertRegex(p.stdout, part)
        self.assertIn('Authentication-Results: mx.test.invalid;', self.verify().stdout)
        p = self.verify(client='192.0.2.99', message='Subject: no author\n\nx\n')
        self.assertRegex(p.stdout, r'(?m)^iprev      permerror no PTR record\n')
        self.assertRegex(p.stdout, r'(?m)^from       missing\ndmarc      none\n')

    def test_a_client_without_an_address_is_called_as_it_was(self):
        for client in ('local', 'unknown'):
            p = self.verify(client=client)
            self.assertTrue(p.stdout.startswith('client     %s, HELO mail.a.example, MAIL FROM <bounce@a.example>\n' % client), p.stdout)
            self.assertEqual(json.loads(self.verify('--json', client=client).stdout)['client'], client)

    def test_angle_brackets_around_addresses_are_no_part_of_them(self):
        plain = self.verify('--rcpt', 'bob@rcpt.example').stdout
        angles = self.verify('--rcpt', '<bob@rcpt.example>', mail_from='<bounce@a.example>').stdout
        self.assertEqual(*(re.sub(r'\d+ ms', '', t) for t in (plain, angles)))
        self.assertIn('MAIL FROM <>', self.verify(mail_from='<>').stdout)

    def test_the_explanation_says_how_mail_is_quarantined(self):
        for option, text in (('header', 'adds       X-Alignd-Disposition: quarantine'), ('hold', 'held       in the queue of the MTA'),
                             ('redirect', 'goes to    q@rcpt.example, to nobody else')):
            p = self.forged('-o', 'quarantine_by = ' + option, '-o', 'quarantine_address = q@rcpt.example', domain='quarantine.example')
            self.assertIn('\nrule       "dmarc-quarantine": quarantine\n%s\n' % text, p.stdout)

    def test_options_may_stand_before_the_command(self):
        p = self.ctl('-c', self.conf, '-o', 'mode = monitor', 'config', 'show')
        self.assertRegex(p.stdout, r'(?m)^mode = monitor +# -o')
        self.assertRegex(p.stdout, r'(?m)^authserv_id = "mx\.test\.invalid" ')
        for args in (['-c'], ['-c', self.conf], ['-c', self.conf, 'nonsense']):
            p = self.ctl(*args)
            self.assertEqual((p.returncode, p.stdout), (EX_USAGE, ''), args)
            self.assertRegex(p.stderr, r'^alignctl: (a sub-command is needed|.*"nonsense")\n.*alignctl -h')


class Rest(Case):
    def test_config_shows_values_with_their_origin_and_reads_its_own_sample(self):
        p = self.ctl('config', 'show', '-c', self.conf, '-o', 'mode = monitor')
        self.assertRegex(p.stdout, r'(?m)^mode = monitor +# -o')
        self.assertRegex(p.stdout, r'(?m)^authserv_id = .* +# .*alignd\.conf:1')
        self.assertIn('rule "dmarc-reject"', p.stdout)
        sample = self.write('sample.conf', self.ctl('config', 'sample').stdout)
        self.assertEqual(self.ctl('config', 'show', '-c', sample).returncode, 0)

    def test_without_a_store(self):
        for args in (['stats'], ['report', 'list']):
            p = self.ctl(*args, '-c', self.conf)
            self.assertEqual((p.returncode, p.stdout), (EX_NOINPUT, ''))
            self.assertEqual(p.stderr, 'alignctl: there is no database %s: alignd makes it at its first start\n' % self.path('a.db'))

    def test_a_day_of_mail_becomes_a_report(self):
        d = daemon.Daemon(self.work, 'authserv_id = mx.test.invalid\nnameserver = { "127.0.0.1@%d" }\n' % self.dns.port, NOW)
        d.start()
        try:
            for ip, sender in (('192.0.2.10', 'bounce@a.example'), ('192.0.2.10', 'bounce@a.example'), ('203.0.113.66', 'x@evil.example')):
                m = MilterClient(d.listen, 20).connect().negotiate()
                m.transaction({'client_ip': ip, 'helo': 'h.example', 'mail_from': sender}, [(b'From', b' <alice@a.example>')], b'x\r\n')
                m.close()
        finally:
            d.stop()
        conf = ['-c', self.write('ctl.conf', open(d.conf).read().replace('include "test.conf"', '')), '-o',
                'report_from = dmarc@rcpt.example', '-o', 'report_to = all', '-o', 'nameserver = { "127.0.0.1@%d" }' % self.dns.port]
        self.assertRegex(self.ctl('stats', *conf).stdout, r'2026-11-21 +fail +reject +1\n2026-11-21 +pass +accept +2\n')
        self.assertEqual(self.ctl('stats', '--domains', *conf).stdout.splitlines()[1].split(), ['3', '2', '1', '0', '1', 'a.example'])
        self.assertRegex(self.ctl('stats', *conf, '--since', '2026-11-22').stdout, r'in all +0')
        show = self.ctl('report', 'show', *conf, '--day', '2026-11-21', '--domain', 'A.Example')
        self.assertEqual(show.returncode, 0, show.stderr)
        counts = [int(e.firstChild.data) for e in xml.dom.minidom.parseString(show.stdout).getElementsByTagName('count')]
        self.assertEqual(sorted(counts), [1, 2])
        p = self.ctl('report', 'show', *conf, '--day', '2026-11-20', '--domain', 'a.example')
        self.assertNotEqual(p.returncode, 0)
        later = ['--now', str(NOW + 86400)]
        p = self.ctl('report', 'send', *conf, *later, '--dry-run')
        self.assertIn('dmarc@a.example', p.stdout)
        p = self.ctl('report', 'send', *conf, *later, '-o', 'report_sendmail = "/bin/false"')
        self.assertEqual(p.returncode, EX_TEMPFAIL)
        self.assertRegex(p.stdout, r'put off: dmarc@a\.example: /bin/false: exit status 1\n0 reports sent in 0 mails, 1 put off')
        self.assertRegex(self.ctl('report', 'list', *conf).stdout,
                         r'2026-11-21 due +a\.example  \w+  from 2026-11-22 \d\d:\d\d UTC\n +due +dmarc@a\.example  /bin/false: exit status 1\n$')
        p = self.ctl('report', 'send', *conf, *later)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertRegex(p.stdout, r'^no report is due')
        day = ['--day', '2026-11-21']
        p = self.ctl('report', 'send', *conf, *later, *day, '-o', 'report_sendmail = "/bin/true"')
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertRegex(p.stdout, r'1 report sent in 1 mail,')
        p = self.ctl('report', 'send', *conf, *later, *day, '--dry-run')
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, '', 'alignctl: there is no report to send\n'))
        p = self.ctl('report', 'list', *conf, '--domain', 'nobody.example')
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, '', 'alignctl: there are no such reports\n'))
        self.assertRegex(self.ctl('report', 'list', *conf, '--domain', 'a.example').stdout, r'2026-11-21 sent +a\.example  \w+\n +sent +dmarc@a\.example')
