"""A private mail world on one machine: nsd holds the zones, unbound resolves, Postfix receives, alignd judges.

    def main(): with World(zones, config) as w: r = w.send(Client('192.0.2.10', 'mail.sender.example'), ...)
    sys.exit(apart(main))

`apart` runs main in a network and process namespace of its own where the system allows it: then client addresses are
real, nothing reaches the network, and whatever was started ends with it. Elsewhere high ports and Postfix's XCLIENT
do. All files are in one scratch directory, which is removed.
"""
import ctypes
import email
import email.policy
import glob
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import daemon
from waiting import TookTooLong, wait_for

MX, MX6 = '203.0.113.25', '2001:db8:25::25'        # where the private Postfix listens, in a namespace
CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


class WorldError(Exception):
    pass


def need_root():
    if os.geteuid() != 0:
        raise WorldError('this needs root: Postfix has to start its own processes as other users. Run it as root, in a '
                         'container if you like; it touches nothing outside its scratch directory.')


def apart(main):
    """Run main() in namespaces of its own and give its exit code; in this process where that is not allowed. An end by
    INT, TERM or HUP is passed on and waited for: main's cleaning up is never cut short."""
    libc = ctypes.CDLL(None, use_errno=True)
    World.isolated = not os.environ.get('ALIGND_NO_NAMESPACE') and os.geteuid() == 0 and libc.unshare(CLONE_NEWNET | CLONE_NEWPID) == 0
    if not World.isolated:
        for s in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(s, signal.default_int_handler)
        libc.prctl(36, 1)                           # PR_SET_CHILD_SUBREAPER: what daemons leave is ours to wait for
        code = guarded(main)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        return code
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        for s in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(s, signal.default_int_handler)
        libc.prctl(1, signal.SIGTERM)               # PR_SET_PDEATHSIG
        if libc.unshare(CLONE_NEWNS) == 0:          # /proc with the process numbers that are ours, where that is allowed
            libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None)
            libc.mount(b'proc', b'/proc', b'proc', 0, None)
        run('ip', 'link', 'set', 'lo', 'up')
        code = guarded(main)
        sys.stdout.flush()
        os._exit(code)
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda *_: os.kill(pid, signal.SIGTERM))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def guarded(main):
    try:
        return main() or 0
    except KeyboardInterrupt:
        return 130
    except (WorldError, TookTooLong, daemon.DaemonError) as e:
        print('%s: %s' % (os.path.basename(sys.argv[0]), e), file=sys.stderr)
        return 1


def run(*cmd):
    p = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode != 0:
        raise WorldError('%s: %s' % (' '.join(cmd), p.stdout.strip()))


def free_port():
    """of TCP and UDP alike"""
    while True:
        with socket.socket() as t, socket.socket(type=socket.SOCK_DGRAM) as u:
            t.bind(('127.0.0.1', 0))
            try:
                u.bind(('127.0.0.1', t.getsockname()[1]))
                return t.getsockname()[1]
            except OSError:
                continue


class Client:
    """a host that sends mail: its address, what it says in EHLO"""

    def __init__(self, ip, helo):
        self.ip, self.helo = ip, helo


class Sent:
    """what became of a message: the SMTP reply, alignd's log line, the message as delivered (None if it was not)"""

    def __init__(self, reply, log, delivered):
        self.reply, self.log, self.delivered = reply, log, delivered


class World:
    isolated = False
    boxes, inbox = 'postfix/mail', 'inbox'
    queued = r'queued as (\w+)'                     # in the reply to a message that was taken
    services = ''                                   # of Postfix, more than MASTER_CF

    def __init__(self, zones, config, deny=(), main_cf='', now=None):
        """zones: {origin: master file text}; deny: domains whose questions are never answered; now: alignd's clock"""
        need_root()
        self.zones, self.config, self.deny, self.main_cf, self.now = zones, config, deny, main_cf, now
        self.children, self.postfix, self.daemon, self.serial = [], None, None, 0
        self.dir = tempfile.mkdtemp(prefix='alignd-world-', dir='/tmp')
        os.chmod(self.dir, 0o755)

    def __enter__(self):
        try:
            if self.isolated:
                run('ip', 'addr', 'replace', MX + '/32', 'dev', 'lo')
                run('ip', 'addr', 'replace', MX6 + '/128', 'dev', 'lo', 'nodad')
            self.addresses = set()
            self.start_dns()
            self.start_alignd()
            self.start_mta()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """end everything that was started, leave no file; a second Ctrl-C does not interrupt it"""
        old = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.stop_mta()
        if self.daemon and self.daemon.proc:
            self.daemon.kill()
        for c in reversed(self.children):
            c.terminate()
            try:
                c.wait(5)
            except subprocess.TimeoutExpired:
                c.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
        for s, h in old.items():
            signal.signal(s, h)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w') as f:
            f.write(text)

    def child(self, *cmd):
        with open(self.path('children.log'), 'ab') as log:
            self.children.append(subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                  start_new_session=True))

    # -- DNS -------------------------------------------------------------------------------------------------------

    def start_dns(self):
        soa = '$TTL 60\n@ IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ IN NS ns.invalid.\n'
        zones = {'.': '', **self.zones}
        for n, text in zones.items():
            self.write('dns/%s.zone' % n.strip('.'), '$ORIGIN %s.\n%s%s\n' % (n.strip('.'), soa, text))
        auth, self.dns_port = free_port(), 53 if self.isolated else free_port()
        self.write('dns/nsd.conf', NSD % {'dir': self.path('dns'), 'port': auth} + ''.join(
            'zone:\n  name: "%s"\n  zonefile: "%s.zone"\n' % (n, n.strip('.')) for n in zones))
        self.write('dns/unbound.conf', UNBOUND % {'dir': self.path('dns'), 'port': self.dns_port, 'auth': auth,
                   'deny': ''.join('  local-zone: "%s." always_deny\n' % d for d in self.deny)})
        self.child('nsd', '-d', '-c', self.path('dns/nsd.conf'))
        self.child('unbound', '-d', '-c', self.path('dns/unbound.conf'))
        wait_for('the DNS servers', lambda: self.answers(auth) and self.answers(self.dns_port))

    def answers(self, port):
        if any(c.poll() is not None for c in self.children):
            with open(self.path('children.log')) as f:
                raise WorldError('a DNS server did not start: ' + f.read()[-1000:])
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            try:
                s.sendto(b'\x12\x34\x01\0\0\1\0\0\0\0\0\0\0\0\6\0\1', ('127.0.0.1', port))     # . SOA
                return s.recv(512)[3] & 15 == 0
            except OSError:
                return False

    # -- the mail server -------------------------------------------------------------------------------------------

    def start_alignd(self):
        os.makedirs(self.path('alignd'))
        listen, base = self.milter_socket()
        base += 'authserv_id = mx.rcpt.example\nnameserver = { "127.0.0.1@%d" }\n' % self.dns_port
        self.smtp_port = 25 if self.isolated else free_port()
        self.daemon = daemon.Daemon(self.path('alignd'), base + self.config.replace('@SMTP@', str(self.smtp_port)), now=self.now,
                                    listen=listen)
        self.daemon.start()

    def milter_socket(self):
        """below Postfix's queue directory: "unix:alignd/sock" then works with and without chroot"""
        os.makedirs(self.path('postfix/spool/alignd'))
        os.chown(self.path('postfix/spool/alignd'), 0, pwd.getpwnam('postfix').pw_gid)
        os.chmod(self.path('postfix/spool/alignd'), 0o2750)
        return 'unix:' + self.path('postfix/spool/alignd/sock'), 'socket_group = postfix\n'

    def start_mta(self):
        p, nobody = self.path('postfix'), pwd.getpwnam('nobody')
        for d in ('etc', 'data', 'mail', 'log'):
            os.makedirs(os.path.join(p, d))
        os.chown(os.path.join(p, 'data'), pwd.getpwnam('postfix').pw_uid, 0)
        os.chmod(os.path.join(p, 'data'), 0o700)
        os.chown(os.path.join(p, 'mail'), nobody.pw_uid, nobody.pw_gid)
        self.configure_mta()
        self.run_mta('postfix', '-c', os.path.join(p, 'etc'), 'start-fg')

    def configure_mta(self):
        nobody, hosts = pwd.getpwnam('nobody'), ['[%s]' % h if ':' in h else h for h in self.mta_hosts()]
        usual = MAIN_CF % {'dir': self.path('postfix'), 'uid': nobody.pw_uid, 'gid': nobody.pw_gid, 'interfaces': ', '.join(hosts)}
        # Each key once: of a second one every process would warn, postlogd itself too, and wait for itself.
        keys = {l.partition('=')[0].strip(): l for l in (usual + self.main_cf).splitlines() if not l.startswith('#')}
        self.write('postfix/etc/main.cf', ''.join(l + '\n' for l in keys.values()))
        os.utime(self.path('postfix/etc/main.cf'), (0, 0))      # of a file just written every process waits for more
        self.write('postfix/etc/master.cf', ''.join('%s:%d inet n - n - 50 smtpd\n' % (h, self.smtp_port) for h in hosts)
                   + MASTER_CF + self.services)
        self.write('postfix/etc/dynamicmaps.cf', '')

    def mta_hosts(self):
        return ['127.0.0.1'] + ([MX, MX6] if self.isolated else [])

    def listens(self, host):
        try:
            with socket.create_connection((host, self.smtp_port), timeout=1):
                return True
        except OSError:
            return False

    def run_mta(self, *cmd):
        log = open(self.path('postfix.out'), 'ab')
        self.postfix = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()

        def greets():
            if self.postfix.poll() is not None:
                with open(self.path('postfix.out')) as f:
                    raise WorldError('Postfix did not start: %s%s' % (f.read(), self.mta_log()[-1000:]))
            return all(map(self.listens, self.mta_hosts()))
        wait_for('Postfix', greets, 30)

    def stop_mta(self):
        """the master is not our child but the script's; it takes its own processes along"""
        end = time.monotonic() + 10
        while self.postfix and self.postfix.poll() is None:
            try:
                with open(self.path('postfix/spool/pid/master.pid')) as f:
                    os.kill(int(f.read()), signal.SIGTERM if time.monotonic() < end else signal.SIGKILL)
            except (OSError, ValueError):
                pass
            try:
                self.postfix.wait(1)
            except subprocess.TimeoutExpired:
                if time.monotonic() > end + 5:
                    self.postfix.kill()

    def mta_log(self):
        try:
            with open(self.path('postfix/log/maillog')) as f:
                return f.read()
        except OSError:
            return ''

    def mail(self, box):
        """the messages delivered to a maildir, oldest first"""
        out = []
        for f in sorted(glob.glob(self.path(self.boxes, box, 'new', '*')), key=os.path.getmtime):
            with open(f, 'rb') as o:
                out.append(email.message_from_binary_file(o, policy=email.policy.compat32))
        return out

    # -- sending ---------------------------------------------------------------------------------------------------

    def connect(self, client):
        """an SMTP session that comes from the client's address"""
        if self.isolated:
            v6 = ':' in client.ip
            if client.ip not in self.addresses:
                run('ip', 'addr', 'replace', client.ip + ('/128' if v6 else '/32'), 'dev', 'lo', *(['nodad'] if v6 else []))
                self.addresses.add(client.ip)
            s = smtplib.SMTP(MX6 if v6 else MX, self.smtp_port, local_hostname=client.helo, timeout=60,
                             source_address=(client.ip, 0))
            s.ehlo()
            return s
        s = smtplib.SMTP('127.0.0.1', self.smtp_port, local_hostname=client.helo, timeout=60)
        s.ehlo()
        ip = 'IPV6:' + client.ip if ':' in client.ip else client.ip
        s.docmd('XCLIENT', 'ADDR=%s NAME=[UNAVAILABLE]' % ip)
        s.ehlo()
        return s

    def send(self, client, mail_from, rcpt, message):
        """message: bytes with CRLF, without Message-ID (one is added, to find it again)"""
        self.serial += 1
        ident = '<%d.%d@world.invalid>' % (self.serial, os.getpid())
        log = self.daemon.log_size()
        s = self.connect(client)
        try:
            code, text = s.docmd('MAIL', 'FROM:<%s>' % mail_from)
            if code == 250:
                code, text = s.docmd('RCPT', 'TO:<%s>' % rcpt)
            if code == 250:
                code, text = s.data(b'Message-ID: %s\r\n' % ident.encode() + message)
        finally:
            s.close()
        reply = '%d %s' % (code, text.decode('utf-8', 'replace').replace('\n', ' '))
        try:
            wait_for("alignd's log line", lambda: ' action=' in self.daemon.log_text(log) or not self.daemon.alive())
            return Sent(reply, self.daemon.log_text(log), self.delivered(ident, reply))
        except TookTooLong as e:
            raise WorldError('%s\nreply: %s\nalignd: %s\nthe mail server: %s' % (
                e, reply, self.daemon.log_text()[-1500:], self.mta_log()[-1500:])) from None

    def delivered(self, ident, reply):
        """the message as the mailbox got it; None if refused, or held in the queue"""
        queued = re.search(self.queued, reply)

        def found():
            return [m for m in self.mail(self.inbox) if m['Message-ID'] == ident] or self.is_held(queued[1]) and [None]
        return wait_for('the message in its mailbox', found)[0] if queued else None

    def is_held(self, queue_id):
        return queue_id + ': milter-hold' in self.mta_log()


NSD = '''server:
  ip-address: 127.0.0.1@%(port)d
  username: ""
  chroot: ""
  zonesdir: "%(dir)s"
  database: ""
  pidfile: "%(dir)s/nsd.pid"
  zonelistfile: "%(dir)s/zone.list"
  xfrdfile: "%(dir)s/xfrd.state"
  logfile: "%(dir)s/nsd.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
'''
UNBOUND = '''server:
  directory: "%(dir)s"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1@%(port)d
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  unblock-lan-zones: yes
  insecure-lan-zones: yes
%(deny)sremote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: 127.0.0.1@%(auth)d
'''
MAIN_CF = '''compatibility_level = 3.6
queue_directory = %(dir)s/spool
data_directory = %(dir)s/data
maillog_file = %(dir)s/log/maillog
maillog_file_prefixes = %(dir)s
multi_instance_name = postfix-alignd-test
syslog_name = postfix
myhostname = mx.rcpt.example
mydestination =
inet_interfaces = %(interfaces)s
inet_protocols = all
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = rcpt.example, sender.example
virtual_mailbox_base = %(dir)s/mail
virtual_mailbox_maps = regexp:{ {/^dmarc@/ reports/}, {/./ inbox/} }
virtual_uid_maps = static:%(uid)d
virtual_gid_maps = static:%(gid)d
local_recipient_maps =
alias_maps =
default_transport = retry:no mail leaves this world
relay_transport = retry:no mail leaves this world
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_milters = unix:alignd/sock
milter_default_action = tempfail
'''
MASTER_CF = '''pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
showq     unix  n - n - - showq
postlog   unix-dgram n - n - 1 postlogd
'''
