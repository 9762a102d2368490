"""The milters under test: how each is configured, started and stopped. All on Unix sockets, none logs messages, none
refuses mail: every message passes and is marked, so that each verdict can be compared."""
import os
import time

from lab import DELAYED, RESOLVER, LabError, Process, program

BUILD = os.path.abspath(os.environ.get('BUILD', 'build'))
PSL = '/usr/share/publicsuffix/public_suffix_list.dat'


class Milter:
    """One milter or a chain of them: up(), then the sockets in chain order and the processes, then down()."""
    name = ''
    verdicts = ('spf', 'dkim', 'dmarc')

    def __init__(self, run, direct_dns=False):
        self.run, self.direct_dns = run, direct_dns
        self.sockets, self.processes = [], []

    def up(self):
        self.down()
        self.sockets, self.processes = [], []
        self.start()

    def down(self):
        for p in self.processes:
            p.stop()
        self.processes = []

    def check(self):
        for p in self.processes:
            p.check()

    def path(self, name):
        return os.path.join(self.run, name)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)
        return self.path(name)

    def launch(self, name, argv, milter=True):
        sock = self.path(name + '.sock')
        for f in (sock, self.path(name + '.pid')):
            if os.path.exists(f):
                os.unlink(f)
        p = Process(self.run, name, argv)
        self.processes.append(p)
        p.wait_socket(sock)
        if milter:
            self.sockets.append('unix:' + sock)

    def cpu(self):
        return sum(p.cpu() for p in self.processes)

    def rss(self):
        return sum(p.rss() for p in self.processes)

    def rss_reset(self):
        for p in self.processes:
            p.rss_reset()


class Alignd(Milter):
    name = 'alignd'
    verdicts = ('iprev', 'spf', 'dkim', 'dmarc')

    def start(self):
        for end in ('', '-wal', '-shm'):
            if os.path.exists(self.path('alignd.db' + end)):
                os.unlink(self.path('alignd.db' + end))
        self.write('more.conf', os.environ.get('ALIGND_CONFIG', ''))     # overrides what is above it
        conf = self.write('alignd.conf', '''listen = "unix:%s"
mode = monitor
authserv_id = mx.example
nameserver = { %s }
store = "%s"
durable = yes
log_level = warning
include "more.conf"
''' % (self.path('alignd.sock'), DELAYED if self.direct_dns else RESOLVER, self.path('alignd.db')))
        self.launch('alignd', [BUILD + '/alignd', '-f', '-c', conf])


class Null(Milter):
    """a milter that adds one header and does nothing else: what libmilter itself costs"""
    name = 'null'
    verdicts = ()

    def start(self):
        self.launch('null', [BUILD + '/nullmilter', '-p', 'local:' + self.path('null.sock'), '-m', 'hdr'])


# Neither opendmarc nor rspamd applies the default rule "*" of the public suffix list to .example, which it does not
# list: without a line more they do not find the organizational domain.
class Chain(Milter):
    """opendkim and opendmarc, which checks SPF itself"""
    name = 'opendkim+opendmarc'
    own_spf = 'true'

    def start(self):
        self.opendkim()
        self.opendmarc()

    def opendkim(self):
        conf = self.write('opendkim.conf', '''Mode v
Syslog no
Socket local:%s
UMask 000
AuthservID mx.example
Nameservers %s
AlwaysAddARHeader yes
''' % (self.path('opendkim.sock'), RESOLVER))
        self.launch('opendkim', [program('opendkim'), '-f', '-x', conf])

    def opendmarc(self):
        with open(PSL) as f:
            psl = self.write('opendmarc-psl.dat', f.read() + '\nexample\n')
        conf = self.write('opendmarc.conf', '''Socket local:%s
UMask 000
Syslog false
AuthservID mx.example
TrustedAuthservIDs mx.example
HistoryFile %s
PublicSuffixList %s
RejectFailures false
SPFIgnoreResults %s
SPFSelfValidate %s
''' % (self.path('opendmarc.sock'), self.write('opendmarc.dat', ''), psl, self.own_spf, self.own_spf))
        self.launch('opendmarc', [program('opendmarc'), '-f', '-c', conf])


class PyspfChain(Chain):
    """opendkim, pyspf-milter and opendmarc, which believes them"""
    name = 'opendkim+pyspf+opendmarc'
    own_spf = 'false'

    def start(self):
        self.opendkim()
        conf = self.write('pyspf.conf', '''debugLevel = -1
TestOnly = 1
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::1
Header_Type = AR
Authserv_Id = mx.example
Socket = local:%s
PidFile = %s
UserID = root
UMask = 000
InternalHosts = 127.0.0.1
''' % (self.path('pyspf.sock'), self.path('pyspf.pid')))
        script = os.path.join(BUILD, 'bench/pyspf/usr/bin/pyspf-milter')
        if not os.path.exists(script):
            raise LabError('no %s' % script)
        self.launch('pyspf', ['/usr/bin/python3', script, conf])
        self.opendmarc()


class Rspamd(Milter):
    """rspamd with nothing but spf, dkim, dmarc and the header; two workers; redis for its DMARC rows"""
    name = 'rspamd'

    def start(self):
        self.launch('redis', [program('redis-server'), '--port', '0', '--unixsocket', self.path('redis.sock'),
                              '--save', '', '--appendonly', 'no', '--dir', self.run], milter=False)
        with open('/usr/share/rspamd/effective_tld_names.dat') as f:
            self.write('rspamd-psl.dat', f.read() + '\nexample\n')
        conf = self.write('rspamd.conf', RSPAMD.replace('RUN', self.run).replace('RESOLVER', RESOLVER))
        self.launch('rspamd', [program('rspamd'), '-f', '-i', '-c', conf])
        time.sleep(1)                                   # its workers start after the socket


RSPAMD = '''options {
  pidfile = "RUN/rspamd.pid";
  filters = "spf,dkim";
  raw_mode = false; one_shot = false; cache_file = "RUN/rspamd-cache"; map_watch_interval = 5min;
  local_addrs = ["127.0.0.0/8"];
  max_lua_urls = 1024; check_all_filters = false;
  dns { timeout = 5s; sockets = 16; retransmits = 5; nameserver = ["RESOLVER"]; }
  url_tld = "RUN/rspamd-psl.dat"; tempdir = "RUN"; rrd = ""; history_file = ""; task_timeout = 8s;
  words_decay = 600; control_socket = "RUN/rspamd-ctl.sock mode=0600";
}
logging { type = "file"; filename = "RUN/rspamd.log"; level = "warning"; }
lang_det { enabled = false; }
worker "rspamd_proxy" {
  bind_socket = "RUN/rspamd.sock mode=0666";
  milter = yes; count = 2; timeout = 120s;
  upstream "local" { default = yes; self_scan = yes; }
  spam_header = "X-Spam"; quarantine_on_reject = false; discard_on_reject = false;
}
actions { reject = 15; add_header = 6; greylist = 4; }
group "policies" { .include "/etc/rspamd/scores.d/policies_group.conf" }
modules { path = "/usr/share/rspamd/plugins"; }
redis { servers = "RUN/redis.sock"; }
spf { spf_cache_size = 2k; spf_cache_expire = 1d; }
dkim { dkim_cache_size = 2k; }
dmarc {
  reporting { enabled = true; email = "dmarc@mx.example"; domain = "mx.example"; org_name = "bench"; }
}
milter_headers {
  use = ["authentication-results"]; authenticated_headers = ["authentication-results"]; skip_local = false;
  skip_authenticated = false; extended_spam_headers = false;
  routines { authentication-results { header = "Authentication-Results"; remove = 1; add_smtp_user = false; } }
}
'''

PEERS = (Chain, PyspfChain, Rspamd)
EVERY = {m.name: m for m in (Null, Alignd) + PEERS}
