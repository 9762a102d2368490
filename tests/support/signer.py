"""Sign messages as a case wants it, rightly or wrongly: DKIM (RFC 6376) and ARC (RFC 8617) with any tag left out, doubled or
forged. dkimpy lends its RSA alone; everything it would refuse to sign can be signed here."""
import base64
import hashlib
import re

WSP = re.compile(rb'[ \t]+')


def relaxed_field(name, value):
    value = re.sub(rb'\r?\n', b'', value)
    return name.strip().lower() + b':' + WSP.sub(b' ', value).strip()


def simple_field(name, value):
    return name + b':' + re.sub(rb'\r?\n', b'\r\n', value)


def canonical_body(body, relaxed):
    lines = body.split(b'\r\n')
    if relaxed:
        lines = [WSP.sub(b' ', l).rstrip(b' ') for l in lines]
    while lines and lines[-1] == b'':
        lines.pop()
    return b''.join(l + b'\r\n' for l in lines) or (b'' if relaxed else b'\r\n')


def signed_fields(fields, names, relaxed):
    """the fields that h= means, from the bottom up; what is not there counts as nothing"""
    canon, left, out = relaxed_field if relaxed else simple_field, list(fields), b''
    for name in (n.strip().lower() for n in names):
        for i in range(len(left) - 1, -1, -1):
            if left[i][0].strip().lower() == name:
                out += canon(*left.pop(i)) + b'\r\n'
                break
    return out


def taglist(tags):
    """[(name, value)] -> text; a value of None leaves the tag out"""
    return '; '.join('%s=%s' % t for t in tags if t[1] is not None)


def with_changes(tags, changes):
    """`changes` replaces tags, adds others at the end, and (null) drops some"""
    names = [n for n, _ in tags]
    return [(n, changes.get(n, v)) for n, v in tags if n in names] + [(n, v) for n, v in changes.items() if n not in names]


class Signer:
    """keys: sign(kind, digest_info_free_bytes) -> bytes; see suite.Keys"""

    def __init__(self, keys):
        self.keys = keys

    def _finish(self, kind, name, tags, before, relaxed=True):
        """-> value of the signature field over `before` and itself"""
        text = (' ' + taglist(tags) + '; b=').encode('utf-8', 'surrogateescape')
        canon = relaxed_field if relaxed else simple_field
        b = base64.b64encode(self.keys.raw_sign(kind, before + canon(name, text)))
        return text + b

    def dkim(self, fields, body, s):
        """s: {d, s, key, h, c, l, hash, tags, name} -> (name, value) of the DKIM-Signature field"""
        kind, name = s.get('key', 'rsa'), s.get('name', 'DKIM-Signature').encode()
        head, _, rest = s.get('c', 'relaxed/relaxed').partition('/')
        canonical = canonical_body(body, rest == 'relaxed')
        if 'l' in s:
            canonical = canonical[:s['l']]
        h = s.get('h', 'from:to:subject:date')
        tags = with_changes([('v', '1'), ('a', self.keys.algorithm(kind)), ('c', s.get('c', 'relaxed/relaxed')), ('d', s['d']),
                             ('s', s['s']), ('l', s.get('l')), ('h', h),
                             ('bh', base64.b64encode(self.keys.digest(kind)(canonical).digest()).decode())], s.get('tags') or {})
        return name, self._finish(kind, name, tags, signed_fields(fields, h.encode().split(b':'), head == 'relaxed'),
                                  head == 'relaxed')

    def arc(self, fields, body, sets, instance, a):
        """a: {d, s, key, cv, aar, h, ams, seal} -> the three fields of set `instance`; `sets` are those before it"""
        kind, i = a.get('key', 'rsa'), str(a.get('i', instance))
        h = a.get('h', 'from:to:subject:date')
        canonical = canonical_body(body, True)
        aar = b'ARC-Authentication-Results', (' i=%s; %s' % (i, a.get('aar', a['d'] + '; none'))).encode()
        tags = with_changes([('i', i), ('a', self.keys.algorithm(kind)), ('c', 'relaxed/relaxed'), ('d', a['d']), ('s', a['s']),
                             ('h', h), ('bh', base64.b64encode(hashlib.sha256(canonical).digest()).decode())], a.get('ams') or {})
        name = b'ARC-Message-Signature'
        ams = name, self._finish(kind, name, tags, signed_fields(fields, h.encode().split(b':'), True))
        before = b''.join(relaxed_field(*f) + b'\r\n' for s in sets + [[aar, ams]] for f in s)
        tags = with_changes([('i', i), ('a', self.keys.algorithm(kind)), ('cv', a.get('cv', 'none' if instance == 1 else 'pass')),
                             ('d', a['d']), ('s', a['s'])], a.get('seal') or {})
        name = b'ARC-Seal'
        return [aar, ams, (name, self._finish(kind, name, tags, before))]
