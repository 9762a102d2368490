"""Messages that are made to cost much: for each loop that a stranger's bytes can drive, one that drives it as far as it goes.
Each generator yields (name, fields, body, zone). `size`: of the larger bodies and headers, in bytes.
"""
import base64
import hashlib
import random

import signer

SMALL = b'x\r\n'
LINE = b'The quick brown fox jumps over the lazy dog, again and again.\r\n'
FOUR = ['simple/simple', 'simple/relaxed', 'relaxed/simple', 'relaxed/relaxed']
FROM = [(b'From', b' x@evil.example')]
EXPONENT = (1 << 64) - 59       # the longest that is accepted


def body_hash(body):
    return base64.b64encode(hashlib.sha256(signer.canonical_body(body, True)).digest()).decode()


HASH = body_hash(SMALL)


def dkim(s='s', more='', d='evil.example', h='from', c='relaxed/relaxed', bh=HASH):
    b = base64.b64encode(b'\x01' * 1024).decode()
    return b'DKIM-Signature', (' v=1; a=rsa-sha256; d=%s; s=%s; c=%s; h=%s; bh=%s; %sb=%s' % (d, s, c, h, bh, more, b)).encode()


def arc_set(i, s='s', bh=HASH, more=''):
    b = base64.b64encode(b'\x01' * 1024).decode()
    cv = 'pass' if i > 1 else 'none'
    return [(b'ARC-Seal', (' i=%d; a=rsa-sha256; cv=%s; d=evil.example; s=%s; %sb=%s' % (i, cv, s, more, b)).encode()),
            (b'ARC-Message-Signature',
             (' i=%d; a=rsa-sha256; c=relaxed/relaxed; d=evil.example; s=%s; h=from; bh=%s; b=%s' % (i, s, bh, b)).encode()),
            (b'ARC-Authentication-Results', (' i=%d; evil.example; dmarc=pass' % i).encode())]


def everything():
    """signatures that hash a body in every way there is: the library's two, ours with a length, ARC's"""
    return [dkim('s%d' % n, c=c) for n, c in enumerate(FOUR)] + \
        [dkim('s', 'l=%d; ' % (n * 10 ** 8 + 1), c=c) for n, c in enumerate(FOUR)] + arc_set(1) + FROM


def filled(unit, size):
    return (unit * (size // len(unit) + 1))[:size - 2] + b'\r\n'


def bodies(size):
    for name, unit in (('lines', LINE), ('empty lines', b'\r\n'), ('blanks', b' \t'), ('one long line', b'x'), ('short lines', b'x\r\n'),
                       ('words', b'x '), ('bare CR', b'\r'), ('bare LF', b'\n'), ('LF CR', b'\n\r'), ('NUL', b'\0'), ('blank lines', b' \r\n'),
                       ('blank lines and words', b'x\r\n \r\n\r\n')):
        yield 'body: ' + name, everything(), filled(unit, size), {}
    for name, unit in (('', LINE), (' of words', b'x ')):
        many = [dkim('s', 'l=%d; ' % (n * 1000), c=FOUR[n % 4]) for n in range(990)]
        yield 'a thousand lengths' + name, many + FROM, filled(unit, size), {}


def results(n):
    """Authentication-Results fields, all of which have to be looked at"""
    name, ours = b'Authentication-Results', b' mx.test.invalid; dmarc=pass header.from=a.example'
    yield 'many results of ours', [(name, ours)] * n + FROM, SMALL, {}
    yield 'as many results as are removed', [(name, ours)] * 900 + FROM, SMALL, {}
    yield 'results with U-labels', [(name, (' b\u00fccher%d.example; none' % k).encode()) for k in range(n)] + FROM, SMALL, {}
    yield 'long results of others', [(name, b' (' + b'mx.test.invali' * 7000 + b') other; none')] * (n // 600) + FROM, SMALL, {}
    yield 'results of parentheses', [(name, b' ' + b'(' * 90000)] * (n // 600) + FROM, SMALL, {}
    yield 'results of quotes', [(name, b' ' + b'"\\"' * 30000)] * (n // 600) + FROM, SMALL, {}


def authors():
    for name, value in (('parentheses', b'(' * 60000 + b')' * 60000 + b' x@evil.example'), ('quotes', b'"a" ' * 30000 + b'<x@evil.example>'),
                        ('comments', b'(a)' * 30000 + b'<x@evil.example>'), ('comments with @', b'(@)' * 30000 + b'<x@evil.example>'),
                        ('encoded words', b'=?utf-8?Q?a?= ' * 9000 + b'<x@evil.example>'), ('halves of them', b'=?a?b?' * 20000 + b' <x@evil.example>'),
                        ('beginnings of them', b'=?' * 60000 + b' <x@evil.example>'), ('ats', b'x@' * 60000), ('commas', b',' * 120000),
                        ('groups', b'a:b@c.example;,' * 8000), ('domains', b', '.join(b'x@n%d.evil.example' % n for n in range(5000))),
                        ('one U-label', b'@\xc3\xbc.b,' * 17000), ('many U-labels', b'@' + b'\xc3\xbc.' * 400 + b',' + (b'@' + b'\xc3\xbc.' * 80 + b'b,') * 480),
                        ('long U-labels', (b'@' + 'üäöß'.encode() * 120 + b',') * 120), ('different letters', (
                            '@' + ''.join(chr(0x4e00 + 7 * k) for k in range(330)) + ',').encode() * 120),
                        ('accents', ('@a' + '\u0301\u0323' * 250 + ',').encode() * 120), ('broken UTF-8', b'@\xc3.b,' * 20000)):
        yield 'From of ' + name, [(b'From', b' ' + value)] * 2, SMALL, {}
    yield 'thousand From', [(b'From', b' x@n%d.evil.example' % n) for n in range(999)], SMALL, {}
    yield 'thousand From, U-labels', [(b'From', (' @ü.b,' * 30 + '@ü%d.b' % n).encode()) for n in range(999)], SMALL, {}


def headers(n):
    names = ':'.join('x%d' % k for k in range(250))
    length = 'l=%d; ' % 10 ** 8
    many = [(b'X%d' % k, b' y') for k in range(970)]
    # Each of them costs what libmilter's four system calls cost, three microseconds; what alignd adds is a fiftieth of that.
    yield 'many fields', [(b'X', b' y')] * n + FROM, SMALL, {}
    yield 'a thousand fields', many + FROM, SMALL, {}
    yield 'megabytes of fields', [(b'X', b' ' + b'y' * 100000)] * (n // 600) + FROM, SMALL, {}
    yield 'fields with long names', [(b'X' * 60000, b' y')] * 4 + [dkim('s%d' % k, h='from:' + names) for k in range(16)] + FROM, SMALL, {}
    yield 'h= of many names', [dkim(h='from:' + names) for _ in range(16)] + many + FROM, SMALL, {}
    yield 'h= of many names, l=', [dkim(h='from:' + names, more=length) for _ in range(16)] + many + FROM, SMALL, {}
    yield 'h= of one name', [dkim(h='from' + ':x' * 250) for _ in range(16)] + [(b'X', b' y')] * 970 + FROM, SMALL, {}
    yield 'h= of one name, l=', [dkim(h='from' + ':x' * 250, more=length) for _ in range(16)] + [(b'X', b' y')] * 970 + FROM, SMALL, {}
    yield 'h= of colons', [dkim(h='from' + ':' * 3900) for _ in range(16)] + many + FROM, SMALL, {}
    yield 'signed fields of 200 KB', [dkim(h='from:x', c=FOUR[k % 4], more=length * (k % 2)) for k in range(16)] + [(b'X', b' \t' * 50000)] * 2 + FROM, SMALL, {}
    yield 'signatures of 16 KB', [dkim(more='z=' + 'x' * 14000 + '; ') for _ in range(12)] + FROM, SMALL, {}
    yield 'signatures of tags', [dkim(more=''.join('t%d=; ' % k for k in range(1400))) for _ in range(16)] + FROM, SMALL, {}
    yield 'signatures of semicolons', [dkim(more=';' * 14000) for _ in range(16)] + FROM, SMALL, {}
    yield 'signatures of folds', [dkim(more='z=' + '\n ' * 6000 + '; ') for _ in range(16)] + FROM, SMALL, {}
    yield 'a thousand signatures of tags', [dkim(more=''.join('t%d=; ' % k for k in range(20))) for _ in range(100)] + FROM, SMALL, {}
    yield 'ARC without sense', [f for k in range(80) for f in arc_set(k % 60)] + FROM, SMALL, {}
    yield 'ARC of tags', [f for k in range(50) for f in arc_set(k + 1, more=''.join('t%d=; ' % t for t in range(50)))] + FROM, SMALL, {}


# -- public keys -----------------------------------------------------------------------------------------------------

def der(tag, content):
    n = len(content)
    return tag + (bytes([n]) if n < 128 else b'\x82' + n.to_bytes(2, 'big')) + content


def der_number(n):
    return der(b'\x02', n.to_bytes(n.bit_length() // 8 + 1, 'big'))


def is_prime(n):
    return all(pow(a, n - 1, n) == 1 for a in (2, 3, 5, 7))


class SlowKey:
    """a key that costs most to verify with. Its modulus is a product of small primes, so that signing costs next to nothing."""

    def __init__(self, seed):
        rng, self.primes = random.Random(seed), set()
        while len(self.primes) < 128:
            p = rng.getrandbits(64) | 3 << 62 | 1
            if is_prime(p) and (p - 1) % EXPONENT:
                self.primes.add(p)
        self.n = 1
        for p in self.primes:
            self.n *= p
        self.length = (self.n.bit_length() + 7) // 8
        self.record = 'v=DKIM1; k=rsa; p=' + base64.b64encode(der(b'\x30', der_number(self.n) + der_number(EXPONENT))).decode()

    def sign(self, data):
        info = bytes.fromhex('3031300d060960864801650304020105000420') + hashlib.sha256(data).digest()
        m, s = int.from_bytes(b'\x00\x01' + b'\xff' * (self.length - len(info) - 3) + b'\x00' + info, 'big'), 0
        for p in self.primes:
            rest = self.n // p
            s += pow(m % p, pow(EXPONENT, -1, p - 1), p) * rest * pow(rest, -1, p)
        return (s % self.n).to_bytes(self.length, 'big')


class SlowKeys:
    """what signer.Signer asks of keys: one key of the slow kind"""

    def __init__(self):
        self.key = SlowKey(1)

    def algorithm(self, _):
        return 'rsa-sha256'

    def digest(self, _):
        return hashlib.sha256

    def raw_sign(self, _, data):
        return self.key.sign(data)


def keys():
    """the slowest that are accepted, as many as are tried, the right one last"""
    sign, chain = signer.Signer(SlowKeys()), []
    wrong = [SlowKey(n).record for n in (2, 3, 4)]
    right = sign.keys.key.record
    zone = {'%s%d._domainkey.evil.example' % (k, n): [{'TXT': t} for t in wrong + [right]] for k in 'sa' for n in range(51)}
    sigs = [sign.dkim(FROM, SMALL, {'d': 'evil.example', 's': 's%d' % n, 'h': 'from'}) for n in range(16)]
    yield 'slow keys', sigs + FROM, SMALL, zone
    for i in range(1, 51):
        chain.append(sign.arc(FROM, SMALL, chain, i, {'d': 'evil.example', 's': 'a%d' % i, 'h': 'from'}))
    sets = [f for s in reversed(chain) for f in s]
    yield 'slow keys of a chain', sigs + sets + FROM, SMALL, zone
    tags = ['v=DKIM1; ' + ''.join('%s%d=; ' % (k, m) for m in range(1800)) for k in 'abcd']
    few = [dkim('s%d' % n) for n in range(16)]
    yield 'keys of tags', few + FROM, SMALL, {'s%d._domainkey.evil.example' % n: [{'TXT': t} for t in tags] for n in range(16)}
    yield 'keys among others', few + FROM, SMALL, {'s%d._domainkey.evil.example' % n: [{'TXT': 'v=other; n=%d; p=' % k + 'A' * 180} for k in range(250)]
                                                   for n in range(16)}


# -- the DNS ---------------------------------------------------------------------------------------------------------

def records():
    spf = {'evil.example': [{'TXT': 'v=spf1 include:i0.evil.example -all'}]}
    for n in range(10):
        spf['i%d.evil.example' % n] = [{'TXT': 'v=spf1 ' + 'ip4:192.0.2.1 ' * 1000 + 'include:i%d.evil.example -all' % (n + 1)}]
    yield 'long SPF records', FROM, SMALL, spf
    spec = '%{l99r-+,_=.}' * 70
    yield 'SPF of macros', FROM, SMALL, {'evil.example': [{'TXT': 'v=spf1 ' + ('exists:%s.%%{i}.evil.example ' % spec) * 10 + '-all'}]}
    yield 'SPF of modifiers', FROM, SMALL, {'evil.example': [{'TXT': 'v=spf1 ' + 'a=%{l} ' * 2300 + '-all'}]}
    yield 'SPF explanation of macros', FROM, SMALL, {'evil.example': [{'TXT': 'v=spf1 exp=e.evil.example -all'}], 'e.evil.example': [{'TXT': '%{l99r-+,_=.}' * 1200}]}
    hosts = [{'A': '10.0.%d.%d' % (k // 250, k % 250)} for k in range(256)]
    yield 'SPF of addresses', FROM, SMALL, {'evil.example': [{'TXT': 'v=spf1 ' + ' '.join('mx:m%d.evil.example' % n for n in range(10)) + ' -all'}],
                                            'h.evil.example': hosts, **{'m%d.evil.example' % n: [{'MX': '1 h.evil.example'}] * 10 for n in range(10)}}
    yield 'names of the client', FROM, SMALL, {'66.113.0.203.in-addr.arpa': [{'PTR': 'p%d.evil.example' % n} for n in range(256)],
                                               **{'p%d.evil.example' % n: hosts for n in range(12)}}
    for name, text in (('tags', 'v=DMARC1; p=none; ' + ''.join('t%d=; ' % n for n in range(2200))), ('semicolons', 'v=DMARC1; p=none' + ';' * 16000),
                       ('addresses', 'v=DMARC1; p=none; rua=' + ','.join('mailto:r%d@e.example' % n for n in range(750))),
                       ('commas', 'v=DMARC1; p=none; rua=mailto:a@e.example' + ',' * 16000),
                       ('percent signs', 'v=DMARC1; p=none; rua=mailto:' + '%41' * 5000 + '@e.example'), ('blanks', 'v=DMARC1;' + ' ' * 16000 + 'p=none')):
        yield 'policy of ' + name, FROM, SMALL, {'_dmarc.evil.example': [{'TXT': text}]}
    deep, walks = '.'.join('l%d' % n for n in range(30)), {}
    labels = (deep + '.evil.example').split('.')
    for n in range(len(labels) - 1):
        walks['_dmarc.' + '.'.join(labels[n:])] = [{'TXT': 'other text %d ' % k + 'x' * 200} for k in range(250)]
    yield 'policies among others', [(b'From', ' {0}, y@b.{0}'.format('x@' + deep + '.evil.example').replace('y@b.x@', 'y@b.').encode())], SMALL, walks


def questions():
    """all checks at their worst in one message -> fields, zone"""
    zone = {}
    for k, name in enumerate(('evil.example', 'mail.evil.example')):
        zone[name] = [{'MX': '1 m%d.evil.example' % n} for n in range(10)] + \
            [{'TXT': 'v=spf1 ' + ' '.join('mx:%d%d.evil.example' % (k, n) for n in range(10)) + ' -all'}]
        for n in range(10):
            zone['%d%d.evil.example' % (k, n)] = [{'MX': '1 h%d.%d%d.evil.example' % (m, k, n)} for m in range(10)]
            zone.update({'h%d.%d%d.evil.example' % (m, k, n): [{'A': '10.0.0.1'}] for m in range(10)})
    zone['66.113.0.203.in-addr.arpa'] = [{'PTR': 'p%d.evil.example' % n} for n in range(50)]
    deep = '.'.join('l%d' % n for n in range(30))
    fields = [dkim('s%d' % n, d='d%d.%s.evil.example' % (n, deep)) for n in range(16)] + \
        [f for n in range(50, 0, -1) for f in arc_set(n, 'a%d' % n)] + \
        [(b'From', (' ' + ', '.join('x@n%d.%s.evil.example' % (n, deep) for n in range(4))).encode())]
    return fields, zone
