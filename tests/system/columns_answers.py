# SPDX-License-Identifier: LGPL-2.1-or-later
"""What owners and auditors are told by a service, as whole answers, and what two such tellings differ in."""

import http.client
import json

AT_ONCE = 20  # records of the audit log


def ask_all(peer, paths):
    """The answers, or codes of refusal, by path; over one connection."""
    connection = http.client.HTTPSConnection('127.0.0.1', peer.service.port, context=peer.context, timeout=peer.timeout)
    answers = {}
    try:
        for path in paths:
            connection.request('GET', '/v1' + path)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            answers[f'{peer.name} {path}'] = body if answer.status == 200 else body['code']
    finally:
        connection.close()
    return answers


def shown(scene, highest):
    """All that people are shown, of the audit log the first records and those up to @highest."""
    log = f'after={max(highest - AT_ONCE, 0)}&limit={AT_ONCE}'
    answers = ask_all(scene.alice, ('/vm/' + scene.vm, '/vm', '/launch?limit=50', '/launch/' + scene.guest.id, '/secret', '/artifact',
                                    '/host', f'/vm/{scene.proposed}/proposal', f'/audit?before={highest + 1}&{log}'))
    answers |= ask_all(scene.bob, ('/vm', '/launch', '/secret', '/artifact', f'/audit?before={highest + 1}&{log}'))
    return answers | ask_all(scene.anna, (f'/audit?order=chain&limit={AT_ONCE}', f'/audit?order=chain&{log}'))


def names_of(old, new, name):
    """The members in which @new differs from @old: what is marked unreadable is that alone, and a list that has become
    longer or shorter is its own name."""
    if old == new:
        return set()
    if isinstance(old, dict) and isinstance(new, dict):
        if old.get('code') == new.get('code') == 'measurement-mismatch':  # explained meanwhile
            old, new = {**old, 'detail': None}, {**new, 'detail': None}
        if new.get('unreadable') and len(new) == 2:
            return {'unreadable'} | {key for key in new if key in old and new[key] != old[key]}
        return set().union(*(names_of(old.get(key), new.get(key), key) for key in old.keys() | new.keys()))
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return set().union(*(names_of(one, other, name) for one, other in zip(old, new)))
    return {name}


def differences(before, after):
    """What people are shown otherwise than before: names of members, and codes of refusal as “= code”; of bob's with his name,
    for nothing of alice's concerns him."""
    found = set()
    for path, old in before.items():
        new, whose = after[path], 'bob: ' if path.startswith('bob') else ''
        if isinstance(new, str) or isinstance(old, str):
            names = {'= ' + new if isinstance(new, str) else 'shown'} if old != new else set()
        else:
            # The service signs its log now and then.
            names = names_of({**old, 'checkpoints': None}, {**new, 'checkpoints': None}, '')
            if any(one not in new['checkpoints'] for one in old.get('checkpoints', ())):
                names.add('checkpoints')
        found |= {whose + name for name in names}
    return found
