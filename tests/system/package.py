"""The Debian package (`make deb`): what lintian says of it, and its life from install to purge. That is played in a copy of
this machine's file system that is thrown away: an overlay, whose upper layer is memory. Part of `make check-long`."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

import world
from milterclient import MilterClient

PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


def sh(*cmd, **how):
    p = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    return p.returncode, p.stdout


def listens():
    try:
        socket.create_connection(('127.0.0.1', 8892), 1).close()
        return True
    except OSError:
        return False


class Machine:
    """the copy"""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='alignd-machine-', dir='/tmp')
        self.root = os.path.join(self.dir, 'root')
        world.run('mount', '-t', 'tmpfs', 'alignd-test', self.dir)
        for d in ('upper', 'work', 'root'):
            os.mkdir(os.path.join(self.dir, d))
        layers = 'lowerdir=/,upperdir=%s/upper,workdir=%s/work' % (self.dir, self.dir)
        world.run('mount', '-t', 'overlay', 'alignd-test', '-o', layers, self.root)
        for d in ('dev', 'proc'):
            world.run('mount', '--bind', '/' + d, os.path.join(self.root, d))
        self.do('mkdir', '-p', '/run/lock')
        self.do('dpkg', '--purge', 'alignd')            # should it be here

    def close(self):
        for d in ('root/dev', 'root/proc', 'root', ''):
            sh('umount', '-l', os.path.join(self.dir, d))
        os.rmdir(self.dir)

    def path(self, name):
        return self.root + name

    def do(self, *cmd):
        code, out = sh('chroot', self.root, *cmd, env={'PATH': PATH, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C.UTF-8'})
        if code != 0:
            raise AssertionError('%s: exit %d\n%s' % (' '.join(cmd), code, out))
        return out

    def install(self, deb, *options):
        """as an administrator does; all that it depends on is here"""
        shutil.copy(deb, self.path('/var/cache/alignd.deb'))
        return self.do('apt-get', '-q', '-y', '-o', 'Dpkg::Use-Pty=0', *options, 'install', '/var/cache/alignd.deb')

    def start(self):
        """as the unit does"""
        with open(self.path('/lib/systemd/system/alignd.service')) as f:
            unit = dict(re.findall(r'(?m)^(\w+)=(.*)', f.read()))
        cmd = ['chroot', '--userspec=%(User)s:%(Group)s' % unit, self.root, *unit['ExecStart'].split()]
        return subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={'PATH': PATH})

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def append(self, name, text):
        with open(self.path(name), 'a') as f:
            f.write(text)

    def changed(self):
        """the files that are not as on this machine, but for what packages' own tools keep"""
        out, upper = set(), os.path.join(self.dir, 'upper')
        for d, _, files in os.walk(upper):
            for f in files:
                out.add(os.path.join(d, f)[len(upper):])
        kept = r'/var/(cache|lib/(dpkg|apt|systemd/deb-systemd-helper-\w+))/|/var/log/|/etc/(group|passwd|g?shadow|subu?gid)-?$|' \
               r'/etc/\.pwd\.lock$'
        return {f for f in out if not re.match(kept, f)}


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        code, out = sh('scripts/deb', env=dict(os.environ, DEBFULLNAME='Packager', DEBEMAIL='packager@alignd.example'))
        assert code == 0, out
        cls.deb = os.path.abspath(out.split()[-1])

    def test_lintian_has_nothing_against_it(self):
        code, out = sh('lintian', '--no-cfg', '--allow-root', '--fail-on', 'error,warning', self.deb)
        self.assertEqual((code, out), (0, ''))

    def test_its_version_is_the_programs(self):
        with open('CHANGELOG.md') as f:
            version = re.search(r'(?m)^## \[([\d.]+)\]', f.read())[1]
        self.assertEqual(sh('dpkg-deb', '-f', self.deb, 'Version'), (0, version + '\n'))

    def newer(self, machine, line):
        """the next version of it, whose configuration and rules have this line more"""
        to = os.path.join(machine.dir, 'newer')
        world.run('dpkg-deb', '-R', self.deb, to)
        for name in ('etc/alignd/alignd.conf', 'etc/alignd/rules/strict.conf'):
            with open(os.path.join(to, name), 'a') as f:
                f.write(line)
        world.run('sed', '-i', 's/^Version: .*/&.1/', to + '/DEBIAN/control')
        world.run('dpkg-deb', '--root-owner-group', '-b', to, to + '.deb')
        return to + '.deb'

    def test_its_life(self):
        m = Machine()
        self.addCleanup(m.close)
        before = m.changed()
        m.install(self.deb)
        self.installed(m)
        self.serves(m)
        self.upgraded(m)
        m.do('apt-get', '-q', '-y', 'remove', 'alignd')
        self.assertFalse(os.path.exists(m.path('/usr/sbin/alignd')))
        self.assertIn('mode = monitor', m.read('/etc/alignd/alignd.conf'))
        self.assertTrue(os.path.exists(m.path('/var/lib/alignd/alignd.db')))
        m.do('apt-get', '-q', '-y', 'purge', 'alignd')
        for d in ('/etc/alignd', '/var/lib/alignd', '/run/alignd'):
            self.assertFalse(os.path.exists(m.path(d)), d)
        self.assertEqual(m.changed() - before, set())

    def installed(self, m):
        self.assertRegex(m.do('stat', '-c', '%U:%G %a', '/var/lib/alignd'), '^alignd:alignd 750')
        self.assertRegex(m.do('stat', '-c', '%U:%G %a', '/run/alignd'), '^alignd:alignd 750')
        self.assertRegex(m.do('getent', 'passwd', 'alignd'), ':/usr/sbin/nologin$')
        self.assertTrue(os.path.islink(m.path('/etc/systemd/system/multi-user.target.wants/alignd.service')))
        self.assertEqual([f for f in m.changed() if re.match('/etc/(postfix|mail)/', f)], [], 'mail is sent another way')
        self.assertRegex(m.do('/usr/sbin/alignd', '-n'), 'alignd.conf is right\n$')
        self.assertRegex(m.do('/usr/bin/alignctl', 'config', 'show'), '(?m)^reports = no\\b')

    def serves(self, m):
        daemon = m.start()
        try:
            world.wait_for('alignd', lambda: daemon.poll() is not None or listens())
            c = MilterClient('inet:8892@127.0.0.1', 20).connect().negotiate()
            r = c.transaction({'client_ip': '127.0.0.1', 'helo': 'localhost', 'mail_from': ''}, [(b'From', b' a@b.invalid')], b'')
            self.assertEqual(r.verdict, 'accept')
            c.close()
        finally:
            daemon.terminate()
            out = daemon.communicate()[0]
        self.assertEqual(daemon.returncode, 0, out)

    def upgraded(self, m):
        m.append('/etc/alignd/alignd.conf', 'mode = monitor\n')
        out = m.install(self.newer(m, '# newer\n'), '-o', 'DPkg::Options::=--force-confdef', '-o', 'DPkg::Options::=--force-confold')
        self.assertRegex(m.do('dpkg-query', '-W', 'alignd'), r'\.1$', out)
        self.assertRegex(m.read('/etc/alignd/alignd.conf'), r'mode = monitor\n$')
        self.assertIn('# newer', m.read('/etc/alignd/alignd.conf.dpkg-dist'))
        self.assertIn('# newer', m.read('/etc/alignd/rules/strict.conf'))
        self.assertTrue(os.path.exists(m.path('/var/lib/alignd/alignd.db')))
