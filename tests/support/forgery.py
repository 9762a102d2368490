"""Messages with Authentication-Results fields that claim to be ours, among others that do not."""
NAME = b'Authentication-Results'
# Each is the field, in whatever dress.
FORGED = [NAME + b': mx.rcpt.example; dmarc=pass header.from=forged.example', NAME.lower() + b': MX.Rcpt.Example 1; dmarc=pass',
          NAME.upper() + b':mx.rcpt.example;\r\n\tdmarc=pass', NAME + b' : mx.rcpt.example; dmarc=pass',
          NAME + b':\r\n mx.rcpt.example; dmarc=pass', NAME + b': (c) "mx.rcpt.example"; dmarc=pass', NAME + b': mx.rcpt.example; none',
          NAME + b':\tmx.rcpt.example (x); dmarc=pass']
KEPT = [NAME + b': other.example; spf=pass', NAME + b': mx.rcpt.example.evil.example; dmarc=pass', NAME.lower() + b': other.example; none']


def forge(dice, author):
    """a message, and the values of those of its fields that have to stay, in order"""
    lines = [dice.choice(FORGED + KEPT) for _ in range(dice.randint(1, 12))]
    lines += [b'From: x@' + author, b'To: bob@rcpt.example', b'Subject: hello', b'Date: Fri, 20 Nov 2026 10:00:00 +0000']
    dice.shuffle(lines)
    return b'\r\n'.join(lines) + b'\r\n\r\nx\r\n', [l.partition(b':')[2].decode().strip() for l in lines if l in KEPT]
