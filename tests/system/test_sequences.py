"""Random sequences of messages on one connection, some of them broken off, in pieces of any size: each message is judged as it
would be on a connection of its own."""
import os
import random
import shutil
import socket
import struct
import tempfile
import threading
import unittest

import yaml

import daemon
import mockdns
import suite

SEQUENCES = 80
WORLD = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cases', 'hostile', 'world.yaml')
CLIENTS = [b'192.0.2.10', b'203.0.113.66', b'198.51.100.20']
HELO = [b'mail.a.example', b'mail.evil.example', b'mx.fwd.example', b'x']
SENDERS = [b'<x@a.example>', b'<x@evil.example>', b'<b@fwd.example>', b'<>', b'<x@broken.example>', b'<@@>']
FORGED, KEPT = (b'Authentication-Results', b' mx.rcpt.example; dmarc=pass'), (b'Authentication-Results', b' o.example; none')
FINAL = b'aytrc'


def packet(command, data=b''):
    return struct.pack('!I', len(data) + 1) + command + data


def messages(keys):
    """name -> fields and body"""
    plain = [(b'From', b' <alice@a.example>'), (b'To', b' b'), (b'Subject', b' s'), (b'Date', b' d')]
    signed = [keys.signer.dkim(plain, b'x\r\n', {'d': 'a.example', 's': 'sel', 'key': 'rsa1024'})] + plain
    sealed = keys.signer.arc(plain, b'x\r\n', [], 1, {'d': 'fwd.example', 's': 'arc', 'key': 'rsa1024'}) + plain
    evil = [(b'From', b' <x@evil.example>')]
    return {'plain': (plain, b'x\r\n'), 'signed': (signed, b'x\r\n'), 'changed': (signed, b'y\r\n'), 'sealed': (sealed, b'x\r\n'),
            'evil': (evil, b''), 'nobody': (plain[1:], b'x'), 'two': (plain + evil, b'x'), 'list': ([(b'List-Id', b' l')] + plain, b''),
            'forged': ([FORGED, KEPT, FORGED] + evil, b'x'), 'many forged': ([FORGED] * 1100 + evil, b'x'),
            'marked': ([(b'X-Alignd-Disposition', b' no')] + evil, b'x'), 'long': ([(b'X', b' ' + b'x' * 60000)] * 6 + evil, b'x')}


class Sequences(unittest.TestCase):
    def setUp(self):
        work = tempfile.mkdtemp(prefix='alignd-sequences-')
        self.addCleanup(shutil.rmtree, work, ignore_errors=True)
        keys = suite.Keys()
        with open(WORLD) as f:
            zone = yaml.safe_load(f)['zone']
        key = [{'TXT': keys.record('rsa1024')}]
        zone.update({'sel._domainkey.a.example': key, 'arc._domainkey.fwd.example': key, 'broken.example': ['SERVFAIL']})
        dns = mockdns.MockDNS(zone).__enter__()
        self.addCleanup(dns.__exit__)
        self.d = daemon.Daemon(work, 'authserv_id = mx.rcpt.example\ntrusted_sealers = { fwd.example }\n'
                               'nameserver = { "127.0.0.1@%d" }\n' % dns.port).start()
        self.addCleanup(self.d.kill)
        self.dice, self.messages, self.alone = random.Random(5321), messages(keys), {}

    def connection(self, client, helo):
        return (packet(b'O', struct.pack('!III', 6, 0x1FF, 0x1FFFFF)) + packet(b'C', b'h\0' + b'4\x9c\x40' + client + b'\0') +
                packet(b'H', helo + b'\0'))

    def message(self, sender, login, name, stop=None):
        """the packets of a message, up to number `stop` if it is broken off"""
        fields, body = self.messages[name]
        macros = b'{auth_type}\0PLAIN\0{auth_authen}\0bob\0' if login else b''
        p = [packet(b'D', b'Mj\0mx\0' + macros), packet(b'M', sender + b'\0'), packet(b'R', b'<bob@rcpt.example>\0')]
        p += [packet(b'L', n + b'\0' + v.replace(b'\r\n', b'\n') + b'\0') for n, v in fields] + [packet(b'N')]
        p += [packet(b'B', body)] if body else []
        return b''.join(p + [packet(b'D', b'Ei\0Q\0'), packet(b'E')] if stop is None else p[:stop]) + (packet(b'A') if stop else b'')

    def talk(self, data, count):
        """all answers to each of `count` messages"""
        out, step = [], self.dice.choice([100, 3000, len(data)])
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.d.listen.partition(':')[2])
            writer = threading.Thread(target=lambda: [s.sendall(data[i:i + step]) for i in range(0, len(data), step)])
            writer.start()
            with s.makefile('rb') as answers:
                for _ in range(count):
                    one = [b'']
                    while one[-1][:1] not in FINAL or not one[-1]:
                        one.append(answers.read(struct.unpack('!I', answers.read(4))[0]))
                    out.append([a for a in one if a[:1] != b'O'])
            writer.join()
        return out

    def expected(self, client, helo, *what):
        k = (client, helo) + what
        if k not in self.alone:
            self.alone[k] = self.talk(self.connection(client, helo) + self.message(*what), 1)[0]
        return self.alone[k]

    def test_no_message_leaves_anything_behind(self):
        dice = self.dice
        for n in range(SEQUENCES):
            client, helo, want = dice.choice(CLIENTS), dice.choice(HELO), []
            data = self.connection(client, helo)
            for _ in range(dice.randint(2, 6)):
                if dice.random() < .2:
                    helo = dice.choice(HELO)
                    data += packet(b'H', helo + b'\0')
                what = dice.choice(SENDERS), dice.random() < .15, dice.choice(sorted(self.messages))
                if dice.random() < .3:
                    data += self.message(*what, stop=dice.randint(2, 8))
                    continue
                data += self.message(*what)
                want.append((client, helo) + what)
            for k, got in zip(want, self.talk(data + packet(b'Q'), len(want))):
                self.assertEqual(got, self.expected(*k), (n, k))
        self.assertTrue(self.d.alive())
