"""The laboratory of the bench: private namespaces with a DNS of their own, and the accounts of the processes in them.

  nsd 127.0.0.1:5300  <-  dnsdelay 127.0.0.54:53 (X ms)  <-  unbound 127.0.0.53:53 (cache)  <-  milters

The machine's ports, resolv.conf and services stay as they are. All processes end with the laboratory."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

RESOLVER, DELAYED = '127.0.0.53', '127.0.0.54'
INSIDE = 'ALIGND_BENCH_INSIDE'


class LabError(Exception):
    pass


def enter(run):
    """Go on inside new mount, network and process namespaces: the script starts anew there."""
    os.makedirs(run, exist_ok=True)
    if INSIDE not in os.environ:
        if os.geteuid() != 0:
            raise LabError('namespaces need root')
        os.environ[INSIDE] = '1'
        os.execvp('unshare', ['unshare', '-m', '-n', '-p', '-f', '--mount-proc', '--kill-child', '--',
                              sys.executable, '-B', *sys.argv])
    conf = os.path.join(run, 'resolv.conf')
    with open(conf, 'w') as f:
        f.write('nameserver %s\noptions timeout:5 attempts:2\n' % RESOLVER)
    for cmd in ('ip link set lo up', 'mount --make-rprivate /', 'mount --bind %s /etc/resolv.conf' % conf):
        subprocess.run(cmd.split(), check=True)


def corpus(work):
    """The messages and zones of the bench, made once: their directory."""
    path = os.path.join(work, 'corpus')
    if not os.path.exists(path):
        part = path + '.part'
        subprocess.run(['rm', '-rf', part], check=True)
        print('making the corpus, half a minute', file=sys.stderr, flush=True)
        maker = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'mkcorpus.py')
        subprocess.run(['/usr/bin/python3', maker, '-o', part, '-d', '6000'], check=True, stdout=sys.stderr)
        os.rename(part, path)
    return path


class Process:
    """A program that runs in the background; its output goes to RUN/NAME.out."""

    def __init__(self, run, name, argv):
        self.name, self.out = name, os.path.join(run, name + '.out')
        with open(self.out, 'wb') as out:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=run)
        self.pid = self.proc.pid

    def said(self):
        with open(self.out, errors='replace') as f:
            return f.read()[-2000:]

    def check(self):
        if self.proc.poll() is not None:
            raise LabError('%s ended with %s: %s' % (self.name, self.proc.returncode, self.said()))

    def wait_socket(self, path, seconds=20):
        end = time.monotonic() + seconds
        while not connects(path):
            self.check()
            if time.monotonic() > end:
                raise LabError('%s opens no socket %s: %s' % (self.name, path, self.said()))
            time.sleep(0.02)
        os.chmod(path, 0o666)

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
        self.proc.wait()

    def family(self):
        """its process id and those of its descendants"""
        pids = [self.pid]
        for p in pids:
            try:
                for task in os.listdir('/proc/%d/task' % p):
                    with open('/proc/%d/task/%s/children' % (p, task)) as f:
                        pids += map(int, f.read().split())
            except OSError:
                pass                                    # it has just ended
        return pids

    def cpu(self):
        """seconds of processor time so far, user and system"""
        return sum(map(cpu_of, self.family()))

    def rss(self):
        """sum of the peak resident sizes, MiB"""
        return sum(map(peak_of, self.family()))

    def rss_reset(self):
        for p in self.family():
            with open('/proc/%d/clear_refs' % p, 'w') as f:
                f.write('5')


def connects(path):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            return False
    return True


def cpu_of(pid):
    # The clock of a process, by the numbering of the kernel: exact, where /proc/PID/stat counts ticks of 10 ms.
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def peak_of(pid):
    try:
        with open('/proc/%d/status' % pid) as f:
            return next((int(line.split()[1]) / 1024 for line in f if line.startswith('VmHWM')), 0)
    except OSError:
        return 0


def busy():
    """seconds that all processors of the machine together have worked"""
    with open('/proc/stat') as f:
        t = list(map(int, f.readline().split()[1:]))
    return (sum(t[:3]) + sum(t[5:8])) / os.sysconf('SC_CLK_TCK')


NSD = '''server:
  ip-address: 127.0.0.1@5300
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: {zones}
  zonelistfile: {run}/nsd.list
  pidfile: ""
  xfrdfile: {run}/xfrd.state
  xfrdir: {run}
  rrl-ratelimit: 0
remote-control:
  control-enable: no
'''

# Documentation nets are answered by unbound itself unless told otherwise: nodefault, below.
UNBOUND = '''server:
  interface: {resolver}
  port: 53
  num-threads: 1
  do-daemonize: no
  use-syslog: no
  verbosity: 0
  username: ""
  chroot: ""
  directory: {run}
  pidfile: ""
  module-config: iterator
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  outgoing-range: 4096
  num-queries-per-thread: 4096
  msg-cache-size: 128m
  rrset-cache-size: 256m
  prefetch: no
  qname-minimisation: no
{nodefault}remote-control:
  control-enable: no
forward-zone:
  name: .
  forward-addr: {delayed}@53
'''


class Dns:
    """nsd with the zones of the corpus, the delay, and a cache that is empty after start()."""

    def __init__(self, run, corpus, dnsdelay):
        self.run, self.dnsdelay, self.stat = run, dnsdelay, os.path.join(run, 'dnsdelay.stat')
        self.nsd = self.delay = self.unbound = None
        zones = os.path.join(corpus, 'zones')
        with open(os.path.join(zones, 'zones.list')) as f:
            names = [line.split() for line in f]
        with open(os.path.join(run, 'nsd.conf'), 'w') as f:
            f.write(NSD.format(zones=zones, run=run))
            f.writelines('zone:\n  name: %s\n  zonefile: %s\n' % (z, file) for z, file in names)
        with open(os.path.join(run, 'unbound.conf'), 'w') as f:
            nodefault = ''.join('  local-zone: "%s." nodefault\n' % z for z, _ in names)
            f.write(UNBOUND.format(resolver=RESOLVER, delayed=DELAYED, run=run, nodefault=nodefault))

    def start(self, ms):
        self.stop()
        if self.nsd is None:
            self.nsd = Process(self.run, 'nsd', [program('nsd'), '-d', '-c', self.run + '/nsd.conf'])
        self.delay = Process(self.run, 'dnsdelay', [self.dnsdelay, '-l', DELAYED + ':53', '-u', '127.0.0.1:5300',
                                                    '-d', str(ms), '-s', self.stat])
        self.unbound = Process(self.run, 'unbound', [program('unbound'), '-d', '-c', self.run + '/unbound.conf'])
        for p in (self.nsd, self.delay, self.unbound):
            end = time.monotonic() + 15
            address = {'nsd': ('127.0.0.1', 5300), 'dnsdelay': (DELAYED, 53), 'unbound': (RESOLVER, 53)}[p.name]
            while not answers(address, ms):
                p.check()
                if time.monotonic() > end:
                    raise LabError('%s does not answer: %s' % (p.name, p.said()))

    def queries(self):
        """questions that have left the cache since start()"""
        before = os.stat(self.stat).st_mtime_ns if os.path.exists(self.stat) else 0
        self.delay.proc.send_signal(signal.SIGUSR1)
        for _ in range(200):
            time.sleep(0.01)
            if os.path.exists(self.stat) and os.stat(self.stat).st_mtime_ns != before:
                break
        with open(self.stat) as f:
            return int(f.read().split()[0].partition('=')[2])

    def cpu(self):
        return sum(p.cpu() for p in (self.nsd, self.delay, self.unbound))

    def stop(self):
        for p in (self.unbound, self.delay):
            if p is not None:
                p.stop()
        self.unbound = self.delay = None


def program(name):
    path = shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
    if path is None:
        raise LabError('%s is not installed' % name)
    return path


def answers(address, ms):
    """Does a DNS server answer A? for mx.example there?"""
    question = b'\x12\x34\x01\0\0\1\0\0\0\0\0\0\2mx\7example\0\0\1\0\1'
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.1 + 4 * ms / 1000)
        try:
            s.sendto(question, address)
            return s.recv(512)[:2] == question[:2]
        except OSError:
            time.sleep(0.02)
            return False
