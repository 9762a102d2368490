"""Suites of cases: reading them and making their messages. The form is described in tests/cases/README.md."""
import base64
import contextlib
import datetime
import hashlib
import os
import re
import subprocess
import unittest.mock

import yaml

import signer
from milterclient import split_message

Loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def load(path):
    """a directory with cases.yml, or a .yml file -> list of cases with everything inherited filled in"""
    f = os.path.join(path, 'cases.yml') if os.path.isdir(path) else path
    with open(f, encoding='utf-8') as o:
        s = yaml.load(o, Loader=Loader)
    if 'world' in s:
        with open(os.path.join(os.path.dirname(f), s['world']), encoding='utf-8') as o:
            w = yaml.load(o, Loader=Loader)
        s = {**w, **s, 'zone': {**(w.get('zone') or {}), **(s.get('zone') or {})}}
    for c in s['cases']:
        c['suite'], c['dir'] = s['suite'], os.path.dirname(f)
        c['expect'] = {**(s.get('expect') or {}), **(c.get('expect') or {})}
        c['zone'] = {**(s.get('zone') or {}), **(c.get('zone') or {})}
        c['envelope'] = {**(s.get('envelope') or {}), **(c.get('envelope') or {})}
        c['config'] = (s.get('config') or '') + (c.get('config') or '')
        c['now'] = epoch(c.get('now', s.get('now')))
    return s['cases']


def epoch(n):
    if n is None or isinstance(n, int):
        return n
    if not isinstance(n, datetime.datetime):
        n = datetime.datetime.fromisoformat(str(n).replace('Z', '+00:00'))
    return int(n.replace(tzinfo=n.tzinfo or datetime.timezone.utc).timestamp())


def parts(p):
    """text, {hex: ..}, {repeat: N, text: '..{n}..'} or a list of these -> bytes"""
    if isinstance(p, (list, tuple)):
        return b''.join(parts(x) for x in p)
    if isinstance(p, dict) and 'hex' in p:
        return bytes.fromhex(p['hex'])
    if isinstance(p, dict):
        one = p.get('text', p.get('field'))
        return b''.join(parts(one.replace('{n}', str(n))) for n in range(p['repeat']))
    return str(p).encode('utf-8', 'surrogateescape')


def fields_of(items):
    """'Name: value' or {repeat: N, field: ..} -> [(name, value)], byte for byte: nothing is folded or repaired"""
    out = []
    for f in items:
        n = f['repeat'] if isinstance(f, dict) else 1
        for i in range(n):
            raw = parts(f['field'] if isinstance(f, dict) else f)
            name, _, value = raw.replace(b'{n}', str(i).encode()).partition(b':')
            out.append((name, value))
    return out


def default_message(env):
    frm = env.get('mail_from') or 'postmaster@%s' % (env.get('helo') or 'unknown.invalid')
    return ('From: <%s>\r\nTo: <user@rcpt.invalid>\r\nSubject: replay\r\n'
            'Date: Mon, 06 Jan 2025 10:00:00 +0000\r\nMessage-ID: <replay@case.invalid>\r\n\r\nBody.\r\n'
            % frm).encode('utf-8', 'surrogateescape')


def raw_message(fields, body):
    return b''.join(n + b':' + re.sub(rb'\r?\n', b'\r\n', v) + b'\r\n' for n, v in fields) + b'\r\n' + body


def change(raw, changes):
    for e in changes or []:
        raw = raw.replace(parts(e['replace']), parts(e['by']).replace(b'\r\n', b'\n').replace(b'\n', b'\r\n'), 1)
    return raw


def change_fields(fields, changes):
    for e in changes or []:
        at = next(i for i, (_, v) in enumerate(fields) if parts(e['replace']) in v)
        fields[at] = fields[at][0], fields[at][1].replace(parts(e['replace']), parts(e['by']), 1)
    return fields


def message(c, keys=None):
    """-> (bytes of the message, fields, body). `keys` signs what the case wants signed."""
    if 'fields' in c:
        fields, body = fields_of(c['fields']), parts(c.get('body', 'Body.\r\n'))
        if c.get('sign'):                          # field by field: what cannot stand in a text is signed as it is
            fields = [keys.sign_fields(fields, body, s) for s in c['sign']] + fields
        fields = change_fields(fields, c.get('then'))
        return raw_message(fields, body), fields, body
    if c.get('message'):
        with open(os.path.join(c['dir'], c['message']), 'rb') as f:
            raw = f.read()
    elif 'text' in c:
        raw = parts(c['text']).replace(b'\n', b'\r\n')
    else:
        raw = default_message(c['envelope'])
    for s in reversed(c.get('sign') or []):
        raw = keys.sign(raw, s, c.get('now')) + raw
    if c.get('arc'):
        raw = keys.seal(raw, c['arc'])
    raw = change(raw, c.get('then'))               # what happens to the message after it was signed
    if c.get('above'):
        raw = parts(c['above']).replace(b'\n', b'\r\n') + raw
    return (raw, *split_message(raw))


class Keys:
    """DKIM keys, made when first wanted: RSA of 2048 bits or as the name says (rsa1024), by openssl, and Ed25519. The
    signers are dkimpy and signer.py: not alignd's own code."""

    def __init__(self):
        import dkim
        import nacl.signing
        self.dkim, self.nacl, self.made, self.signer = dkim, nacl.signing, {}, signer.Signer(self)

    def key(self, kind):
        """-> (private key as dkimpy wants it, public key as p= wants it)"""
        if kind not in self.made:
            self.made[kind] = self._ed25519() if kind.startswith('ed25519') else self._rsa(kind)
        return self.made[kind]

    def _ed25519(self):
        seed = self.nacl.SigningKey.generate()
        return base64.b64encode(bytes(seed)), bytes(seed.verify_key)

    def _rsa(self, kind):
        bits = re.sub(r'\D', '', kind.partition('-')[0]) or '2048'
        pem = subprocess.run(['openssl', 'genrsa', '-traditional', bits], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        der = subprocess.run(['openssl', 'rsa', '-pubout', '-outform', 'DER'], input=pem, check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        return pem, der

    def record(self, kind):
        """the text of its key record"""
        return 'v=DKIM1; k=%s; p=%s' % ('ed25519' if kind.startswith('ed25519') else 'rsa',
                                        base64.b64encode(self.key(kind)[1]).decode())

    @staticmethod
    def algorithm(kind):
        return 'ed25519-sha256' if kind.startswith('ed25519') else 'rsa-sha1' if kind.endswith('-sha1') else 'rsa-sha256'

    @staticmethod
    def digest(kind):
        return hashlib.sha1 if kind.endswith('-sha1') else hashlib.sha256

    def raw_sign(self, kind, data):
        private, digest = self.key(kind)[0], self.digest(kind)(data)
        if kind.startswith('ed25519'):
            return self.nacl.SigningKey(base64.b64decode(private)).sign(digest.digest()).signature
        crypto = self.dkim.crypto
        return crypto.RSASSA_PKCS1_v1_5_sign(digest, crypto.parse_pem_private_key(private))

    def sign(self, raw, s, now=None):
        """s: {d, s, key, broken: yes} or more (README.md) -> the DKIM-Signature field, dated `now`"""
        kind = s.get('key', 'rsa')
        if s.get('broken'):
            raw = raw + b'not what was sent\r\n'
        if set(s) - {'d', 's', 'key', 'broken'} or kind not in ('rsa', 'ed25519'):
            name, value = self.sign_fields(*split_message(raw), s)
            return name + b':' + value + b'\r\n'
        with unittest.mock.patch('time.time', lambda: now) if now is not None else contextlib.nullcontext():
            return self.dkim.sign(raw, s['s'].encode(), s['d'].encode(), self.key(kind)[0],
                                  signature_algorithm=kind.encode() + b'-sha256', canonicalize=(b'relaxed', b'relaxed'),
                                  include_headers=[b'from', b'to', b'subject', b'date'], linesep=b'\r\n')

    def sign_fields(self, fields, body, s):
        return self.signer.dkim(fields, body, s)

    def seal(self, raw, sets):
        """put the ARC sets above the message, one after another; `change` happens to it before its set is made"""
        done = []
        for n, a in enumerate(sets, 1):
            raw = change(raw, a.get('change'))
            new = self.signer.arc(*split_message(raw), done, n, a)
            done.append(new)
            raw = b''.join(name + b':' + value + b'\r\n' for name, value in reversed(new)) + raw
        return raw

    def publish(self, c):
        """the zone of the case with its keys in it, unless the case says something else at that name"""
        zone = dict(c['zone'])
        for s in (c.get('sign') or []) + (c.get('arc') or []):
            name, text = '%s._domainkey.%s' % (s['s'], s['d']), self.record(s.get('key', 'rsa'))
            if name in (c.get('key_record') or {}):
                v, _, rest = text.partition(' ')
                text = '%s %s %s' % (v, c['key_record'][name], rest) if 'v=' not in c['key_record'][name] else \
                    '%s %s' % (c['key_record'][name], rest)
            zone.setdefault(name, [{'TXT': text}])
        return zone
