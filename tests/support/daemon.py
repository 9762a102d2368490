"""alignd as a child process of a test: its configuration in a scratch directory, log and errors in files there."""
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time

from waiting import wait_for

BUILD = os.environ.get('BUILD', 'build')
ALIGND = os.path.abspath(os.path.join(BUILD, 'alignd'))
UNDER = os.environ.get('ALIGND_UNDER', '').split()           # a checker and its options, such as valgrind
CHECKED = bool(UNDER) or 'ALIGND_SANITIZED' in os.environ     # a checker keeps what was freed, and takes its time
ALIGNCTL = os.path.abspath(os.path.join(BUILD, 'alignctl'))


class DaemonError(Exception):
    pass


def not_under_a_checker(test):
    """leave the test out where a checker brings its own malloc() and opens files of its own"""
    return None if CHECKED else test


class Daemon:
    """Daemon(work, config).start() ... stop(). `config` is the whole file; listen and store are added.
    `before`: a command that starts alignd in its place, such as env."""

    def __init__(self, work, config, now=None, listen=None, before=()):
        self.work, self.now, self.proc, self.before = work, now, None, list(before)
        self.listen = listen or 'unix:%s/m.sock' % work
        self.conf, self.log, self.db = (os.path.join(work, n) for n in ('alignd.conf', 'alignd.log', 'alignd.db'))
        with open(self.conf, 'w') as f:
            f.write('listen = "%s"\nstore = "%s"\n' % (self.listen, self.db))
            f.write('include "test.conf"\n')          # a later file may set the same keys again
        with open(os.path.join(work, 'test.conf'), 'w') as f:
            f.write(config)

    def start(self, wait=15 if not UNDER else 60):
        cmd = UNDER + self.before + [ALIGND, '-f', '-c', self.conf] + (['--now', str(self.now)] if self.now is not None else [])
        with open(self.log, 'ab') as log:
            self.proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + wait
        while not self.answers():
            if self.proc.poll() is not None or time.monotonic() > end:
                code = self.proc.poll()
                self.kill()
                raise DaemonError('alignd does not start (exit %s): %s' % (code, self.log_text()[-2000:]))
            time.sleep(0.01)
        return self

    def answers(self):
        kind, _, rest = self.listen.partition(':')
        try:
            if kind in ('unix', 'local'):
                s = socket.socket(socket.AF_UNIX)
                s.connect(rest)
            else:
                port, _, host = rest.partition('@')
                s = socket.create_connection((host.strip('[]'), int(port)), timeout=1)
            s.close()
            return True
        except OSError:
            return False

    def alive(self):
        return self.proc is not None and self.proc.poll() is None

    def real_pid(self):
        """as /proc has it, which counts from outside a process namespace"""
        for p in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open('/proc/%s/cmdline' % p, 'rb') as f:
                    if self.conf.encode() in f.read().split(b'\0'):
                        return int(p)
            except OSError:
                pass
        raise DaemonError('no such process')

    def kill(self):
        """at once: for a daemon whose state is thrown away; where leaks are looked for, they show at a proper end"""
        if self.alive() and 'ALIGND_SANITIZED' in os.environ:
            self.proc.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.proc.wait(40)
        if self.alive():
            self.proc.kill()
        if self.proc:
            self.proc.wait()
        self.proc = None
        for f in (self.db, self.db + '-wal', self.db + '-shm', self.work + '/m.sock'):
            if os.path.exists(f):
                os.unlink(f)

    def stop(self, wait=15):
        """as init would: TERM, then wait; the exit code"""
        self.proc.send_signal(signal.SIGTERM)
        try:
            code = self.proc.wait(wait)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            code = 'did not stop in %d s' % wait
            self.proc.wait()
        self.proc = None
        return code

    def reload(self, expect='configuration read anew', sig=signal.SIGHUP, wait=10):
        """it reads its configuration again, and says so"""
        start = self.log_size()
        self.proc.send_signal(sig)
        wait_for('"%s" in the log' % expect, lambda: expect in self.log_text(start), wait)

    def log_text(self, start=0):
        with open(self.log, 'rb') as f:
            f.seek(start)
            return f.read().decode('utf-8', 'replace')

    def log_size(self):
        return os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def rows(self):
        """the counted rows with their published policy, as dicts"""
        db = sqlite3.connect('file:%s?mode=ro' % self.db, uri=True, timeout=5)
        try:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute('SELECT * FROM aggregate')]
        finally:
            db.close()
