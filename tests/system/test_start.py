"""How alignd starts, refuses to start, reloads and stops."""
import os
import re
import signal
import socket
import subprocess
from os import EX_CANTCREAT, EX_CONFIG, EX_IOERR, EX_NOUSER, EX_OSERR, EX_UNAVAILABLE, EX_USAGE

import daemon
import mockdns
from milterclient import MilterClient
from scratch import Scratch
from waiting import wait_for

FIELDS = [(b'From', b' <x@evil.example>')]


class Case(Scratch):
    def alignd(self, *args, before=()):
        """run it to its end; a daemon that starts although it should not is ended and makes the test fail"""
        try:
            return subprocess.run([*before, daemon.ALIGND, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=15)
        except subprocess.TimeoutExpired:
            self.fail('it started')

    def base(self, extra=''):
        return 'listen = "unix:%s"\nstore = "%s"\nnameserver = { "127.0.0.1@9" }\n%s' % (
            self.path('sock'), self.path('a.db'), extra)

    def refuses(self, conf, code, sentence, *args, before=()):
        """the exit code, one clear sentence, and no socket was opened"""
        p = self.alignd('-f', '-c', self.write('alignd.conf', conf), *args, before=before)
        said = p.stderr.strip().splitlines()
        self.assertEqual(len(said), 1, p.stderr)
        self.assertRegex(said[0], sentence)
        self.assertIn(p.returncode, code if isinstance(code, tuple) else (code,), p.stderr)
        self.assertFalse(os.path.exists(self.path('sock')), 'the socket is there')


class Start(Case):
    def test_help_and_version(self):
        p = self.alignd('-h')
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertIn('-c FILE', p.stdout)
        self.assertRegex(self.alignd('-V').stdout, r'^alignd \d+\.\d+\.\d+\n$')

    def test_wrong_usage(self):
        for args in (['-x'], ['-c'], ['extra'], ['--now', 'soon', '-f'], ['--now', '1']):
            p = self.alignd(*args)
            self.assertEqual(p.returncode, EX_USAGE, args)
            self.assertRegex(p.stderr, r'^alignd: .*\n.*alignd -h')

    def test_configuration_errors_come_all_at_once_with_their_place(self):
        conf = self.write('alignd.conf', 'mode = enforce\nlistn = "inet:8892@127.0.0.1"\nmode = monitor\n'
                          'dns_timeout = 2h\nrule "x" { form = { a.example } action = rejekt }\n')
        for args in (['-n'], ['-f']):
            p = self.alignd('-c', conf, *args)
            self.assertEqual(p.returncode, EX_CONFIG)
            for line, text in ((2, r'"listn".*"listen"'), (3, 'twice|line 1'), (4, 'dns_timeout'), (5, r'"form".*"from"'),
                               (5, 'rejekt.*reject')):
                self.assertRegex(p.stderr, r'(?m)^alignd: %s:%d: .*%s' % (re.escape(conf), line, text))

    def check(self, *args):
        """alignd -n with a resolver that answers and no store, unless `args` say something else"""
        with mockdns.MockDNS({}) as dns:
            return self.alignd('-n', '-o', 'store = none', '-o', 'nameserver = 127.0.0.1@%d' % dns.port, *args)

    def test_a_right_configuration_is_said_to_be_right(self):
        conf = self.write('alignd.conf', self.base())
        p = self.check('-c', conf, '-o', 'store = "%s"' % self.path('a.db'))
        self.assertEqual((p.returncode, p.stdout, p.stderr), (0, 'alignd: %s is right\n' % conf, ''))
        self.assertFalse(os.path.exists(self.path('sock')))
        self.assertFalse(os.path.exists(self.path('a.db')))

    def test_the_defaults_are_said_to_be_used(self):
        if os.path.exists('/etc/alignd'):
            self.skipTest('alignd is installed here')
        p = self.check()
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        self.assertEqual(p.stdout, 'alignd: there is no /etc/alignd/alignd.conf: the defaults are used, and they are right\n')

    def test_the_sample_is_right(self):
        p = self.check('-c', 'conf/alignd.conf')
        self.assertEqual((p.returncode, p.stderr), (0, ''))

    def test_ready_made_rules_are_right(self):
        for f in sorted(os.listdir('conf/rules')):
            p = self.check('-c', self.write('alignd.conf', 'include "%s"\n' % os.path.abspath('conf/rules/' + f)))
            self.assertEqual((p.returncode, p.stderr), (0, ''), f)

    def test_what_the_configuration_names_is_checked_without_a_start_and_before_the_socket_at_one(self):
        reports = 'reports = yes\nreport_from = r@rcpt.example\nstore = "%s"\n' % self.path('a.db')
        rows = (('user = nosuchuser', EX_NOUSER, 'user = nosuchuser: there is no such user'),
                ('user = nobody\ngroup = nosuchgroup', EX_NOUSER, 'group = nosuchgroup: there is no such group'),
                ('socket_group = nosuchgroup', EX_NOUSER, 'socket_group = nosuchgroup: there is no such group'),
                ('store = "/no/such/dir/a.db"', EX_CANTCREAT, '/no/such/dir/a.db: .*No such file or directory'),
                ('trust_anchor = /no/such/key', EX_UNAVAILABLE, 'trust anchor /no/such/key: No such file'),
                ('discovery = psl\npublic_suffix_list = /no/such/list', EX_CONFIG, '/no/such/list'),
                (reports + 'report_sign_key = /no/such/key\nreport_sign_selector = s', EX_CONFIG, '/no/such/key'),
                (reports + 'report_sendmail = /no/such/sendmail', EX_CONFIG, '/no/such/sendmail: No such file'),
                ('report_sendmail = "/usr/sbin/sendmail -i"', EX_CONFIG, 'conf:2: .*path of a program, without arguments'),
                ('include "no/such/rules.conf"', EX_CONFIG, r'conf:2: cannot read .*no/such/rules\.conf: No such file'))
        with socket.socket(socket.AF_UNIX) as s:        # not free: an error of the socket would come last
            s.bind(self.path('live'))
            s.listen()
            for text, code, sentence in rows:
                conf = self.write('alignd.conf', 'listen = "unix:%s"\n%s\n' % (self.path('live'), text))
                for how in ('-n', '-f'):
                    p = self.alignd(how, '-c', conf, *(() if 'store' in text else ('-o', 'store = none')))
                    self.assertRegex(p.stderr, r'^alignd: .*%s.*\n$' % sentence)
                    self.assertEqual((p.returncode, p.stdout), (code, ''), p.stderr)

    def test_it_is_checked_as_the_user_it_will_be(self):
        if os.geteuid() != 0:
            self.skipTest('needs root')
        os.chmod(self.work, 0o755)
        for how in ('-n', '-f'):
            p = self.alignd(how, '-c', self.write('alignd.conf', self.base('user = nobody\n')))
            self.assertEqual(p.returncode, EX_CANTCREAT)
            self.assertRegex(p.stderr, r'^alignd: .*a\.db: .*Permission denied.*\n$')

    def test_a_silent_resolver_is_a_warning(self):
        p = self.alignd('-n', '-c', self.write('alignd.conf', self.base()))
        self.assertEqual(p.returncode, 0)
        self.assertRegex(p.stderr, r'^alignd: warning: the resolver \(127\.0\.0\.1@9\) does not answer \(\w+\): .*\n$')

    def test_no_such_configuration(self):
        p = self.alignd('-f', '-c', self.path('none.conf'))
        self.assertRegex(p.stderr, r'^alignd: .*none\.conf.*No such file')
        self.assertEqual(p.returncode, EX_CONFIG)

    def test_a_wrong_override(self):
        p = self.alignd('-n', '-c', self.write('alignd.conf', self.base()), '-o', 'mode = sometimes')
        self.assertEqual(p.returncode, EX_CONFIG)
        self.assertRegex(p.stderr, '^alignd: .*mode.*monitor')

    def test_store_in_a_directory_that_is_not_there(self):
        self.refuses(self.base(), (EX_CANTCREAT, EX_IOERR), r'^alignd: .*/no/such/dir/a\.db', '-o', 'store = "/no/such/dir/a.db"')

    def test_store_that_is_no_database(self):
        self.write('junk.db', 'this is no database\n' * 100)
        self.refuses(self.base(), (EX_CANTCREAT, EX_IOERR, 65), r'^alignd: .*junk\.db', '-o', 'store = "%s"' % self.path('junk.db'))

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            s.listen()
            port = s.getsockname()[1]
            self.refuses(self.base(), (EX_UNAVAILABLE, EX_OSERR, EX_CANTCREAT), r'^alignd: .*%d.*(in use|already)' % port,
                         '-o', 'listen = "inet:%d@127.0.0.1"' % port)

    def test_address_that_is_not_ours(self):
        self.refuses(self.base(), EX_UNAVAILABLE, r'^alignd: .*192\.0\.2\.77: Cannot assign', '-o', 'listen = "inet:28898@192.0.2.77"')

    def test_socket_in_use(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(self.path('live'))
            s.listen()
            p = self.alignd('-f', '-c', self.write('alignd.conf', self.base()), '-o', 'listen = "unix:%s"' % self.path('live'))
            self.assertIn(p.returncode, (EX_UNAVAILABLE, EX_OSERR, EX_CANTCREAT))
            self.assertRegex(p.stderr, r'^alignd: .*live.*\n$')
            self.assertTrue(os.path.exists(self.path('live')), "another's socket was removed")

    def test_socket_directory_that_is_not_there(self):
        self.refuses(self.base(), (EX_UNAVAILABLE, EX_OSERR, EX_CANTCREAT), r'^alignd: .*/no/such/dir',
                     '-o', 'listen = "unix:/no/such/dir/sock"')

    def test_no_such_user(self):
        self.refuses(self.base('user = nosuchuser\n'), EX_NOUSER, r'^alignd: .*nosuchuser')

    def test_no_such_socket_group(self):
        self.refuses(self.base('socket_group = nosuchgroup\n'), EX_NOUSER, r'^alignd: .*nosuchgroup')

    def test_nameserver_that_cannot_be_read(self):
        for text in ('1.2.3', 'ns.example', '127.0.0.1@0', '127.0.0.1@x', '127.0.0.1:53'):
            self.refuses('nameserver = "%s"\n' % text, EX_CONFIG, r'^alignd: .*alignd\.conf:1: nameserver = %s: must be' % text)

    def test_no_resolver(self):
        probe = subprocess.run(['unshare', '-m', 'mount', '--bind', '/dev/null', '/etc/resolv.conf'],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if probe.returncode != 0:
            self.skipTest('needs root and a mount namespace')
        self.refuses(self.base(), (EX_UNAVAILABLE, EX_CONFIG), r'^alignd: .*(nameserver|resolv\.conf)', '-o', 'nameserver = { }',
                     before=['unshare', '-m', 'sh', '-c', 'mount --bind /dev/null /etc/resolv.conf && exec "$@"', 'sh'])

    def test_unreadable_public_suffix_list(self):
        self.refuses(self.base('discovery = psl\npublic_suffix_list = "/no/such/list"\n'), (66, EX_UNAVAILABLE, EX_CONFIG, EX_OSERR),
                     r'^alignd: .*/no/such/list')

    def test_in_the_background_a_bad_start_is_told_too(self):
        p = self.alignd('-c', self.write('alignd.conf', self.base()), '-o', 'store = "/no/such/dir/a.db"')
        self.assertIn(p.returncode, (EX_CANTCREAT, EX_IOERR))
        self.assertRegex(p.stderr, r'^alignd: .*/no/such/dir/a\.db')


class Running(Case):
    zone = {'evil.example': [{'TXT': 'v=spf1 ip4:203.0.113.66 -all'}]}

    def setUp(self):
        super().setUp()
        self.d = daemon.Daemon(self.work, 'authserv_id = mx.test.invalid\nnameserver = { "127.0.0.1@%d" }\n' % self.dns.port)

    def tearDown(self):
        if self.d.proc:
            self.d.kill()

    def judge(self, m=None):
        """an ordinary message: what the filter answers"""
        m = m or MilterClient(self.d.listen, 20).connect().negotiate()
        r = m.transaction({'client_ip': '203.0.113.66', 'helo': 'evil.example', 'mail_from': 'x@evil.example'}, FIELDS, b'x\r\n')
        m.close()
        return r

    def config(self, text):
        self.write('test.conf', text, 'a')

    def test_term_and_int_stop_it_cleanly(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            self.d.start()
            self.assertEqual(self.judge().verdict, 'accept')
            self.d.proc.send_signal(sig)
            self.assertEqual(self.d.proc.wait(20), 0)
            self.assertFalse(os.path.exists(self.path('m.sock')), 'the socket is left')

    def test_a_stale_socket_is_replaced(self):
        self.d.start()
        self.d.proc.kill()
        self.d.proc.wait()
        self.assertTrue(os.path.exists(self.path('m.sock')))
        self.d.start()
        self.assertEqual(self.judge().verdict, 'accept')

    def test_reload_takes_the_new_configuration(self):
        self.d.start()
        for sig, name in ((signal.SIGHUP, 'one.example'), (signal.SIGUSR1, 'two.example')):
            self.write('test.conf', 'authserv_id = %s\n' % name)
            self.d.reload(sig=sig)
            self.assertIn(name, dict(self.judge().new_headers)['Authentication-Results'])

    def test_reload_of_a_bad_configuration_keeps_the_old_one(self):
        self.d.start()
        self.config('listn = "x"\n')
        self.d.reload('old one stays in force')
        self.assertIn('"listn"', self.d.log_text())
        self.assertIn('mx.test.invalid', dict(self.judge().new_headers)['Authentication-Results'])

    def test_reload_names_what_needs_a_restart(self):
        self.d.start()
        self.config('listen = "inet:28897@127.0.0.1"\nuser = nobody\nmessage_deadline = 10s\n')
        for _ in range(2):              # as long as it is so
            self.d.reload()
            self.assertEqual(self.d.log_text().count('taken up by a restart only: listen, user\n'), _ + 1)
        self.assertEqual(self.judge().verdict, 'accept')

    def test_reload_with_a_key_that_is_not_there_keeps_the_old_configuration(self):
        self.d.start()
        self.config('reports = yes\nreport_from = r@rcpt.example\nreport_sign_key = /no/such/key\nreport_sign_selector = s\n')
        self.d.reload('/no/such/key: ')
        self.assertIn('old configuration stays in force', self.d.log_text())

    def test_a_resolver_that_is_not_there_is_logged_and_may_come_later(self):
        self.dns.__exit__()
        self.config('dns_timeout = 100ms\n')
        self.d.start()
        wait_for('the log', lambda: 'does not answer' in self.d.log_text(), 10)
        self.assertRegex(self.d.log_text(), r'(?m)^alignd: the resolver \(127\.0\.0\.1@%d\) does not answer' % self.dns.port)

    def test_a_session_that_is_open_when_it_is_told_to_stop(self):
        self.d.start()
        m = MilterClient(self.d.listen, 20).connect().negotiate()
        self.d.proc.send_signal(signal.SIGTERM)
        self.assertEqual(self.d.proc.wait(30), 0)
        m.close()

    def test_sessions_over_the_limit_get_a_temporary_failure(self):
        self.config('max_sessions = 3\n')
        self.d.start()
        held = [MilterClient(self.d.listen, 20).connect().negotiate() for _ in range(3)]
        for m in held:
            m.send('C', b'x\0' + b'4\x9c\x40' + b'203.0.113.66\0')
            m.send('H', b'evil.example\0')
        wait_for('all places to be taken', lambda: self.judge().verdict == 'tempfail', 10)
        for m in held:
            m.close()
        wait_for('the places to be given back', lambda: self.judge().verdict == 'accept', 10)

    def test_rubbish_on_the_socket(self):
        self.d.start()
        for rubbish in (b'', b'GET / HTTP/1.0\r\n\r\n', b'\0\0\0\0', b'\xff\xff\xff\xff' + b'x' * 100, b'\0\0\0\1E', b'\0\0\0\5O\0\0\0\1',
                        b'\0\0\0\15O' + b'\0\0\0\6' * 3 + b'\0\0\0\3Dxx' * 50):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.path('m.sock'))
                s.sendall(rubbish)
        self.assertEqual(self.judge().verdict, 'accept')
        self.assertTrue(self.d.alive())

    def test_inet_sockets(self):
        for listen, host, family in (('inet:%d@127.0.0.1', '127.0.0.1', socket.AF_INET), ('inet6:%d@[::1]', '::1', socket.AF_INET6)):
            try:
                with socket.socket(family) as s:
                    s.bind((host, 0))
                    port = s.getsockname()[1]
            except OSError:
                self.skipTest('no IPv6 here')
            self.d = daemon.Daemon(self.work, 'nameserver = { "127.0.0.1@%d" }\n' % self.dns.port, listen=listen % port).start()
            self.assertEqual(self.judge().verdict, 'accept', listen)
            self.d.kill()

    def test_it_becomes_another_user(self):
        if os.geteuid() != 0:
            self.skipTest('needs root')
        os.chmod(self.work, 0o777)
        self.config('user = nobody\n')
        self.d.start()
        self.assertEqual(self.judge().verdict, 'accept')        # it listens before it gives root up, and serves after
        with open('/proc/%d/status' % self.d.real_pid()) as f:
            status = f.read()
        self.assertRegex(status, r'(?m)^Uid:\s+65534\s+65534\s+65534')
        self.assertRegex(status, r'(?m)^Groups:\s+65534\s*$')

    def test_socket_mode_and_group(self):
        if os.geteuid() != 0:
            self.skipTest('needs root')
        self.config('socket_mode = 0620\nsocket_group = daemon\n')
        self.d.start()

        def dressed():                                          # a moment after the socket is there
            st = os.stat(self.path('m.sock'))
            return (st.st_mode & 0o777, st.st_gid) == (0o620, 1)
        wait_for('mode and group', dressed)

    def test_in_the_background(self):
        listen = self.path('m.sock')
        p = subprocess.run([daemon.ALIGND, '-c', self.d.conf], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, timeout=15)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        pid = self.d.real_pid()
        self.assertEqual(self.judge().verdict, 'accept')
        inner = self.inner_pid(pid)
        os.kill(inner, signal.SIGTERM)
        wait_for('its end', lambda: not os.path.exists(listen) and not os.path.exists('/proc/%d/exe' % pid), 20)

    @staticmethod
    def inner_pid(pid):
        with open('/proc/%d/status' % pid) as f:
            return int(re.search(r'(?m)^NSpid:.*?(\d+)$', f.read())[1])
