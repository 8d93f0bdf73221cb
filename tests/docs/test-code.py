#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The C code and the tests, held to what CONTRIBUTING.md says of names, comments and sizes, and the calls between files,
as the objects of the build have them, to the graph of docs/ARCHITECTURE.md. Prints TAP."""

import collections
import glob
import os
import re
import subprocess
import sys

from lib import tap

SOURCE = os.environ['VA_TOP_SRCDIR']
BUILD = os.environ['VA_TOP_BUILDDIR']
ROOTS = ('src', 'plugin', 'hooks', 'emulator')
MOST_LINES = 500
# Tables of functions whose prototypes are in their own room's header; docs/ARCHITECTURE.md says so.
TABLES = {'src/cli/main.c': 'va_verb_', 'src/service/modules.c': 'va_module_', 'src/store/tables.c': 'va_store_table_',
          'src/tee/tee.c': 'va_tee_sev'}

# What is not as it should be, yet. These lists only ever get shorter: what is in them and as it should be is a failure.
SAME_STATIC = set()
ONE_WORD = set()
SAME_TYPE = set()
UNDOCUMENTED = set()
LONG = set()
CALLS = set()
CIRCLES = set()


def files(*endings, roots=ROOTS):
    """Paths below the top of the tree, sorted."""
    found = [os.path.relpath(path, SOURCE) for root in roots for path in glob.glob(os.path.join(SOURCE, root, '**'), recursive=True)]
    return sorted(path for path in found if path.endswith(endings))


def read(path):
    with open(os.path.join(SOURCE, path), encoding='utf-8') as source:
        return source.read()


def without_comments(text):
    return re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)


def room_of(path):
    return os.path.dirname(path).removeprefix('src/')


def twice(found):
    """Of (name, place): names with more than one place, and all of them."""
    places = collections.defaultdict(set)
    for name, place in found:
        places[name].add(place)
    return {name: sorted(where) for name, where in places.items() if len(where) > 1}


def statics():
    """(name, file) of static functions."""
    for path in files('.c', '.h'):
        for name in re.findall(r'^static [^;={}()]*?\b(\w+) \([^;{]*?\)\s*\{', without_comments(read(path)), re.M):
            yield name, path


def enumerators(body):
    flat = re.sub(r'\([^()]*\)', '', re.sub(r'^\s*#.*$', '', body, flags=re.M))
    return re.findall(r'(?:^|,)\s*([A-Z]\w+)\s*(?:=[^,]*)?(?=,|$)', flat, re.M)


def types():
    """(name, place) of types and enumerators; a structure's forward declaration is none."""
    for path in files('.c', '.h'):
        text = without_comments(read(path))
        for kind, body, name in re.findall(r'^typedef (struct|union|enum)(?: \w+)? *\{\n(.*?)^\} (\w+);', text, re.M | re.S):
            yield name, path
            if kind == 'enum':
                yield from ((one, path) for one in enumerators(body))
        for body in re.findall(r'^enum \{([^{}\n]*)\};', text, re.M):
            yield from ((one, path) for one in enumerators(body.strip()))
        for body, name in re.findall(r'^typedef enum \{([^{}\n]*)\} (\w+);', text, re.M):
            yield name, path
            yield from ((one, path) for one in enumerators(body.strip()))
        for kind, name, body in re.findall(r'^(struct|union|enum)(?: (\w+))? *\{\n(.*?)^\};', text, re.M | re.S):
            if name:
                yield name, path
            if kind == 'enum':
                yield from ((one, path) for one in enumerators(body))
        for name in re.findall(r'^typedef [^;{}]*\(\*(\w+)\) \(', text, re.M):
            yield name, path


def publics():
    """(function, header) of public functions."""
    for path in files('.h'):
        code = re.sub(r'^#.*(?:\\\n.*)*$', '', without_comments(read(path)), flags=re.M)
        for name in re.findall(r'^(?!static|typedef|return|extern "C")[A-Za-z_][\w \*]*?\b(\w+) \([^{}]*?\)[^{};()]*(?:\([^()]*\)[^{};()]*)*;', code, re.M):
            if not name.startswith('G_DEFINE'):
                yield name, path


def undocumented():
    """(function, header) of public functions that no comment of their header names. What frees a type is described by the
    type's own comment; verbs and handlers are lists of one kind, described once."""
    for name, path in publics():
        comments = ' '.join(re.findall(r'/\*.*?\*/', read(path), re.S))
        if not re.search(rf'\b{name}\b', comments) and not re.search('^(va_verb_|va_handle_)|_(free|clear|quark)$', name):
            yield name, path


def graph():
    """{room: rooms whose functions it may call}: those that docs/ARCHITECTURE.md lets it include, and what those include,
    because headers pass types on."""
    lines = re.search(r'^```\n(core:\n.*?)^```$', read('docs/ARCHITECTURE.md'), re.M | re.S)[1].splitlines()
    may = {room: set(others.split()) | {room} for room, others in (line.split(':') for line in lines)}
    grown = True
    while grown:
        grown = False
        for room, others in may.items():
            whole = others.union(*(may[other] for other in others))
            grown, may[room] = grown or whole != others, whole
    return may


def objects():
    """(source, object) of everything that the programs are made of. automake puts a target's name before an object's."""
    for path in files('.c'):
        folder, name = os.path.dirname(path), os.path.basename(path)[:-2]
        found = [one for where in (folder, folder + '/.libs') for one in glob.glob(os.path.join(BUILD, where, '*.o'))
                 if re.fullmatch(rf'(\w+-)?{re.escape(name)}\.o', os.path.basename(one))]
        if found:
            yield path, found[0]


def calls():
    """{file: {file that it calls: names}}"""
    made, wanted = {}, {}
    for path, one in objects():
        wanted[path] = set()
        for line in subprocess.run(['nm', one], capture_output=True, text=True, check=True).stdout.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in 'TDBRV':
                made[words[2]] = path
            elif len(words) == 2 and words[0] == 'U':
                wanted[path].add(words[1])
    return {path: group(made, names, path) for path, names in wanted.items()}


def group(made, names, own):
    found = collections.defaultdict(set)
    for name in names:
        if made.get(name, own) != own:
            found[made[name]].add(name)
    return found


def circles(edges):
    """Sets of files each of which calls, over others, itself (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            whole = set(stack[stack.index(node):])
            del stack[stack.index(node):]
            if len(whole) > 1:
                found.append(frozenset(whole))

    sys.setrecursionlimit(10000)
    for node in edges:
        if node not in index:
            visit(node)
    return set(found)


def documented_circles():
    """Those that docs/ARCHITECTURE.md gives a reason for: “- `FILE`, `FILE`: REASON” below “Files that call each other”."""
    text = read('docs/ARCHITECTURE.md').partition('Files that call each other')[2].partition('\n## ')[0]
    return {frozenset(re.findall(r'`([^`]+\.c)`', line.partition(': ')[0])) for line in re.findall(r'^- .*: .{20,}$', text, re.M)}


def long_tests():
    return {path for path in files('.c', '.h', '.py', '.sh', roots=['tests', *ROOTS]) if read(path).count('\n') > MOST_LINES}


def report(printer, name, found, excepted):
    """@found is what is wrong: {what: words}; it must be exactly what is excepted."""
    wrong = [f'{what}: {words}' for what, words in sorted(found.items()) if what not in excepted]
    wrong += [f'{what} is as it should be: take it out of the exceptions' for what in sorted(excepted - set(found))]
    printer.result(not wrong, name, '\n'.join(wrong))


def main():
    printer = tap.Printer()
    own = list(statics())
    printer.result(len(own) > 800, 'static functions are found')
    report(printer, 'no two static functions have one name', twice(own), SAME_STATIC)
    report(printer, 'static functions have a verb and an object', {name: path for name, path in own if '_' not in name}, ONE_WORD)
    report(printer, 'no two headers have a function of one name', twice(publics()), set())
    report(printer, 'no two types or enumerators have one name', twice(types()), SAME_TYPE)
    report(printer, 'every public function is named in a comment of its header', dict(undocumented()), UNDOCUMENTED)
    report(printer, f'no file has more than {MOST_LINES} lines', {path: 'too long' for path in long_tests()}, LONG)
    edges, may = calls(), graph()
    for path, prefix in TABLES.items():
        edges[path] = {other: names for other, names in edges.get(path, {}).items()
                       if not all(name.startswith(prefix) for name in names)}
    missing = {path for path in files('.c')} - set(edges)
    printer.result(not missing, 'every source has an object', str(sorted(missing)))
    beyond = {f'{path} calls {other}': sorted(names) for path, others in edges.items() for other, names in others.items()
              if room_of(other) not in may.get(room_of(path), ())}
    report(printer, 'calls keep to the graph of docs/ARCHITECTURE.md', beyond, CALLS)
    report(printer, 'files call each other in circles only where docs/ARCHITECTURE.md says why',
           {', '.join(sorted(one)): 'a circle' for one in circles(edges) - documented_circles()}, CIRCLES)
    report(printer, 'the circles of docs/ARCHITECTURE.md are there',
           {', '.join(sorted(one)): 'is none' for one in documented_circles() - circles(edges)}, set())
    return printer.end()


if __name__ == '__main__':
    sys.exit(main())
