"""What the milter protocol allows beyond Postfix's usual ways: other offers, old versions, strange peers, long values, and
all that a verdict asks of the MTA."""
import contextlib
import select
import socket
import struct
import time

import daemon
from milterclient import ACTIONS, NOREPLY, LEADSPC, PROTOCOL, MilterClient
from scratch import Scratch
from waiting import wait_for

ZONE = {'good.example': [{'TXT': 'v=spf1 ip4:192.0.2.1 -all'}], '_dmarc.good.example': [{'TXT': 'v=DMARC1; p=reject'}],
        'shop.example': [], '_dmarc.shop.example': [{'TXT': 'v=DMARC1; p=quarantine'}]}
BASE = 'authserv_id = mx.rcpt.example\nnameserver = { "127.0.0.1@%d" }\n'
FORGED = (b'Authentication-Results', b' mx.rcpt.example; dmarc=pass')
KEPT = (b'Authentication-Results', b' other.example; spf=pass')
ALL_NR = sum(NOREPLY.values())
V2_ACTIONS, V2_PROTOCOL = 0x3F, 0x7F


def packet(command, data=b''):
    return struct.pack('!I', len(data) + 1) + command + data


class Case(Scratch):
    zone = ZONE

    def setUp(self):
        super().setUp()
        self.d = None

    def tearDown(self):
        if self.d:
            alive = self.d.alive()
            code = self.d.stop() if alive else self.d.proc.wait()
            self.assertTrue(alive, 'exit %s: %s' % (code, self.d.log_text()[-2000:]))
            self.assertEqual(code, 0)

    def start(self, config=''):
        self.d = daemon.Daemon(self.work, BASE % self.dns.port + config).start()

    def client(self, **offer):
        return MilterClient(self.d.listen, 10).connect().negotiate(**offer)

    def send(self, m=None, author='good.example', fields=(), body=b'x\r\n', more=None, **envelope):
        m = m or self.client()
        e = {'client_ip': '192.0.2.1', 'helo': 'good.example', 'mail_from': 'b@good.example', **envelope}
        r = m.transaction(e, [(b'From', b' <x@%s>' % author.encode()), *fields], body)
        self.silent(m)
        return r

    def silent(self, m):
        """no answer that was not agreed"""
        self.assertEqual(select.select([m.s], [], [], 0.02)[0], [], 'an answer too much')

    def results(self, r):
        return [v for n, v in r.headers if n == 'Authentication-Results']


class Offers(Case):
    def test_any_offer_gives_the_same_verdicts(self):
        self.start()
        offers = [{}, {'protocol': PROTOCOL & ~ALL_NR}, {'protocol': 0}, {'protocol': PROTOCOL & ~LEADSPC},
                  {'actions': ACTIONS & ~0x100}, {'version': 2, 'actions': V2_ACTIONS, 'protocol': V2_PROTOCOL},
                  {'version': 3, 'actions': V2_ACTIONS, 'protocol': V2_PROTOCOL | 0x100},
                  {'version': 4, 'actions': V2_ACTIONS, 'protocol': V2_PROTOCOL | 0x300},
                  {'version': 7, 'actions': 0xFFFFFFFF, 'protocol': 0x0FFFFFFF}]
        offers += [{'protocol': PROTOCOL & ~bit} for bit in NOREPLY.values()]
        offers += [{'protocol': bit} for bit in NOREPLY.values()]
        for o in offers:
            with self.subTest(**o):
                m = self.client(**o)
                for _ in range(2):
                    r = self.send(m, fields=[FORGED, KEPT, FORGED])
                    self.assertEqual((r.verdict, r.reply), ('accept', None))
                    self.assertEqual(len(self.results(r)), 2)
                    self.assertIn('dmarc=pass', self.results(r)[0])
                    self.assertEqual(self.results(r)[1].strip(), 'other.example; spf=pass')
                    r = self.send(m, mail_from='x@evil.example')
                    self.assertRegex(r.reply or '', r'^550 5\.7\.1 .*good\.example')
                m.close()

    def test_the_space_after_the_colon(self):
        self.start()
        for protocol, value in ((PROTOCOL, ' mx.rcpt.example;'), (PROTOCOL & ~LEADSPC, 'mx.rcpt.example;')):
            r = self.send(self.client(protocol=protocol))
            self.assertTrue(r.new_headers[0][1].startswith(value), r.new_headers)
            self.assertNotIn('\r', r.new_headers[0][1])

    def test_forged_fields_go_from_the_last_to_the_first(self):
        self.start()
        r = self.send(fields=[FORGED, KEPT, FORGED, (b'authentication-results', b' MX.rcpt.example 1;none'), KEPT])
        self.assertEqual([(o[0], o[1]) for o in r.ops], [('del', 4), ('del', 3), ('del', 1), ('ins', 0)])

    def test_one_round_trip_if_the_mta_can_do_without_answers(self):
        self.start()
        m = self.client()
        self.assertEqual(m.protocol & ALL_NR, ALL_NR & ~NOREPLY['T'])
        self.assertTrue(m.protocol & 0x200, 'DATA is not wanted')

    def test_an_mta_that_lets_nothing_be_changed(self):
        self.start()
        r = self.send(self.client(actions=0x0E))
        self.assertEqual(r.verdict, 'tempfail')
        self.assertIn('the MTA does not let the message be changed so', self.d.log_text())


class Verdicts(Case):
    def quarantined(self, m=None, **envelope):
        return self.send(m, 'shop.example', **envelope)

    def test_hold(self):
        self.start('quarantine_by = hold\n')
        r = self.quarantined()
        self.assertEqual(r.verdict, 'accept')
        self.assertRegex(r.quarantine, '^alignd: rule ')

    def test_header(self):
        self.start('quarantine_header = "X-Spam-Flag: YES"\n')
        r = self.quarantined(fields=[(b'X-Spam-Flag', b' NO'), (b'x-spam-flag', b' NO')])
        self.assertEqual([v for n, v in r.headers if n.lower() == 'x-spam-flag'], [' YES'])
        r = self.send(fields=[(b'X-Spam-Flag', b' YES')])
        self.assertNotIn('X-Spam-Flag', dict(r.headers))

    def test_redirect(self):
        self.start('quarantine_by = redirect\nquarantine_address = jail@rcpt.example\n')
        rcpt = ['a@rcpt.example', 'b@rcpt.example', '"c d"@rcpt.example', 'e' * 3000 + '@rcpt.example']
        r = self.quarantined(rcpt_to=rcpt)
        self.assertEqual([o for o in r.ops if o[0] in '+-'],
                         [('-', '<%s>\0' % a) for a in rcpt] + [('+', '<jail@rcpt.example>\0')])
        self.assertEqual(r.verdict, 'accept')

    def test_redirect_where_the_mta_cannot(self):
        self.start('quarantine_by = redirect\nquarantine_address = jail@rcpt.example\n')
        self.assertEqual(self.quarantined(self.client(actions=0x31)).verdict, 'tempfail')

    def test_reply_text(self):
        self.start('rule "r" { mail_from = { good.example } action = reject code = "554 5.7.1" text = "100%% %{helo}" }\n'
                   'rule "l" { mail_from = { long.example } action = tempfail code = "452 4.7.0" text = "' + '%%' * 150 + '" }\n')
        self.assertEqual(self.send().reply, '554 5.7.1 100%% good.example')
        reply = self.send(mail_from='b@long.example').reply
        self.assertRegex(reply, '^452 4[.]7[.]0 (%%){150}$')

    def test_questions_at_level_debug(self):
        self.start('log_level = debug\n')
        self.send(author='nowhere.example')
        log = self.d.log_text()
        self.assertRegex(log, r'(?m)^alignd: \S+: dns=TXT name=good.example answer=ok used=yes ms=\d+$')
        self.assertRegex(log, r'(?m)^alignd: \S+: dns=TXT name=_dmarc.nowhere.example answer=nxdomain used=yes ms=\d+$')
        self.assertEqual(len([l for l in log.splitlines() if ' action=' in l]), 1)

    def test_early_replies(self):
        self.start('rule "c" { client = { 192.0.2.66 } stage = connect action = reject code = "554 5.7.1" text = "go away" }\n'
                   'rule "m" { mail_from = { evil.example } stage = mail action = tempfail }\n')
        m = self.client()
        self.assertFalse(m.protocol & (NOREPLY['C'] | NOREPLY['M']))
        r = self.send(m, client_ip='192.0.2.66')
        self.assertEqual((r.stage, r.reply), ('C', '554 5.7.1 go away'))
        m = self.client()
        r = self.send(m, mail_from='x@evil.example')
        self.assertEqual((r.stage, r.verdict), ('M', 'tempfail'))
        self.assertEqual(self.send(m).verdict, 'accept')


class Time(Case):
    # D61, D62
    def test_a_slow_sender_does_not_hide_the_policy_of_another(self):
        """nine MX of ten hosts each use up what is asked ahead, and then all the time there is"""
        zone = {'evil.example': [{'TXT': 'v=spf1 %s -all' % ' '.join('mx:m%d.evil.example' % i for i in range(9))}],
                '*.h.evil.example': [{'DELAY': 0.4}, {'A': '198.51.100.99'}],
                **{'m%d.evil.example' % i: [{'MX': [10, 'h%d%d.h.evil.example' % (i, k)]} for k in range(10)] for i in range(9)}}
        self.dns.set_zone({**ZONE, **zone})
        self.start('message_deadline = 2500ms\ndns_timeout = 500ms\n')
        m = self.client()
        m.send('C', b'x\0004\x9c\x40203.0.113.66\0')
        m.send('H', b'mail.evil.example\0')
        m.send('M', b'<x@evil.example>\0')
        m.send('R', b'<bob@rcpt.example>\0')
        time.sleep(1)
        m.send('L', b'From\0 <x@good.example>\0')
        m.send('N')
        m.send('E')
        self.assertRegex(m.recv()[1], b'^550 5.7.1 ')
        self.assertIn(' spf=temperror ', self.d.log_text())


class Peers(Case):
    def test_commands_without_a_negotiation(self):
        self.start()
        for first in (b'C', b'H', b'M', b'R', b'T', b'L', b'N', b'B', b'E', b'U', b'A', b'K', b'Q', b'D'):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.d.listen.partition(':')[2])
                s.sendall(packet(first, b'x\0y\0') + packet(b'H', b'x\0') + packet(b'M', b'<x@y>\0') + packet(b'R', b'<x@y>\0') +
                          packet(b'L', b'From\0 x@y\0') + packet(b'N') + packet(b'B', b'x') + packet(b'E') + packet(b'A') + packet(b'Q'))
                s.settimeout(5)
                with contextlib.suppress(ConnectionResetError):
                    while s.recv(100):
                        pass
        self.assertEqual(self.send().verdict, 'accept')

    def test_a_new_connection_after_quit(self):
        self.start()
        m = self.client()
        self.send(m)
        m.send('K')
        m.send('C', b'x\0004\x9c\x40192.0.2.1\0')
        m.send('H', b'x\0')
        m.send('M', b'<x@y>\0')
        m.close()
        self.assertEqual(self.send().verdict, 'accept')

    def test_a_hang_up_at_every_stage_and_an_abort(self):
        self.start('max_sessions = 2\n')
        for how in ('hangup', 'abort'):
            for stage in 'CHMRTLNBE':
                m = self.client()
                m.transaction({'client_ip': '192.0.2.1', 'helo': 'good.example', 'mail_from': 'b@good.example'},
                              [(b'From', b' <x@good.example>')], b'x\r\n', (how, stage))
                if how == 'abort':
                    self.assertEqual(self.send(m).verdict, 'accept', stage)
                m.close(quit_=False)
                self.gone()
        m = self.client()
        m.close(quit_=False)
        self.gone()

    def gone(self):
        """until libmilter has seen the end of the connection: its place is free again"""
        wait_for('a place', lambda: self.send().verdict == 'accept', 5)

    def test_long_values(self):
        self.start()
        long = 'x' * 60000
        for e in ({'queue_id': long}, {'helo': long}, {'mail_from': long + '@good.example'}, {'mail_from': 'x@' + long},
                  {'rcpt_to': [long + '@x.example']}, {'client_name': long}, {'mail_args': ['A' * 60000]},
                  {'queue_id': 'a\nforged: line'}, {'macros': {'{auth_authen}': long}}, {'macros': 'none'}):
            self.assertIn(self.send(**e).verdict, ('accept', 'reject'), list(e))
        self.assertNotRegex(self.d.log_text(), '(?m)^forged')
        self.assertLess(max(map(len, self.d.log_text().splitlines())), 9000)

    def test_a_field_too_large_for_the_protocol_costs_that_connection_alone(self):
        self.start()
        self.assertEqual(self.send(fields=[(b'X', b' ' + b'x' * 1000000)]).verdict, 'reject', 'over header_limit')
        m = self.client()
        r = m.transaction({}, [(b'X', b'x' * 1100000)], b'')
        self.assertEqual(r.verdict, 'error')
        self.assertEqual(self.send().verdict, 'accept')

    def test_an_authenticated_client(self):
        self.start()
        for macros in ({'{auth_authen}': 'bob'}, {'{auth_type}': 'PLAIN'}):
            r = self.send(client_ip='203.0.113.9', macros=macros, fields=[FORGED])
            self.assertEqual((r.verdict, self.results(r)), ('accept', []))
        r = self.send(client_ip='203.0.113.9', macros={'{auth_authen}': '', '{auth_type}': ''})
        self.assertEqual(r.verdict, 'reject')

    def test_a_login_ends_with_its_message(self):
        """as Postfix after STARTTLS without another EHLO: no queue id yet, and no login any more"""
        self.start()
        m = self.client()
        for auth, verdict in ((None, 'reject'), ('bob', 'accept'), (None, 'reject'), (None, 'reject')):
            r = self.send(m, client_ip='203.0.113.9', queue_id=None, auth=auth)
            self.assertEqual(r.verdict, verdict)
