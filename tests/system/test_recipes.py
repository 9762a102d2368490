"""contrib/recipes.md: its lines, as they stand there, on a private Postfix. The servers that it is about are played: the one
behind a relay by Postfix's smtp-sink, the milter that stands before alignd by one that removes all Authentication-Results
fields, the content filter by none (mail goes straight back on port 10025)."""
import email
import email.policy
import glob
import os
import re
import shlex
import socket
import struct
import threading
import unittest

import world
from world import Client

SERVER, BACKUP = '198.51.100.10', '192.0.2.25'
GOOD, EVIL = Client('192.0.2.10', 'mail.sender.example'), Client('203.0.113.66', 'mail.evil.example')
FORGED = b'Authentication-Results: mx.rcpt.example; dmarc=pass\r\nX-Alignd-Disposition: quarantine\r\n'
ZONES = {
    'sender.example': 'mail A 192.0.2.10\n@ TXT "v=spf1 ip4:192.0.2.10 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
    'shop.example': '_dmarc TXT "v=DMARC1; p=quarantine"\n',
    'evil.example': 'mail A 203.0.113.66\n@ TXT "v=spf1 ip4:203.0.113.66 -all"\n',
    'rcpt.example': '',
    '2.0.192.in-addr.arpa': '10 PTR mail.sender.example.\n',
    '113.0.203.in-addr.arpa': '66 PTR mail.evil.example.\n',
}


def mail(author, more=b''):
    return more + b'From: <%s>\r\nTo: bob@rcpt.example\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n' % author


def recipe(section, name):
    """the block of a section whose first line begins so"""
    with open('contrib/recipes.md') as f:
        part = re.search(r'(?ms)^## %s[^\n]*\n(.*?)(?=^## |\Z)' % section, f.read())[1]
    found = [b for b in re.findall(r'(?ms)^```\n(.*?)^```', part) if re.match(r'# %s(?=[:\n])' % re.escape(name), b)]
    assert len(found) == 1, '%s: %d blocks of %s' % (section, len(found), name)
    return found[0]


class Remover:
    """a milter that removes all Authentication-Results fields, and does nothing else"""

    def __init__(self, port):
        self.s = socket.create_server(('127.0.0.1', port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                threading.Thread(target=self.serve, args=(self.s.accept()[0].makefile('rwb'),), daemon=True).start()
            except OSError:
                return

    def serve(self, f):
        fields = 0
        while head := f.read(5):
            command, data = head[4:], f.read(struct.unpack('!I', head[:4])[0] - 1)
            if command == b'O':
                self.say(f, b'O' + struct.pack('!III', 6, 0x10, 0))
            elif command == b'E':
                for n in range(fields, 0, -1):
                    self.say(f, b'm' + struct.pack('!I', n) + b'Authentication-Results\0\0')
                self.say(f, b'c')
            elif command not in b'DAQ':
                fields = 0 if command == b'M' else fields + data.lower().startswith(b'authentication-results\0')
                self.say(f, b'c')

    @staticmethod
    def say(f, packet):
        f.write(struct.pack('!I', len(packet)) + packet)
        f.flush()


class Place(world.World):
    """the world with the lines of a recipe, alignd at the port that they name, and Postfix's own client"""

    def __init__(self):
        super().__init__(ZONES, 'include "%s"\n')
        with open('conf/rules/dmarc.conf') as f:
            self.write('recipe/rules/dmarc.conf', f.read())
        self.write('recipe/alignd.conf', '')
        self.config %= self.path('recipe/alignd.conf')

    def milter_socket(self):
        os.makedirs(self.path('postfix/spool'))
        return 'inet:8892@127.0.0.1', ''

    def play(self, alignd, main_cf='', services=''):
        """begin anew with these lines, with empty boxes"""
        self.daemon.kill()
        for name in glob.glob(self.path('postfix/mail/*/new/*')) + glob.glob(self.path('sink/*')):
            os.unlink(name)
        self.write('recipe/alignd.conf', alignd)
        self.daemon.start()
        self.main_cf = 'smtpd_milters = inet:127.0.0.1:8892\n' + main_cf.replace('/etc/postfix/', self.path('recipe/'))
        self.services = 'smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n' + services
        self.begin = self.daemon.log_size()
        self.configure_mta()
        self.restart_mta()

    def restart_mta(self):
        """without the checks of `postfix start`, which take their time"""
        self.stop_mta()
        world.wait_for('the old Postfix to be gone', lambda: not any(map(self.listens, self.mta_hosts())))
        os.utime(self.path('postfix/etc/main.cf'), (0, 0))
        self.run_mta('/usr/lib/postfix/sbin/master', '-c', self.path('postfix/etc'), '-d')

    def sink(self, address):
        """a server that takes all mail"""
        os.mkdir(self.path('sink'))
        os.chmod(self.path('sink'), 0o777)
        world.run('ip', 'addr', 'replace', address + '/32', 'dev', 'lo')
        self.child('smtp-sink', '-u', 'nobody', '-d', self.path('sink/'), address + ':25', '20')

    def sunk(self):
        """what the server got; its own fields are above the message"""
        out = []
        for name in glob.glob(self.path('sink/*')):
            with open(name, 'rb') as f:
                out.append(email.message_from_binary_file(f, policy=email.policy.compat32))
        return out

    def smtp(self, client, sender, message, rcpt='bob@rcpt.example', port=None):
        """the reply, and what alignd said of it"""
        log, usual = self.daemon.log_size(), self.smtp_port
        self.smtp_port = port or usual
        try:
            s = self.connect(client)
        finally:
            self.smtp_port = usual
        s.docmd('MAIL', 'FROM:<%s>' % sender)
        code, text = s.docmd('RCPT', 'TO:<%s>' % rcpt)
        if code == 250:
            code, text = s.data(message)
        s.close()
        return '%d %s' % (code, text.decode()), self.daemon.log_text(log)

    def judged(self):
        return [l for l in self.daemon.log_text(self.begin).splitlines() if ' action=' in l]


def results(message):
    return [re.sub(r'\s+', ' ', v) for v in message.get_all('Authentication-Results', [])]


@unittest.skipUnless(world.World.isolated, 'needs root and a network namespace')
class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = Place().__enter__()
        cls.addClassCleanup(cls.w.close)
        cls.w.write('recipe/relay_recipients', recipe('An edge', 'relay_recipients'))
        cls.w.sink(SERVER)

    def relay(self, alignd):
        usual = ('virtual_mailbox_domains =\ndefault_transport = smtp:[%s]\n' % SERVER +
                 'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n')
        self.w.play(alignd, usual + recipe('An edge', 'main.cf'))

    def test_an_edge_relay(self):
        w = self.w
        self.relay(recipe('An edge', 'alignd.conf'))
        self.assertRegex(w.smtp(GOOD, 'b@sender.example', mail(b'a@sender.example', FORGED))[0], '^250')
        world.wait_for('the server', lambda: len(w.sunk()) == 1)
        m = w.sunk()[0]
        self.assertEqual(len(results(m)), 1)
        self.assertRegex(results(m)[0], '^mx.rcpt.example; .* dmarc=pass')
        self.assertNotIn('X-Alignd-Disposition', m)
        self.assertRegex(w.smtp(EVIL, 'x@evil.example', mail(b'a@sender.example'))[0], '^550 5.7.1')
        self.assertRegex(w.smtp(EVIL, 'x@evil.example', mail(b'x@evil.example'), 'nobody@rcpt.example')[0], '^550 5.1.1')
        self.assertRegex(w.smtp(EVIL, 'x@evil.example', mail(b'a@shop.example'))[0], '^250')
        world.wait_for('the server', lambda: len(w.sunk()) == 2)
        self.assertEqual([m['X-Alignd-Disposition'] for m in w.sunk() if m['X-Alignd-Disposition']], ['quarantine'])
        server = Client(SERVER, 'exchange.rcpt.example')
        reply, log = w.smtp(server, 'bob@rcpt.example', mail(b'bob@rcpt.example'), 'a@sender.example')
        self.assertRegex(reply, '^250')
        self.assertRegex(log, ' rule=our-server action=skip ')
        world.wait_for('the mail that goes out', lambda: len(w.sunk()) == 3)

    def test_a_backup_mx(self):
        w, rules = self.w, recipe('An edge', 'alignd.conf')
        self.relay(rules[:rules.index('rule "our-server"')] + rules[rules.index('include'):])
        for message in mail(b'a@sender.example'), mail(b'a@shop.example'):
            w.smtp(GOOD, 'b@sender.example', message)
        world.wait_for('the primary', lambda: len(w.sunk()) == 2)
        taken = [bytes(m) for m in w.sunk()]
        w.play(recipe('A backup', 'alignd.conf of the primary'))
        for raw in taken:
            self.assertRegex(w.smtp(Client(BACKUP, 'mx2.rcpt.example'), 'b@sender.example', raw)[0], '^250')
        world.wait_for('the mailbox', lambda: len(w.mail('inbox')) == 2)
        got = sorted(w.mail('inbox'), key=lambda m: m['From'])
        self.assertEqual([len(results(m)) for m in got], [1, 1])
        self.assertRegex(results(got[0])[0], '^mx.rcpt.example; .* dmarc=pass')
        self.assertRegex(results(got[1])[0], '^mx.rcpt.example; .* dmarc=fail')
        self.assertEqual([m['X-Alignd-Disposition'] for m in got], [None, 'quarantine'])
        self.assertTrue(all(' rule=backup-mx action=skip ' in l for l in w.judged()))
        w.smtp(GOOD, 'b@sender.example', mail(b'a@sender.example', FORGED))
        world.wait_for('the mailbox', lambda: len(w.mail('inbox')) == 3)
        self.assertEqual(len(results(w.mail('inbox')[2])), 1)

    def test_a_backup_mx_without_alignd(self):
        w = self.w
        w.play(recipe('A backup', 'alignd.conf of the primary, if the backup does not run alignd'))
        reply, log = w.smtp(Client(BACKUP, 'mx2.rcpt.example'), 'b@sender.example', mail(b'a@sender.example'))
        self.assertRegex(reply, '^250')
        self.assertRegex(log, ' dmarc=fail .* rule=backup-mx action=mark ')
        self.assertRegex(w.smtp(EVIL, 'x@evil.example', mail(b'a@sender.example'))[0], '^550')

    def test_mailcow(self):
        w, here = self.w, lambda text: text.replace('HOST', '127.0.0.1').replace('rspamd:9900', '127.0.0.1:9900')
        self.addCleanup(Remover(9900).s.close)
        w.play(here(recipe('mailcow', 'alignd.conf')), here(recipe('mailcow', 'extra.cf')) +
               'milter_mail_macros = i {mail_addr} {client_addr} {client_name} {auth_authen}\n')
        self.assertRegex(w.smtp(GOOD, 'b@sender.example', mail(b'a@sender.example', FORGED))[0], '^250')
        world.wait_for('the mailbox', lambda: len(w.mail('inbox')) == 1)
        self.assertEqual(len(results(w.mail('inbox')[0])), 1)
        self.assertRegex(results(w.mail('inbox')[0])[0], '^mx.rcpt.example; .* dmarc=pass')
        self.assertRegex(w.smtp(EVIL, 'x@evil.example', mail(b'a@sender.example'))[0], '^550')
        user = world.smtplib.SMTP('127.0.0.1', w.smtp_port, local_hostname='laptop')
        self.addCleanup(user.close)
        user.ehlo()
        self.assertEqual(user.docmd('XCLIENT', 'ADDR=%s LOGIN=alice' % EVIL.ip)[0], 220)
        user.ehlo()
        user.docmd('MAIL', 'FROM:<a@sender.example>')
        user.docmd('RCPT', 'TO:<bob@rcpt.example>')
        self.assertEqual(user.data(mail(b'a@sender.example'))[0], 250)
        world.wait_for("alignd's line", lambda: ' rule=authenticated action=skip ' in w.judged()[-1])

    def test_iredmail(self):
        services = ''.join('%s inet n - n - 50 smtpd -o content_filter= -o myhostname=%s\n' % s for s in (
            ('127.0.0.1:10025', 'filter.rcpt.example'), ('submission', 'mx.rcpt.example')))
        w = self.w
        w.play('', 'smtpd_milters =\ncontent_filter = smtp:[127.0.0.1]:10025\n', services)
        for line in recipe('iRedMail', 'commands').splitlines()[1:]:
            program, *args = shlex.split(line)
            world.run(program, '-c', w.path('postfix/etc'), *args)
        w.restart_mta()
        self.assertRegex(w.smtp(EVIL, 'x@evil.example', mail(b'a@sender.example'))[0], '^550')
        self.assertEqual(len(w.judged()), 1)
        self.assertRegex(w.smtp(GOOD, 'b@sender.example', mail(b'a@sender.example'))[0], '^250')
        world.wait_for('the mailbox', lambda: len(w.mail('inbox')) == 1)
        m = w.mail('inbox')[0]
        self.assertEqual(len(m.get_all('Received')), 2, 'it did not pass the filter')
        self.assertEqual(len(results(m)), 1)
        user = Client('203.0.113.66', 'laptop')
        self.assertRegex(w.smtp(user, 'a@sender.example', mail(b'a@sender.example'), port=587)[0], '^250')
        world.wait_for('the mailbox', lambda: len(w.mail('inbox')) == 2)
        self.assertEqual(len(w.judged()), 2)
