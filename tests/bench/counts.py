"""Instruction counts of one verification of the median message (onemsg.c), by callgrind: the same on a busy machine."""
import os
import re
import subprocess

MESSAGES = 100
# What is counted with all that it calls; those indented are part of the one above.
PARTS = (
    ('connection and envelope', ('session_new', 'session_connect', 'session_helo', 'session_mail', 'session_rcpt')),
    ('header fields', ('session_header',)),
    ('end of header', ('session_end_header',)),
    ('  DKIM: read signatures, feed fields', ('dkim_message_end_header',)),
    ('body', ('session_body',)),
    ('end of message', ('session_end',)),
    ('  iprev and HELO', ('iprev_check', 'helo_check')),
    ('  SPF', ('spf_check',)),
    ('  DKIM', ('dkim_message_check',)),
    ('    public-key operation', ('public_key_verify',)),
    ('  DMARC', ('dmarc_check',)),
    ('  ARC', ('arc_message_check',)),
    ('  policy', ('policy_decide',)),
    ('  Authentication-Results', ('stamp_results',)),
    ('reset and end of connection', ('session_reset', 'session_free')),
    ('DNS answers (a fake, see onemsg.c)', ('fake_ask',)),
)
LINE = re.compile(r'^\s*([\d,]+) \([ \d.]+%\)\s+\S*:(\w+)(?:\.\w+)* \[')


def measure(build, work):
    """{function: instructions per message}, the total under ''"""
    out = os.path.join(work, 'callgrind.out')
    subprocess.run(['valgrind', '-q', '--tool=callgrind', '--callgrind-out-file=' + out, '--toggle-collect=one_message*',
                    os.path.join(build, 'onemsg'), str(MESSAGES)], check=True, stdout=subprocess.DEVNULL)
    text = subprocess.run(['callgrind_annotate', '--inclusive=yes', '--threshold=100', out], check=True, text=True,
                          capture_output=True).stdout
    total = re.search(r'([\d,]+) \(100.0%\)\s+PROGRAM TOTALS', text) or re.search(r'^([\d,]+).*PROGRAM TOTALS', text, re.M)
    counts = {'': int(total[1].replace(',', '')) / (MESSAGES + 1)}
    for line in text.splitlines():
        m = LINE.match(line)
        if m:
            counts[m[2]] = max(counts.get(m[2], 0), int(m[1].replace(',', '')) / (MESSAGES + 1))
    return counts


def table(counts):
    out = ['| part | instructions | share |', '|---|--:|--:|', '| one message | %d | 100 %% |' % counts['']]
    for label, functions in PARTS:
        n = sum(counts.get(f, 0) for f in functions)
        if n:
            out.append('| %s | %d | %.1f %% |' % (label.replace('  ', '&nbsp;&nbsp;'), n, 100 * n / counts['']))
    return '\n'.join(out)
