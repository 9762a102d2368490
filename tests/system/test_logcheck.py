"""contrib/logcheck: what alignd says on a good day is ignored, what an administrator must hear is not."""
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import daemon
import mockdns
import world
from milterclient import MilterClient

RULES = 'contrib/logcheck/%s/alignd'
HEADS = ('Nov  1 06:25:01 mx1 ', '2026-11-01T06:25:01.123456+00:00 mx1.rcpt.example ')
ZONE = {'good.example': [{'TXT': 'v=spf1 ip4:192.0.2.1 -all'}], '_dmarc.good.example': [{'TXT': 'v=DMARC1; p=reject'}],
        'shop.example': [], '_dmarc.shop.example': [{'TXT': 'v=DMARC1; p=quarantine'}], 'slow.example': ['TIMEOUT'],
        '_dmarc.slow.example': ['TIMEOUT']}
CONFIG = 'authserv_id = mx.rcpt.example\nnameserver = { "127.0.0.1@%d" }\ndns_timeout = 200ms\non_temperror = tempfail\n'

# Lines below the level of a warning that are told nevertheless, and those whose text says whether.
TOLD = {'store: works again', 'stopped, with work left undone'}
OWN_TEST = {'report: %s', '%s: %s: put off'}


def syslog(line):
    """the forms in which it may stand in a log file: by syslog(3), and from stderr by way of systemd"""
    return [head + 'alignd[123]: ' + ident + line for head in HEADS for ident in ('', 'alignd: ')]


def matched(rules, line):
    """as logcheck does it, which leaves comments out"""
    with open(RULES % rules) as f:
        patterns = ''.join(l for l in f if not re.match(r'#|\s*$', l))
    p = subprocess.run(['grep', '-E', '--text', '-c', '-e', patterns.rstrip('\n')], input='\n'.join(syslog(line)) + '\n',
                       stdout=subprocess.PIPE, text=True)
    return int(p.stdout)


def told(line):
    """whether the administrator hears of it; in whatever form it comes"""
    ignored, raised, forms = matched('ignore.d.server', line), matched('violations.d', line), len(syslog(line))
    assert ignored in (0, forms) and raised in (0, forms), line
    return raised > 0 or ignored == 0


class Logcheck(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp(prefix='alignd-logcheck-')
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        self.dns = mockdns.MockDNS(ZONE).__enter__()
        self.addCleanup(self.dns.__exit__)
        self.d = daemon.Daemon(self.work, CONFIG % self.dns.port).start()
        self.addCleanup(self.d.kill)

    def lines(self):
        return [l[len('alignd: '):] for l in self.d.log_text().splitlines()]

    def says(self, text):
        world.wait_for('the log to say "%s"' % text, lambda: text in self.d.log_text())

    def send(self, author=b'a@good.example', fields=(), **envelope):
        e = {'client_ip': '192.0.2.1', 'helo': 'good.example', 'mail_from': 'b@good.example', **envelope}
        m = MilterClient(self.d.listen, 20).connect().negotiate()
        r = m.transaction(e, [(b'From', b' ' + author), *fields], b'x\r\n')
        m.close()
        return r.disposition()

    def reload(self, config, text):
        with open(os.path.join(self.work, 'test.conf'), 'a') as f:
            f.write(config)
        self.d.proc.send_signal(signal.SIGHUP)
        self.says(text)

    def test_a_good_day(self):
        self.assertEqual(self.send(), 'accept')
        self.assertEqual(self.send(client_ip='203.0.113.9'), 'reject')
        self.assertEqual(self.send(b'a@shop.example'), 'accept')       # with a mark
        self.assertEqual(self.send(b'a@slow.example'), 'tempfail')
        self.assertEqual(self.send(b'no author'), 'reject')
        self.assertEqual(self.send(client_ip='127.0.0.1'), 'accept')
        self.assertEqual(self.send(client_ip='local', mail_from=''), 'accept')
        self.send(macros={'i': None})
        for helo in ('a "b" \\ c', 'x="y z"', '\\', 'x' * 400, 'ms=1', '\xfc\x1b[2J', '" action=accept ms=1'):
            self.send(helo=helo)
        self.reload('mode = monitor\n', 'configuration read anew')
        self.send(client_ip='203.0.113.9')
        self.assertEqual(self.d.stop(), 0)
        lines = self.lines()
        self.assertGreater(len(lines), 18)
        for part in (' wanted=reject', ' action=quarantine', ' action=skip', ' rule=from-unusable'):
            self.assertTrue(any(part in l for l in lines), part)
        for l in lines:
            self.assertFalse(told(l), l)

    def test_a_bad_day(self):
        self.reload('listn = x\n', 'stays in force')
        with open(os.path.join(self.work, 'test.conf'), 'w') as f:
            f.write(CONFIG % self.dns.port)
        self.reload('user = nobody\n', 'configuration read anew')
        lines = [l for l in self.lines() if not re.search('read anew|serves on', l)]
        self.assertEqual(len(lines), 3, lines)
        for l in lines:
            self.assertTrue(told(l), l)

    def test_a_message_put_off_by_our_own_failure_is_told_of_however_the_line_is_dressed_up(self):
        self.send(helo='x" rule=a action=accept ms=1', fields=[(b'Authentication-Results', b' mx.rcpt.example; none')] * 3)
        line = next(l for l in self.lines() if ' action=' in l)
        self.assertFalse(told(line), line)
        for rule in ('internal-error', '"out of memory"'):
            self.assertTrue(told(re.sub(r' rule=\S+ action=\S+', ' rule=%s action=tempfail' % rule, line)))
        self.assertFalse(told(re.sub(r' helo="([^"\\]|\\.)*"', ' helo="rule=internal-error action=tempfail"', line)))

    def test_reports(self):
        report = 'report: report 2026-11-20.a1b2@rcpt.example for sender.example: '
        for state in ('sent', 'suppressed', 'put off: mailto:d@sender.example: 451 4.7.1 try "later"'):
            self.assertFalse(told(report + state))
        for line in (report + 'failed: mailto:d@sender.example: 550 no', report + 'sent: mailto:d@other.example: 550 no',
                     'report: the largest number of reports of one day is reached'):
            self.assertTrue(told(line))

    def test_who_hung_up(self):
        self.assertFalse(told('4ZtR1: the MTA has hung up: put off'))
        self.assertTrue(told('4ZtR1: the MTA does not let the message be changed so: put off'))

    def test_every_line_in_the_source_has_been_thought_of(self):
        seen = 0
        for name in sorted(glob.glob('milter/**/*.c', recursive=True)):
            with open(name) as f:
                text = f.read().replace('CONFIG_DEFAULT_FILE', '"/etc/alignd/alignd.conf"')
            for call in re.findall(r'\blog_say\(\s*((?:LOG_LEVEL_|c->)(?:"(?:[^"\\]|\\.)*"|[^";])*);', text):
                level, form = re.match(r'(?:.*?)LOG_LEVEL_(\w+)[^"]*?,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', call, re.S).groups()
                form = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', form))
                seen += 1
                if form not in OWN_TEST:
                    line = re.sub(r'%[a-z]*[du]', '7', form.replace('alignd %s', 'alignd 0.1.0').replace('%s', 'unix:/run/x'))
                    self.assertEqual(told(line), level in ('ERROR', 'WARNING') or form in TOLD, '%s: %s' % (name, form))
        self.assertGreater(seen, 20)
