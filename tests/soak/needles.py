# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks for secrets in files, in every encoding that somebody may have written them in."""

import base64
import os

WINDOW = 8  # bytes of a needle that are looked for first; where they are, the rest is too or it is not there
CHUNK = 8 << 20
LONGEST = 256


def encodings(needle):
    """What is in a file that has @needle in that encoding."""
    plain, lower = needle, needle.hex().encode()
    found = {'as it is': plain, 'hex': lower, 'HEX': lower.upper(), 'reversed': needle[::-1],
             'UTF-16': b''.join(bytes((byte, 0)) for byte in needle)}
    for skip in range(3):
        # base64 of a text in which the needle begins at any offset: without the characters that depend on its surroundings.
        text = base64.b64encode(needle[skip:len(needle) - (len(needle) - skip) % 3])
        found[f'base64 at {skip}'] = text
        found[f'base64url at {skip}'] = text.replace(b'+', b'-').replace(b'/', b'_')
    return found


class Search:
    def __init__(self, needles):
        self.words = {}
        for needle in needles:
            for name, text in encodings(needle).items():
                self.words.setdefault(int.from_bytes(text[:WINDOW], 'little'), []).append((needle, name, text))
        self.wanted = set(self.words)

    def in_bytes(self, data):
        """(needle, encoding) of everything that may be in @data, by its beginning."""
        view, found = memoryview(data), set()
        for at in range(WINDOW):
            whole = (len(data) - at) // WINDOW * WINDOW
            if whole > 0:
                found |= self.wanted.intersection(view[at:at + whole].cast('B').cast('Q'))
        return [one for word in found for one in self.words[word]]

    def in_file(self, path):
        found = set()
        with open(path, 'rb') as source:
            rest = b''
            while piece := source.read(CHUNK):
                data = rest + piece
                found |= {(needle, name) for needle, name, text in self.in_bytes(data) if text in data}
                rest = data[-LONGEST:]
        return found

    def in_folders(self, folders):
        """What was found, with the files' names; how many bytes were looked at."""
        found, size = [], 0
        for folder in folders:
            for at, _, names in os.walk(folder):
                for name in names:
                    path = os.path.join(at, name)
                    if os.path.isfile(path) and not os.path.islink(path):
                        size += os.path.getsize(path)
                        found += [(path, encoding) for _, encoding in sorted(self.in_file(path))]
        return found, size


def proves_itself(search, needle, folder):
    """Whether @search finds @needle in a file of @folder in each encoding, at odd places, and only there."""
    path = os.path.join(folder, 'planted')
    texts = {'as it is': needle, 'hex': needle.hex().encode(), 'HEX': needle.hex().upper().encode(), 'reversed': needle[::-1],
             'UTF-16': needle.decode('latin-1').encode('utf-16-le')}
    for skip in range(3):
        texts[f'base64 after {skip}'] = base64.b64encode(b'x' * skip + needle + b'y' * 5)
        texts[f'base64url after {skip}'] = base64.urlsafe_b64encode(b'x' * skip + needle + b'y' * 5)
    missed = []
    for name, text in texts.items():
        for at in (0, 3, CHUNK - 5):
            with open(path, 'wb') as target:
                target.write(b'\x5a' * at + text + b'\xa5' * 11)
            if not any(one == needle for one, _ in search.in_file(path)):
                missed.append(f'{name} at {at}')
    with open(path, 'wb') as target:
        target.write(needle[:WINDOW - 1] + b'\0' + needle[WINDOW:WINDOW + 4])
    if search.in_file(path):
        missed.append('(found what is not there)')
    os.unlink(path)
    return missed
