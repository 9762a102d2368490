"""The private mail world with Sendmail in the place of Postfix. scripts/install-deps unpacks its packages, which cannot be
installed beside Postfix, below build/sendmail; the line for alignd is that of conf/sendmail.mc."""
import glob
import os
import re
import socket
import subprocess

import world

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
ROOT = os.path.join(TOP, 'build', 'sendmail')
PROGRAM = ROOT + '/usr/libexec/sendmail/sendmail'
HOST = 'mx.rcpt.example'


class Sendmail(world.World):
    """World(zones, config) needs a network namespace: Sendmail knows no XCLIENT."""
    boxes, inbox = 'sendmail/mail', '*'
    queued = r'^250 2\.0\.0 (\w+) Message accepted'
    mta = None

    def milter_socket(self):
        return 'inet:8892@127.0.0.1', ''             # as the sample configuration and conf/sendmail.mc have it

    def start_mta(self):
        d = self.path('sendmail')
        for n in ('etc', 'mail', 'mqueue'):
            os.makedirs(os.path.join(d, n))
        os.chmod(d + '/mqueue', 0o700)
        os.chmod(d + '/mail', 0o777)
        with open(TOP + '/conf/sendmail.mc') as f:
            self.write('sendmail/etc/sendmail.mc', MC % {'root': ROOT, 'dir': d, 'host': HOST, 'v4': world.MX, 'v6': world.MX6,
                                                        'filter': f.read()})
        self.write('sendmail/etc/deliver', DELIVER)
        os.chmod(d + '/etc/deliver', 0o755)
        for n in ('cw', 'helpfile'):
            self.write('sendmail/etc/' + n, '')
        self.write('sendmail/etc/hosts', '127.0.0.1 localhost\n%s %s\n' % (world.MX, HOST))
        self.write('sendmail/etc/resolv.conf', 'nameserver 127.0.0.1\n')
        self.run_m4(d)
        # without a full host name Sendmail would sleep a minute at its start
        script = ('mount --bind %s/etc/hosts /etc/hosts && mount --bind %s/etc/resolv.conf /etc/resolv.conf && hostname %s && '
                  'exec %s -C %s/etc/sendmail.cf -X %s/traffic -bD -q1h' % (d, d, HOST, PROGRAM, d, d))
        with open(self.path('sendmail.out'), 'ab') as log:
            self.mta = subprocess.Popen(['unshare', '-m', '-u', 'sh', '-c', script], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True)
        world.wait_for('Sendmail', self.greets, 30)

    def run_m4(self, d):
        with open(d + '/etc/sendmail.cf', 'w') as cf:
            p = subprocess.run(['m4', '-D_CF_DIR_=%s/usr/share/sendmail/cf/' % ROOT, d + '/etc/sendmail.mc'], stdin=subprocess.DEVNULL,
                               stdout=cf, stderr=subprocess.PIPE, text=True)
        if p.returncode != 0 or p.stderr:
            raise world.WorldError('m4: ' + p.stderr)

    def greets(self):
        if self.mta.poll() is not None:
            with open(self.path('sendmail.out')) as f:
                raise world.WorldError('Sendmail did not start: ' + f.read()[-1000:])
        try:
            with socket.create_connection((world.MX, self.smtp_port), timeout=1):
                return True
        except OSError:
            return False

    def stop_mta(self):
        if self.mta and self.mta.poll() is None:
            self.mta.terminate()
            try:
                self.mta.wait(10)
            except subprocess.TimeoutExpired:
                self.mta.kill()

    def mta_log(self):
        """what was said by SMTP"""
        try:
            with open(self.path('sendmail/traffic'), errors='replace') as f:
                return f.read()
        except OSError:
            return ''

    def held(self):
        """{queue id: reason} of the messages in quarantine"""
        out = {}
        for name in glob.glob(self.path('sendmail/mqueue/hf*')):
            with open(name, errors='replace') as f:
                out[os.path.basename(name)[2:]] = re.search(r'(?m)^q(.*)', f.read())[1]
        return out

    def is_held(self, queue_id):
        return queue_id in self.held()


DELIVER = '''#!/bin/sh
# deliver DIRECTORY BOX: the message on stdin becomes a file there
set -eu
umask 022
mkdir -p "$1/$2/new"
cat >"$1/$2/$$"
mv "$1/$2/$$" "$1/$2/new/$(date +%s%N).$$"
'''
MC = '''define(`_USE_ETC_MAIL_')dnl
include(`%(root)s/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `%(host)s')dnl
define(`QUEUE_DIR', `%(dir)s/mqueue')dnl
define(`confPID_FILE', `%(dir)s/pid')dnl
define(`STATUS_FILE', `%(dir)s/statistics')dnl
define(`HELP_FILE', `%(dir)s/etc/helpfile')dnl
define(`confCW_FILE', `-o %(dir)s/etc/cw')dnl
define(`confDEF_USER_ID', `nobody:nogroup')dnl
define(`confCONNECTION_RATE_THROTTLE', `0')dnl
define(`confREFUSE_LA', `9999')dnl
define(`confQUEUE_LA', `9999')dnl
define(`confDELAY_LA', `0')dnl
define(`confTO_IDENT', `0')dnl
define(`confDELIVERY_MODE', `interactive')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nouucp', `reject')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Addr=%(v4)s, Port=25')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Addr=%(v6)s, Port=25')dnl
%(filter)s
MAILER_DEFINITIONS
MAILER(`local')dnl
MAILER(`smtp')dnl
Mkeep, P=%(dir)s/etc/deliver, F=lsDFMn9, S=EnvFromSMTP/HdrFromSMTP, R=EnvToL/HdrToL,
	T=DNS/RFC822/X-Unix, A=deliver %(dir)s/mail $u
LOCAL_CONFIG
Cwrcpt.example
LOCAL_RULE_0
R$+ < @ rcpt.example . >	$#keep $: $1
R$+ < @ rcpt.example >	$#keep $: $1
'''
