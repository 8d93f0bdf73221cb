# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virt-attestd tells Prometheus, read by the format: an assertion for whatever that does not allow."""

import http.client
import math
import re

TYPE = 'text/plain; version=0.0.4; charset=utf-8'
NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
NUMBER = r'[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Inf)|NaN'
SAMPLE = re.compile(f'({NAME})(?:\\{{({LABEL}(?:,{LABEL})*)\\}})? ({NUMBER})')
# All that a label may ever say; routes and rules are names of the program's own tables.
LABELS = {'call': {'launch', 'validate', 'outcome'}, 'result': {'hit', 'miss', 'explained', 'skipped'}, 'status': {'2xx', '4xx', '5xx'},
          'verdict': {'granted', 'waiting', 'validated', 'running', 'failed', 'ended', 'refused', 'error'},
          'reason': {'handshake', 'limit', 'certificate', 'role', 'too-many'}, 'version': None, 'le': None,
          'route': re.compile('[a-z-]{2,20}'), 'rule': re.compile('[a-z-]{0,30}'),
          'table': {'artifacts', 'audit', 'hosts', 'launches', 'proposals', 'registrations', 'secrets'}}


def fetch(connection, path='/v1/metrics'):
    """The status, type and text of a request on an open connection."""
    connection.request('GET', path)
    answer = connection.getresponse()
    return answer.status, answer.getheader('Content-Type'), answer.read().decode()


def connect(peer):
    return http.client.HTTPSConnection('127.0.0.1', peer.service.port, context=peer.context, timeout=30)


def read_labels(text):
    pairs = [one.split('=', 1) for one in re.findall(LABEL, text or '')]
    labels = {name: re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1], value[1:-1]) for name, value in pairs}
    assert len(labels) == len(pairs), text
    for name, value in labels.items():
        allowed = LABELS[name]
        assert allowed is None or (value in allowed if isinstance(allowed, set) else allowed.fullmatch(value)), (name, value)
    return labels


def check_histogram(name, samples):
    """Of each set of labels: buckets that only grow, up to the count; and a sum that fits them."""
    series = {}
    for (sample, labels), value in samples.items():
        labels = dict(labels)
        bound = labels.pop('le', None)
        one = series.setdefault(tuple(labels.items()), {'buckets': []})
        if sample == name + '_bucket':
            one['buckets'].append((float(bound), value))
        else:
            assert bound is None and sample in (name + '_sum', name + '_count'), sample
            one[sample[len(name) + 1:]] = value
    for one in series.values():
        bounds, counts = zip(*one['buckets'])
        assert list(bounds) == sorted(set(bounds)) and bounds[-1] == math.inf, bounds
        assert 0 < bounds[0] <= 0.0005 and bounds[-2] >= 10
        assert list(counts) == sorted(counts) and counts[-1] == one['count'], one
        least = sum((n - before) * low for n, before, low in zip(counts, (0, *counts), (0, *bounds)))
        assert least <= one['sum'] + 1e-9 and (one['count'] > 0 or one['sum'] == 0), one
        if counts[-1] == counts[-2]:
            most = sum((n - before) * bound for n, before, bound in zip(counts, (0, *counts), bounds[:-1]))
            assert one['sum'] <= most + 1e-9, one


def parse(text):
    """{(name, labels): value} of a whole page; an assertion for whatever the format does not allow."""
    assert text.endswith('\n') and '\n\n' not in text
    lines, samples, families, at = text[:-1].split('\n'), {}, {}, 0
    while at < len(lines):
        described = re.fullmatch(f'# HELP ({NAME}) ([^\\\\]+)', lines[at])
        assert described, lines[at]
        name = described[1]
        kind = re.fullmatch(f'# TYPE {name} (counter|gauge|histogram)', lines[at + 1])
        assert kind and name not in families, lines[at + 1]
        assert kind[1] != 'counter' or name.endswith('_total'), name
        families[name], own, at = kind[1], {}, at + 2
        while at < len(lines) and not lines[at].startswith('#'):
            match = SAMPLE.fullmatch(lines[at])
            assert match, lines[at]
            assert match[1] == name or kind[1] == 'histogram', (name, lines[at])
            key = (match[1], tuple(sorted(read_labels(match[2]).items())))
            assert key not in own, lines[at]
            own[key], at = float(match[3]), at + 1
            assert own[key] >= 0, lines[at - 1]
        assert own, f'{name} has no samples'
        if kind[1] == 'histogram':
            check_histogram(name, own)
        samples.update(own)
    return samples


def scrape(peer, path='/v1/metrics'):
    status, kind, text = fetch(connect(peer), path)
    assert (status, kind) == (200, TYPE), (status, kind)
    for word in ('alice', 'bob', 'node1', 'olga', 'anna'):
        assert word not in text, word
    assert not re.search('[0-9a-f]{8}-[0-9a-f]{4}', text), 'an id'
    return parse(text)


def value(samples, name, **labels):
    return samples.get((name, tuple(sorted(labels.items()))), 0)


def changes(before, after, name):
    """{values of the labels, in the order of their names: how much more}"""
    keys = {key for key in (*before, *after) if key[0] == name}
    assert keys, name
    return {tuple(v for _, v in key[1]): after.get(key, 0) - before.get(key, 0) for key in keys
            if after.get(key, 0) != before.get(key, 0)}
