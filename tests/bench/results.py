# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run has measured: a table for people, and bench-results.json for machines."""

import json

RESULTS = []
FIGURES = ('<!-- make bench-docs writes from here -->\n', '<!-- to here -->\n')


def show(entry, word):
    value = 'not measured' if entry['value'] is None else f'{entry["value"]:.3f} {entry["unit"]}'
    aim = '' if entry['aim'] is None else f'{word} {entry["aim"]:g}'
    verdict = '' if entry['aim'] is None else 'ok' if entry['ok'] else 'MISSED'
    return f'{entry["name"]:78} {value:>18}   {aim:14} {verdict}'


def add(name, value, aim, unit, ok, word, reason=None):
    entry = {'name': name, 'value': value, 'aim': aim, 'unit': unit, 'ok': ok}
    if reason is not None:
        entry['reason'] = reason
    RESULTS.append((entry, word))
    print(show(entry, word) + (f'\n    {reason}' if reason else ''), flush=True)


def at_most(name, value, aim, unit):
    """@aim: None: just for information."""
    add(name, round(value, 3), aim, unit, aim is None or value <= aim, 'at most')


def at_least(name, value, aim, unit):
    add(name, round(value, 3), aim, unit, value >= aim, 'at least')


def told(name, value, unit):
    """Just for information."""
    at_most(name, value, None, unit)


def not_measured(name, aim, unit, word, reason):
    """Never in silence: it stands in the results without a value."""
    add(name, None, aim, unit, False, word, reason)


def take(path):
    """What another program of this folder has written."""
    with open(path, encoding='utf-8') as source:
        for entry in json.load(source):
            RESULTS.append((entry, 'at most'))


def write(path):
    with open(path, 'w', encoding='utf-8') as out:
        json.dump([entry for entry, _ in RESULTS], out, indent=1)
        out.write('\n')
    print('\nwhat has an aim:')
    for entry, word in RESULTS:
        if entry['aim'] is not None:
            print(show(entry, word))


def row(entry, word):
    """One line of the table in docs/PERFORMANCE.md."""
    unit = '' if entry['unit'] == 'ratio' else f' {entry["unit"]}'
    value = 'not measured' if entry['value'] is None else f'{entry["value"]:.5g}{unit}'
    return f'| {entry["name"]} | {value} | {word} {entry["aim"]:g}{unit} | {"" if entry["ok"] else "missed"} |\n'


def write_document(path, where):
    """Replaces what stands between the two marks of the document by what has an aim, and @where it was measured."""
    with open(path, encoding='utf-8') as source:
        before, rest = source.read().split(FIGURES[0])
    after = rest.split(FIGURES[1])[1]
    lines = [row(entry, word) for entry, word in RESULTS if entry['aim'] is not None]
    with open(path, 'w', encoding='utf-8') as out:
        out.writelines([before, FIGURES[0], f'{where}\n\n', '| | measured | aim | |\n|---|---|---|---|\n', *lines,
                        FIGURES[1], after])
