"""The MTA's side of the milter protocol (version 6), as Postfix speaks it.

    m = MilterClient('unix:/path' or 'inet:port@host').connect().negotiate()
    r = m.transaction(envelope, fields, body)          -> Result

It makes Postfix's full offer, sends the macros (Postfix's default lists, or those the filter asked for), honours the
filter's no-send, no-reply and skip answers, and keeps header changes, recipients, quarantine and the verdict. Several
transactions may follow on one connection; `stop` ends one early, by an abort or by closing the connection.
"""
import socket
import struct
import time

ACTIONS = 0x1FF
PROTOCOL = 0x1FFFFF
NOSEND = {'C': 0x01, 'H': 0x02, 'M': 0x04, 'R': 0x08, 'B': 0x10, 'L': 0x20, 'N': 0x40, 'T': 0x200}
NOREPLY = {'C': 0x1000, 'H': 0x2000, 'M': 0x4000, 'R': 0x8000, 'T': 0x10000, 'L': 0x80, 'N': 0x40000, 'B': 0x80000}
LEADSPC = 0x100000
STAGE = {'C': 0, 'H': 1, 'M': 2, 'R': 3, 'T': 4, 'E': 5, 'N': 6}
STAGE_NAME = {'connect': 'C', 'helo': 'H', 'mail': 'M', 'rcpt': 'R', 'data': 'T', 'header': 'L', 'eoh': 'N', 'body': 'B',
              'eom': 'E'}
POSTFIX_MACROS = {
    'C': ['j', '{daemon_name}', '{daemon_addr}', 'v', '_'],
    'H': ['{tls_version}', '{cipher}', '{cipher_bits}', '{cert_subject}', '{cert_issuer}'],
    'M': ['i', '{auth_type}', '{auth_authen}', '{auth_author}', '{mail_addr}', '{mail_host}', '{mail_mailer}'],
    'R': ['i', '{rcpt_addr}', '{rcpt_host}', '{rcpt_mailer}'],
    'T': ['i'], 'N': ['i'], 'E': ['i'],
}
VERDICT = {'a': 'accept', 'c': 'continue', 'r': 'reject', 't': 'tempfail', 'd': 'discard', 'f': 'connfail',
           'y': 'reply', '4': 'shutdown', 's': 'skip'}
ACTION_NEEDED = {'h': 1, 'i': 1, 'm': 0x10, 'b': 2, '+': 4, '2': 0x80, '-': 8, 'q': 0x20, 'e': 0x40}


class MilterError(Exception):
    pass


class Stopped(Exception):
    """The transaction was ended early, as asked."""


class Result:
    def __init__(self):
        self.verdict = None          # accept | reject | tempfail | discard | error | stopped
        self.stage = None            # protocol stage letter at which it fell
        self.reply = None            # SMTP reply text when the filter gave one
        self.quarantine = None
        self.ops = []                # (op, ...) in order: ins/add/chg/del header, body, rcpt, from
        self.headers = []            # final [(name, value)]
        self.new_headers = []        # those added or inserted, in final order
        self.removed = []            # (name, value) removed by the filter
        self.seconds = 0.0

    def disposition(self):
        if self.verdict == 'accept' and self.quarantine is not None:
            return 'quarantine'
        return self.verdict


def enc(text):
    return text if isinstance(text, bytes) else str(text).encode('utf-8', 'surrogateescape')


def dec(data):
    return data.decode('utf-8', 'surrogateescape')


def split_message(raw):
    """bytes -> ([(name, value with LF folding, leading space kept)], body with CRLF), as Postfix reads a message"""
    raw = raw.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
    head, sep, body = raw.partition(b'\r\n\r\n')
    if raw.startswith(b'\r\n'):
        head, body = b'', raw[2:]
    headers, cur = [], None
    lines = head.split(b'\r\n') if head else []
    if lines and lines[-1] == b'':
        lines.pop()
    for n, line in enumerate(lines):
        if line[:1] in (b' ', b'\t') and cur is not None:
            cur[1] += b'\n' + line
            continue
        name, colon, val = line.partition(b':')
        if not colon or not name or b' ' in name.rstrip(b' \t') or b'\t' in name.rstrip(b' \t'):
            # the first line that is no header ends the header section
            body = b'\r\n'.join(lines[n:]) + b'\r\n' + (sep[2:] + body if sep else b'')
            break
        cur = [name.rstrip(b' \t'), val]
        headers.append(cur)
    return [(a, b) for a, b in headers], body


class MilterClient:
    def __init__(self, sock, timeout=60):
        self.sockspec, self.timeout, self.s = sock, timeout, None
        self.greeted, self.skip, self.stop = False, False, None

    # -- the connection ------------------------------------------------------------------------------------------

    def connect(self):
        kind, _, rest = self.sockspec.partition(':')
        if kind in ('unix', 'local'):
            s, addr = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), rest
        else:
            port, _, host = rest.partition('@')
            s = socket.socket(socket.AF_INET6 if kind == 'inet6' else socket.AF_INET, socket.SOCK_STREAM)
            addr = (host.strip('[]') or '127.0.0.1', int(port))
        s.settimeout(self.timeout)
        s.connect(addr)
        self.s = s
        return self

    def close(self, quit_=True):
        if self.s:
            try:
                if quit_:
                    self.send('Q')
            except OSError:
                pass
            self.s.close()
            self.s = None

    def send(self, cmd, data=b''):
        self.s.sendall(struct.pack('!I', len(data) + 1) + cmd.encode() + data)

    def _read(self, n):
        b = b''
        while len(b) < n:
            c = self.s.recv(n - len(b))
            if not c:
                raise MilterError('filter closed the connection')
            b += c
        return b

    def recv(self):
        while True:
            n = struct.unpack('!I', self._read(4))[0]
            if n == 0 or n > 64 << 20:
                raise MilterError('bad packet length %d' % n)
            b = self._read(n)
            if b[:1] != b'p':                        # progress
                return b[:1].decode('latin-1'), b[1:]

    def negotiate(self, version=6, actions=ACTIONS, protocol=PROTOCOL):
        self.send('O', struct.pack('!III', version, actions, protocol))
        c, d = self.recv()
        if c != 'O':
            raise MilterError('no OPTNEG answer: %r' % c)
        self.version, self.actions, self.protocol = struct.unpack('!III', d[:12])
        if self.actions & ~actions or self.protocol & ~protocol:
            raise MilterError('filter asks for what was not offered')
        self.symlist, rest = {}, d[12:]
        while len(rest) > 4:
            st = struct.unpack('!I', rest[:4])[0]
            names, _, rest = rest[4:].partition(b'\0')
            self.symlist[st] = names.decode('latin-1').split()
        return self

    # -- one command ---------------------------------------------------------------------------------------------

    def macros(self, stage, values):
        data = b''
        for name in self.symlist.get(STAGE[stage], POSTFIX_MACROS[stage]):
            v = values.get(name, values.get(name.strip('{}')))
            if v is not None:
                data += enc(name) + b'\0' + enc(v) + b'\0'
        self.send('D', stage.encode() + data)

    def step(self, res, cmd, data=b'', macros=None):
        """Send one command; True when the conversation goes on."""
        if not self.protocol & NOSEND.get(cmd, 0):
            if macros is not None:
                self.macros(cmd, macros)
            self.send(cmd, data)
            if self.stop == ('hangup', cmd):
                raise Stopped()
            if not self.protocol & NOREPLY.get(cmd, 0) and not self.reply(res, cmd):
                return False
        if self.stop and self.stop[1] == cmd:
            if self.stop[0] == 'abort':
                self.send('A')
            raise Stopped()
        return True

    def reply(self, res, cmd):
        c, d = self.recv()
        if c == 'c':
            return True
        if c == 's':
            if cmd != 'B':
                raise MilterError('SKIP outside the body')
            self.skip = True
            return True
        self.verdict(res, cmd, c, d)
        return False

    def verdict(self, res, cmd, c, d):
        res.stage = cmd
        if c == 'y':
            res.reply = dec(d.rstrip(b'\0'))
            res.verdict = 'tempfail' if res.reply[:1] == '4' else 'reject'
        elif c in VERDICT:
            res.verdict = 'accept' if c == 'c' else VERDICT[c]
        else:
            raise MilterError('unexpected answer %r to %r' % (c, cmd))

    # -- one message ---------------------------------------------------------------------------------------------

    def transaction(self, env, fields, body, stop=None):
        """env: client_ip, client_name, client_port, helo, mail_from, mail_args, rcpt_to, auth, queue_id, macros.
        stop: ('abort' | 'hangup', stage): end there, after the filter's answer or at once; 'stay': be silent there."""
        start, res = time.time(), Result()
        self.stop, self.skip = stop, False
        res.headers = [[dec(n), dec(v), False] for n, v in fields]
        try:
            self._run(res, env, fields, body)
        except Stopped:
            res.verdict = 'stopped'
        except (MilterError, OSError, struct.error) as e:
            res.verdict, res.reply = 'error', '%s: %s' % (type(e).__name__, e)
        res.new_headers = [(n, v) for n, v, new in res.headers if new]
        res.headers = [(n, v) for n, v, _ in res.headers]
        res.seconds = time.time() - start
        return res

    def _run(self, res, env, fields, body):
        m = macro_values(env)
        if not self.greeted:
            if not self.step(res, 'C', client_packet(env), m) or \
               not self.step(res, 'H', enc(env.get('helo') or 'unknown') + b'\0', m):
                return
            self.greeted = True
        if self._envelope(res, env, m) and self._content(res, fields, body, m):
            self._end(res, m)

    def _envelope(self, res, env, m):
        args = b''.join(enc(a) + b'\0' for a in env.get('mail_args') or [])
        if not self.step(res, 'M', b'<' + enc(m['{mail_addr}']) + b'>\0' + args, m):
            return False
        okay = 0
        for r in env.get('rcpt_to') or ['user@rcpt.invalid']:
            m['{rcpt_addr}'], m['{rcpt_host}'], m['{rcpt_mailer}'] = r, r.rpartition('@')[2], 'local'
            if self.step(res, 'R', b'<' + enc(r) + b'>\0', m):
                okay += 1
            elif res.verdict in ('accept', 'discard', 'connfail', 'shutdown'):
                return False
        if okay:
            res.verdict = res.stage = res.reply = None
        return okay > 0 and self.step(res, 'T', b'', m)

    def _content(self, res, fields, body, m):
        for n, v in fields:
            if not self.protocol & LEADSPC and v[:1] == b' ':
                v = v[1:]
            if not self.step(res, 'L', n + b'\0' + v + b'\0'):
                return False
        if not self.step(res, 'N', b'', m):
            return False
        for i in range(0, len(body), 65535):
            if self.skip:
                break
            if not self.step(res, 'B', body[i:i + 65535]):
                return False
        return True

    def _end(self, res, m):
        self.macros('E', m)
        self.send('E')
        if self.stop == ('hangup', 'E'):
            raise Stopped()
        while True:
            c, d = self.recv()
            if not self.modify(res, c, d):
                self.verdict(res, 'E', c, d)
                return

    def modify(self, res, c, d):
        if c not in ACTION_NEEDED:
            return False
        if not self.actions & ACTION_NEEDED[c]:
            raise MilterError('action %r was not negotiated' % c)
        if c in 'hi':
            idx = None
            if c == 'i':
                idx, d = struct.unpack('!I', d[:4])[0], d[4:]
            n, v = (dec(x) for x in d.split(b'\0')[:2])
            if idx is None or idx > len(res.headers):
                res.headers.append([n, v, True])
            else:
                res.headers.insert(max(idx - 1, 0), [n, v, True])
            res.ops.append(('add' if idx is None else 'ins', idx, n, v))
        elif c == 'm':
            idx, d = struct.unpack('!I', d[:4])[0], d[4:]
            n, v = (dec(x) for x in d.split(b'\0')[:2])
            res.ops.append(('del' if v == '' else 'chg', idx, n, v))
            self._change(res, idx, n, v)
        elif c == 'q':
            res.quarantine = dec(d.rstrip(b'\0'))
        else:
            res.ops.append((c, dec(d)))
        return True

    @staticmethod
    def _change(res, idx, name, value):
        """the index counts the fields as they now stand, the filter's own insertions too"""
        at = [k for k, h in enumerate(res.headers) if h[0].lower() == name.lower()]
        if 1 <= idx <= len(at):
            if value == '':
                gone = res.headers.pop(at[idx - 1])
                res.removed.append((gone[0], gone[1]))
            else:
                res.headers[at[idx - 1]][1] = value
        elif value:
            res.headers.append([name, value, True])


def client_packet(env):
    ip, name = env.get('client_ip') or '127.0.0.1', env.get('client_name') or 'unknown'
    port = struct.pack('!H', int(env.get('client_port', 40000)))
    if ip == 'local':
        return enc(name) + b'\0L' + struct.pack('!H', 0) + b'local\0'
    if ip == 'unknown':
        return enc(name) + b'\0U'
    return enc(name) + b'\0' + (b'6' if ':' in ip else b'4') + port + enc(ip) + b'\0'


def macro_values(env):
    """what Postfix would say; `macros` of the envelope replaces or (null) withholds, `macros: none` withholds all"""
    ip, name = env.get('client_ip') or '127.0.0.1', env.get('client_name') or 'unknown'
    frm = env.get('mail_from')
    frm = '' if frm in (None, '<>') else frm
    m = {'j': env.get('mta_name', 'mx.test.invalid'), '{daemon_name}': 'mx.test.invalid',
         '{daemon_addr}': '127.0.0.1', 'v': 'Postfix 3.7', '_': '%s [%s]' % (name, ip),
         '{client_addr}': ip, '{client_name}': name, '{client_port}': env.get('client_port', 40000),
         '{client_ptr}': env.get('client_ptr', name), '{client_connections}': 1,
         '{client_resolve}': 'OK' if name != 'unknown' else 'FAIL',
         'i': env.get('queue_id', '4TESTQ1234z'), '{if_addr}': '127.0.0.1',
         '{mail_addr}': frm, '{mail_host}': frm.rpartition('@')[2], '{mail_mailer}': 'smtp'}
    if env.get('auth'):
        m['{auth_type}'], m['{auth_authen}'] = 'PLAIN', env['auth']
    if env.get('macros') == 'none':
        return {'{mail_addr}': frm}
    m.update(env.get('macros') or {})
    return m
