"""What `make install` puts where, and `make uninstall` takes away."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import daemon


class Install(unittest.TestCase):
    def setUp(self):
        self.dest = tempfile.mkdtemp(prefix='alignd-install-')
        self.addCleanup(shutil.rmtree, self.dest, ignore_errors=True)
        self.install()

    def install(self, *args):
        env = dict(os.environ, BUILD=os.path.dirname(daemon.ALIGND), DESTDIR=self.dest, PREFIX='/usr')
        subprocess.run(['scripts/install', *args], env=env, check=True)

    def files(self):
        return sorted(os.path.relpath(os.path.join(d, f), self.dest) for d, _, names in os.walk(self.dest) for f in names)

    def read(self, name):
        with open(os.path.join(self.dest, name)) as f:
            return f.read()

    def test_everything_has_its_place(self):
        files = self.files()
        for f in ('usr/sbin/alignd', 'usr/bin/alignctl', 'usr/share/man/man8/alignd.8', 'usr/share/man/man1/alignctl.1',
                  'usr/share/man/man5/alignd.conf.5', 'usr/lib/systemd/system/alignd.service', 'usr/lib/sysusers.d/alignd.conf',
                  'usr/lib/tmpfiles.d/alignd.conf', 'etc/alignd/alignd.conf', 'etc/alignd/rules/dmarc.conf'):
            self.assertIn(f, files)

    def test_what_the_readme_links_to_is_there(self):
        doc = 'usr/share/doc/alignd'
        links = [l for l in re.findall(r'\]\(([^)#]+)\)', self.read(doc + '/README.md')) if ':' not in l]
        self.assertGreater(len(links), 4)
        for l in links:
            self.assertTrue(os.path.exists(os.path.join(self.dest, doc, l)), l)

    def test_the_unit_starts_what_was_installed(self):
        unit = self.read('usr/lib/systemd/system/alignd.service')
        self.assertNotIn('@', unit.replace('@system-service', '').replace('@privileged @resources', ''))
        for program in re.findall(r'(?m)^Exec\w+=(/usr/\S*alignd\S*)', unit):
            self.assertTrue(os.access(self.dest + program, os.X_OK), program)

    def test_the_unit_is_understood_by_systemd(self):
        unit = os.path.join(self.dest, 'alignd.service')
        with open(unit, 'w') as f:
            f.write(self.read('usr/lib/systemd/system/alignd.service').replace('/usr/sbin/alignd', daemon.ALIGND))
        p = subprocess.run(['systemd-analyze', 'verify', '--man=no', unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual([l for l in p.stdout.splitlines() if 'alignd.service' in l], [], p.stdout)

    def test_a_configuration_survives_both(self):
        with open(os.path.join(self.dest, 'etc/alignd/alignd.conf'), 'w') as f:
            f.write('mode = monitor\n')
        self.install()
        self.assertEqual(self.read('etc/alignd/alignd.conf'), 'mode = monitor\n')
        self.install('--remove')
        self.assertEqual([f for f in self.files() if not f.startswith('etc/alignd/')], [])
        self.assertFalse(os.path.exists(os.path.join(self.dest, 'usr/share/doc/alignd')))
        self.assertEqual(self.read('etc/alignd/alignd.conf'), 'mode = monitor\n')

    def test_the_debian_package_finds_what_it_moves(self):
        with open('contrib/debian/rules') as f:
            rules = f.read()
        rules = rules.replace('$(DOC)', '$(ROOT)/usr/share/doc/alignd')
        moved = re.findall(r'\tmv \$\(ROOT\)/(\S+)', rules)
        self.assertGreater(len(moved), 1)
        for name in moved:
            self.assertTrue(os.path.exists(os.path.join(self.dest, name)), name)

    def test_a_purge_of_the_debian_package_takes_the_directories_that_were_made(self):
        with open('contrib/debian/alignd.postrm') as f:
            gone = re.search(r'rm -rf (.*)', f.read())[1].split()
        self.assertEqual(sorted(gone), sorted(re.findall(r'(?m)^d (\S+)', self.read('usr/lib/tmpfiles.d/alignd.conf'))))

    def test_the_debian_package_is_built_with_what_install_deps_installs(self):
        with open('contrib/debian/control') as f:
            fields = re.sub(r'\n ', ' ', f.read())
        asked = set(re.search(r'(?m)^Build-Depends: (.*)', fields)[1].replace(' <!nocheck>', '').split(', '))
        with open('scripts/install-deps') as f:
            installed = set(re.search(r'build="([^"]*)"', f.read())[1].split())
        self.assertEqual(asked - {'debhelper-compat (= 13)', 'dh-sequence-installsysusers', 'libcmocka-dev'},
                         installed - {'make', 'gcc', 'libc6-dev'})
