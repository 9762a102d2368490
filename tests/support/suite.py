"""Suites of cases: reading them and making their messages. The form is described in tests/cases/README.md."""
import base64
import contextlib
import datetime
import os
import shutil
import subprocess
import tempfile
import unittest.mock

import yaml

from milterclient import split_message

Loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def load(path):
    """a directory with cases.yml, or a .yml file -> list of cases with everything inherited filled in"""
    f = os.path.join(path, 'cases.yml') if os.path.isdir(path) else path
    with open(f, encoding='utf-8') as o:
        s = yaml.load(o, Loader=Loader)
    for c in s['cases']:
        c['suite'], c['dir'] = s['suite'], os.path.dirname(f)
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


def message(c, keys=None):
    """-> (bytes of the message, fields, body). `keys` signs what the case wants signed."""
    if 'fields' in c:
        fields, body = fields_of(c['fields']), parts(c.get('body', 'Body.\r\n'))
        raw = b''.join(n + b':' + v.replace(b'\n', b'\r\n') + b'\r\n' for n, v in fields) + b'\r\n' + body
        return raw, fields, body
    if c.get('message'):
        with open(os.path.join(c['dir'], c['message']), 'rb') as f:
            raw = f.read()
    elif 'text' in c:
        raw = parts(c['text']).replace(b'\n', b'\r\n')
    else:
        raw = default_message(c['envelope'])
    for s in reversed(c.get('sign') or []):
        raw = keys.sign(raw, s, c.get('now')) + raw
    for e in c.get('then') or []:                  # what happens to the message after it was signed
        raw = raw.replace(e['replace'].encode(), e['by'].encode(), 1)
    if c.get('above'):
        raw = parts(c['above']).replace(b'\n', b'\r\n') + raw
    return (raw, *split_message(raw))


class Keys:
    """Two DKIM keys, made once a run: RSA (openssl) and Ed25519. The signer is dkimpy: not alignd's own code."""

    def __init__(self):
        import dkim
        import nacl.signing
        self.dkim, work = dkim, tempfile.mkdtemp(prefix='alignd-keys-')
        try:
            pem = os.path.join(work, 'rsa.pem')
            subprocess.run(['openssl', 'genrsa', '-traditional', '-out', pem, '2048'], check=True, stderr=subprocess.DEVNULL)
            der = subprocess.run(['openssl', 'rsa', '-in', pem, '-pubout', '-outform', 'DER'], check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            with open(pem, 'rb') as f:
                self.rsa = f.read()
        finally:
            shutil.rmtree(work)
        seed = nacl.signing.SigningKey.generate()
        self.ed25519 = base64.b64encode(bytes(seed))
        self.record = {'rsa': 'v=DKIM1; k=rsa; p=' + base64.b64encode(der).decode(),
                       'ed25519': 'v=DKIM1; k=ed25519; p=' + base64.b64encode(bytes(seed.verify_key)).decode()}

    def sign(self, raw, s, now=None):
        """s: {d, s, key: rsa|ed25519, broken: yes} -> the DKIM-Signature field, dated `now`"""
        kind = s.get('key', 'rsa')
        if s.get('broken'):
            raw = raw + b'not what was sent\r\n'
        with unittest.mock.patch('time.time', lambda: now) if now is not None else contextlib.nullcontext():
            return self._sign(raw, s, kind)

    def _sign(self, raw, s, kind):
        return self.dkim.sign(raw, s['s'].encode(), s['d'].encode(), getattr(self, kind),
                              signature_algorithm=kind.encode() + b'-sha256', canonicalize=(b'relaxed', b'relaxed'),
                              include_headers=[b'from', b'to', b'subject', b'date'], linesep=b'\r\n')

    def publish(self, c):
        """the zone of the case with its keys in it, unless the case says something else at that name"""
        zone = dict(c['zone'])
        for s in c.get('sign') or []:
            zone.setdefault('%s._domainkey.%s' % (s['s'], s['d']), [{'TXT': self.record[s.get('key', 'rsa')]}])
        return zone
