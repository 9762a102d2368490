"""Compare what was seen with what a case expects. Each judge gives {method: (ok, wanted, got)}."""
import collections
import re

import mockdns

METHODS = ('iprev', 'spf', 'dkim', 'dmarc', 'policy', 'arc', 'identity', 'disposition', 'reply', 'headers', 'dns', 'facts',
           'log', 'row', 'seconds')
GONE = ('reject', 'tempfail', 'discard')


def matches(want, got):
    """want: 'pass' | '!pass' | list of these (any of; all of the '!')"""
    if want is None:
        return True
    got = 'none' if got in (None, 'missing', '') else str(got).lower()
    if isinstance(want, (list, tuple)):
        neg = [w for w in want if str(w).startswith('!')]
        pos = [w for w in want if not str(w).startswith('!')]
        return all(matches(w, got) for w in neg) and (not pos or any(matches(w, got) for w in pos))
    want = str(want).lower()
    return got != want[1:] if want.startswith('!') else got == want


def best(results):
    rs = [r['result'] for r in results]
    return 'pass' if 'pass' in rs else (rs[0] if rs else 'missing')


def judge(c, seen, methods):
    """seen: ar (list of method dicts), res (Result or None), queries, facts, log, rows"""
    e, out, res = c.get('expect') or {}, {}, seen.get('res')
    by = collections.defaultdict(list)
    for r in seen['ar']:
        by[r['method']].append(r)
    if res is not None and res.disposition() in GONE and 'disposition' in e and matches(e['disposition'], res.disposition()):
        # refused, as it should be: what no field tells is left out
        methods = set(methods) - {m for m in ('iprev', 'spf', 'dkim', 'dmarc', 'arc') if not by[m]}

    def put(method, ok, want, got):
        if method in methods:
            out[method] = (ok, want, got)

    for m, got in (('iprev', best(by['iprev'])), ('spf', spf_result(by['spf'], c)), ('dmarc', best(by['dmarc'])),
                   ('arc', best(by['arc']))):
        if m in e:
            put(m, matches(e[m], got), e[m], got)
    if by['dmarc'] and {'dmarc_policy', 'dmarc_from'} & set(e):
        put('policy', *policy(e, by['dmarc']))
    if {'dkim', 'dkim_any', 'dkim_domains'} & set(e):
        put('dkim', *dkim(e, by['dkim']))
    if e.get('not_as'):
        put('identity', *identity(e['not_as'], seen['ar']))
    if {'dns_max', 'dns_asked', 'dns_walk'} & set(e):
        put('dns', *dns(e, seen['queries']))
    told = seen.get('facts') or {}
    if set(told) & set(e.get('facts') or {}):
        bad = {k: (v, told[k]) for k, v in e['facts'].items() if k in told and not matches(v, told[k])}
        put('facts', not bad, {k: b[0] for k, b in bad.items()}, {k: b[1] for k, b in bad.items()})
    if res is not None:
        put_mail(put, e, res, seen)
        if res.verdict == 'error':
            out['disposition'] = (False, e.get('disposition', 'an answer'), 'error: %s' % res.reply)
    return out


def put_mail(put, e, res, seen):
    """what only a filter shows: verdict, reply, headers as they leave it, log, stored rows"""
    if 'disposition' in e:
        put('disposition', matches(e['disposition'], res.disposition()), e['disposition'], res.disposition())
    if 'reply' in e:
        put('reply', bool(res.reply and re.search(e['reply'], res.reply)), e['reply'], res.reply)
    if 'headers' in e:
        bad = [] if res.disposition() in GONE else headers(e['headers'], res)
        put('headers', not bad, e['headers'], bad)
    if 'log' in e or 'no_log' in e:
        bad = ['missing: ' + w for w in e.get('log', []) if not re.search(w, seen['log'])]
        bad += ['there: ' + w for w in e.get('no_log', []) if re.search(w, seen['log'])]
        put('log', not bad, e.get('log'), bad + [seen['log'][-600:]] if bad else [])
    if 'row' in e:
        bad = [w for w in ([e['row']] if isinstance(e['row'], dict) else e['row'])
               if not any(all(str(r.get(k)) == str(v) for k, v in w.items()) for r in seen['rows'])]
        bad = bad or (not e['row'] and seen['rows'])            # row: [] says: none
        put('row', not bad, bad, seen['rows'])
    if 'seconds' in e:
        put('seconds', res.seconds <= e['seconds'], e['seconds'], round(res.seconds, 1))


def policy(e, dmarc):
    r = next((x for x in dmarc if x['result'] == 'pass'), dmarc[0])
    bad = [(k, e[k], r['props'].get(p)) for k, p in (('dmarc_policy', 'policy.dmarc'), ('dmarc_from', 'header.from'))
           if k in e and not matches(e[k], r['props'].get(p, '').rstrip('.'))]
    return not bad, [b[:2] for b in bad], [b[2] for b in bad]


def sig_match(want, got):
    if not isinstance(want, dict):
        want = {'result': want}
    if not matches(want.get('result'), got.get('result') if got else 'missing'):
        return False
    p = got['props'] if got else {}
    return all(not want.get(k) or not p.get(prop) or p[prop].lower() == want[k].lower()
               for k, prop in (('d', 'header.d'), ('s', 'header.s')))


def assign(wants, gots):
    """each want takes a distinct got (or nothing, read as 'none'); no got that passes is left over"""
    if not wants:
        return not any(g['result'] == 'pass' for g in gots)
    for i, g in enumerate(gots):
        if sig_match(wants[0], g) and assign(wants[1:], gots[:i] + gots[i + 1:]):
            return True
    return sig_match(wants[0], None) and assign(wants[1:], gots)


def dkim(e, results):
    real = [r for r in results if r['result'] != 'none']
    ok, want, got = True, [], [r['result'] for r in results]
    if 'dkim' in e:
        ok, want = assign(list(e['dkim']), real), e['dkim']
    if 'dkim_any' in e:
        ok, want = ok and matches(e['dkim_any'], best(results)), e['dkim_any']
    if 'dkim_domains' in e:
        dom = sorted({r['props'].get('header.d', r['props'].get('header.i', '@').split('@')[-1]).lower()
                      for r in real if r['result'] == 'pass'})
        ok, want, got = ok and dom == sorted(x.lower() for x in e['dkim_domains']), e['dkim_domains'], dom
    return ok, want, got


def identity(name, ar):
    """no passing dkim, spf or dmarc result may name this domain"""
    bad = [r for r in ar if r['method'] in ('dkim', 'spf', 'dmarc') and r['result'] == 'pass' and any(
        v.lower().rstrip('.').rpartition('@')[2] == name for k, v in r['props'].items()
        if k in ('header.d', 'header.i', 'smtp.mailfrom', 'smtp.helo', 'header.from'))]
    return not bad, 'no pass as %s' % name, bad


def dns(e, queries):
    asked = {mockdns.norm(q[0]) for q in queries}
    bad = []
    if len(queries) > e.get('dns_max', len(queries)):
        bad.append('%d queries' % len(queries))
    bad += ['not asked: ' + n for n in e.get('dns_asked', []) if mockdns.norm(n) not in asked]
    if 'dns_walk' in e:
        allowed = {mockdns.norm(n) for n in e['dns_walk']}
        bad += ['asked: ' + n for n in sorted(asked) if n.startswith('_dmarc.') and n not in allowed]
    return not bad, {k: e[k] for k in ('dns_max', 'dns_asked', 'dns_walk') if k in e}, bad or len(queries)


def spf_result(rs, c):
    if len(rs) > 1:                                 # mailfrom and helo both reported
        key = 'smtp.helo' if not c['envelope'].get('mail_from') else 'smtp.mailfrom'
        rs = [r for r in rs if key in r['props']] or rs
    return rs[0]['result'] if rs else 'missing'


def headers(want, res):
    """want: {absent|present: NAME, matching: regex}, {count: NAME, is: N}, {first: NAME}; the message as it leaves"""
    bad = []
    for w in want:
        name = (w.get('absent') or w.get('present') or w.get('count') or w['first']).lower()
        hit = [v for n, v in res.headers if n.lower() == name and re.search(w.get('matching', ''), v, re.S)]
        if 'count' in w:
            ok = len(hit) == w['is']
        elif 'first' in w:
            ok = bool(res.headers) and res.headers[0][0].lower() == name
        else:
            ok = ('present' in w) == bool(hit)
        if not ok:
            bad.append({**w, 'found': [h[:200] for h in hit]})
    return bad
