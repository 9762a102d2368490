"""contrib/apparmor: the profile is one that AppArmor understands, allows what strace shows that alignd does, and no more
than that: this machine's kernel need not have AppArmor, so the rules are read here."""
import contextlib
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import daemon
import mockdns
import suite
import world
from milterclient import MilterClient

PROFILE = 'contrib/apparmor/usr.sbin.alignd'
ZONE = {'good.example': [{'TXT': 'v=spf1 ip4:192.0.2.1 -all'}],
        '_dmarc.good.example': [{'TXT': 'v=DMARC1; p=reject; rua=mailto:d@good.example'}]}
CONFIG = '''include "rules/*.conf"
compare_discovery = yes
nameserver = "127.0.0.1@%(dns)d"
reports = yes
report_from = "r@rcpt.example"
report_sign_key = "%(etc)s/key.pem"
report_sign_selector = s
report_smtp = "smtps://localhost:%(smtp)d"
'''
STRACE = ['strace', '-ff', '-y', '-s', '300', '-e', 'trace=%file,bind,connect,sendto,sendmsg,mmap,fcntl,fchmod,fchown,ftruncate']
UNMEDIATED = {'newfstatat', 'stat', 'lstat', 'statx', 'access', 'faccessat', 'faccessat2', 'readlink', 'readlinkat', 'statfs',
              'getcwd', 'chdir'}
CHANGES = {'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'fchownat',
           'lchown', 'mkdir', 'mkdirat', 'truncate', 'ftruncate'}


def parser(*args):
    p = subprocess.run(['/sbin/apparmor_parser', *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True)
    noise = 'Cache read/write disabled: interface file missing. (Kernel needs AppArmor 2.4 compatibility patch.)\n'
    return p.returncode, p.stdout, p.stderr.replace(noise, '')


class Profile:
    """the rules about files: [(pattern, rights)]"""

    def __init__(self):
        text = re.sub(r'(?m)\s*#(?!include).*', '', parser('-p', PROFILE)[1])
        self.variables = {n: v.split() for n, v in re.findall(r'(?m)^@\{(\w+)\}\s*=\s*(.*)', text)}
        body = text[text.index('\nprofile alignd '):]
        self.rules = [(re.compile(self.regex(p)), r) for p, r in re.findall(r'(?m)^\s*([/@]\S+)\s+([rwmkxiPCU]+),', body)]

    def regex(self, pattern):
        """AppArmor's pattern as Python's"""
        while '@{' in pattern:
            pattern = re.sub(r'@\{(\w+)\}', lambda m: '{%s}' % ','.join(v.rstrip('/') for v in self.variables[m[1]]), pattern)
        signs = {'**': '.+', '*': '[^/]*', '/*': '/[^/]+', '?': '[^/]', '{': '(?:', '}': ')', ',': '|'}
        return '(?:%s)$' % re.sub(r'\[[^]]*\]|/\*(?!\*)|\*\*|.', lambda m: signs.get(m[0]) or (
            m[0] if m[0][0] == '[' else re.escape(m[0])), pattern)

    def rights(self, path):
        return set(''.join(r for p, r in self.rules if p.match(path)))


def needed(line):
    """(path, rights) of a traced system call; None if AppArmor does not ask"""
    m = re.match(r'(\w+)\((.*)\)\s+= (.*)', line)
    if not m or m[3].startswith('-1 ENOENT') or m[1] in UNMEDIATED:
        return None
    call, args, result = m.groups()
    unix, of_fd, of_name = (re.search(r, args) for r in (r'sun_path="([^"]*)"', r'\d+<(/[^>]*)>', r'"([^"]*)"'))
    if call in ('bind', 'connect', 'sendto', 'sendmsg'):
        return unix and (unix[1], 'w')
    if call in ('open', 'openat'):
        rights = 'rw' if 'O_RDWR' in args else 'w' if 'O_WRONLY' in args else 'r'
        return (re.match(r'\d+<(.*)>$', result) or of_name)[1], rights + ('w' if 'O_CREAT' in args else '')
    if call == 'mmap':
        return (of_fd[1], 'mr') if of_fd and 'PROT_EXEC' in args else None
    if call == 'fcntl':
        return (of_fd[1], 'k') if of_fd and 'F_SETLK' in args and 'F_UNLCK' not in args else None
    if call in CHANGES:
        return (of_name or of_fd)[1], 'w'
    if call == 'execve':
        return of_name[1], 'mr'
    raise AssertionError('not thought of: ' + line)


class Hangup:
    """a mail server that takes no mail"""

    def __init__(self):
        self.s = socket.create_server(('127.0.0.1', 0))
        self.port, self.calls = self.s.getsockname()[1], 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.s.accept()[0].close()
            except OSError:
                return
            self.calls += 1


class AppArmor(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp(prefix='alignd-apparmor-')
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        os.chmod(self.work, 0o755)

    def path(self, *names):
        return os.path.join(self.work, *names)

    def configure(self, config):
        for d in ('rules', 'lib', 'run', 'trace'):
            os.mkdir(self.path(d))
        shutil.copy('conf/rules/dmarc.conf', self.path('rules'))
        with open(self.path('key.pem'), 'wb') as f:
            f.write(suite.Keys().key('rsa')[0])
        return daemon.Daemon(self.work, 'store = "%s"\n' % self.path('lib/alignd.db') + config, listen='unix:' + self.path('run/sock'))

    def installed(self, path):
        """the path as it would be if alignd were installed, directories with a / at the end"""
        slash = '/' if os.path.isdir(path) and not path.endswith('/') else ''
        for here, there in ((daemon.ALIGND, '/usr/sbin/alignd'), (self.path('lib'), '/var/lib/alignd'),
                            (self.path('run'), '/run/alignd'), (self.path('notify'), '/run/systemd/notify'), (self.work, '/etc/alignd')):
            if path == here or path.startswith(here + '/'):
                path = there + path[len(here):]
                break
        return path + slash

    def test_it_is_understood(self):
        self.assertEqual(parser('-Q', '-K', PROFILE), (0, '', ''))

    def test_so_is_what_it_says_of_its_local_part(self):
        with open(PROFILE) as f:
            text = f.read()
        advice = re.findall(r'(?m)^#   (/.*)', text)
        self.assertEqual(len(advice), 2)
        with open(self.path('p'), 'w') as f:
            f.write(text.replace('  include if exists <local/usr.sbin.alignd>\n', '\n'.join(advice) + '\n'))
        self.assertEqual(parser('-Q', '-K', self.path('p')), (0, '', ''))

    def test_it_is_of_both_prefixes(self):
        p = Profile()
        for name in ('/usr/sbin/alignd', '/usr/local/sbin/alignd'):
            self.assertEqual(p.rights(name), set('mr'))
        with open(PROFILE) as f:
            self.assertRegex(f.read(), r'(?m)^profile alignd /usr/\{,local/\}sbin/alignd \{$')

    @daemon.not_under_a_checker
    def test_it_allows_what_alignd_does(self):
        noon, smtp = int(time.time()) // 86400 * 86400 - 43200, Hangup()
        self.addCleanup(smtp.s.close)
        with mockdns.MockDNS(ZONE) as dns, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(self.path('notify'))
            d = self.configure(CONFIG % {'dns': dns.port, 'etc': self.work, 'smtp': smtp.port})
            d.before = ['env', 'NOTIFY_SOCKET=' + self.path('notify'), *STRACE, '-o', self.path('trace/t')]
            d.now = noon                            # yesterday: something to report on
            self.serve(d)
            d.now = None
            self.serve(d, lambda: smtp.calls > 0)
            self.in_the_background(d)
        profile, seen = Profile(), {}
        for name in glob.glob(self.path('trace/t.*')):
            with open(name, errors='replace') as f:
                for line in f:
                    n = needed(line)
                    if n:
                        path = self.installed(n[0])
                        seen.setdefault(path, set()).update(n[1])
                        self.assertEqual(set(n[1]) - profile.rights(path), set(), '%s: %s' % (path, line))
        for path, rights in (('/etc/alignd/alignd.conf', 'r'), ('/etc/alignd/rules/dmarc.conf', 'r'), ('/etc/alignd/key.pem', 'r'),
                             ('/var/lib/alignd/alignd.db', 'rwk'), ('/var/lib/alignd/alignd.db-wal', 'rw'), ('/var/lib/alignd/', 'r'),
                             ('/run/alignd/sock', 'w'), ('/run/systemd/notify', 'w'), (os.path.realpath('/etc/resolv.conf'), 'r'),
                             ('/usr/share/dns/root.key', 'r'), ('/usr/share/publicsuffix/public_suffix_list.dafsa', 'r'),
                             ('/etc/ssl/openssl.cnf', 'r')):
            self.assertEqual(seen.get(path), set(rights), path)

    def serve(self, d, until=lambda: True):
        d.start()
        self.message(d)
        world.wait_for('the report', until)
        self.stop()
        self.assertEqual(d.proc.wait(20), 0, d.log_text())
        d.proc = None

    def stop(self):
        """tell the process that opened the socket; each left a file with its number"""
        for name in glob.glob(self.path('trace/t.*')):
            with open(name, errors='replace') as f, contextlib.suppress(ProcessLookupError):
                if re.search(r'(?m)^bind\(.*/run/sock"', f.read()):
                    os.kill(int(name.rpartition('.')[2]), signal.SIGTERM)

    def message(self, d):
        m = MilterClient(d.listen, 20).connect().negotiate()
        r = m.transaction({'client_ip': '192.0.2.1', 'helo': 'good.example', 'mail_from': 'b@good.example'},
                          [(b'From', b' a@good.example')], b'x\r\n')
        m.close()
        self.assertEqual(r.verdict, 'accept')

    def in_the_background(self, d):
        """with syslog, and with the resolver of the system"""
        more = ['-o', 'nameserver = { }', '-o', 'trust_anchor = /usr/share/dns/root.key', '-o', 'reports = no']
        p = subprocess.Popen([*d.before, daemon.ALIGND, '-c', d.conf, *more], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        world.wait_for('alignd', d.answers)
        self.message(d)
        self.stop()
        self.assertEqual(p.wait(20), 0)

    @unittest.skipIf(os.geteuid() != 0, 'needs root')
    def test_its_capabilities_are_those_needed_to_become_another_user(self):
        d = self.configure('user = nobody\nsocket_group = daemon\nnameserver = "127.0.0.1@9"\n')
        for name in ('lib', 'run'):
            shutil.chown(self.path(name), 'nobody', 'nogroup')
            os.chmod(self.path(name), 0o750)
        with open(PROFILE) as f:
            capabilities = re.findall(r'(?m)^  capability (\w+),', f.read())
        for less in [None] + capabilities:
            held = ','.join('+' + c for c in capabilities if c != less)
            d.before = ['setpriv', '--bounding-set', '-all,' + held, '--inh-caps', '-all']
            if less is None:
                d.start()
                d.kill()
            else:
                with self.assertRaises(daemon.DaemonError, msg='it starts without ' + less):
                    d.start(5)

    def test_it_allows_nothing_else(self):
        p = Profile()
        for path, rights in (('/etc/alignd/alignd.conf', 'r'), ('/etc/shadow', ''), ('/root/.ssh/id_rsa', ''),
                             ('/etc/postfix/main.cf', ''), ('/var/lib/alignd/sub/x', ''), ('/var/spool/postfix/private/x', ''),
                             ('/bin/sh', ''), ('/usr/bin/env', ''), ('/usr/sbin/sendmail', ''), ('/home/a/b', ''), ('/tmp/x', ''),
                             ('/proc/1/environ', '')):
            self.assertEqual(p.rights(path), set(rights), path)
