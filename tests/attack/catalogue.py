# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the attempts of each party share: the catalogue, and how an attempt says what stopped it."""

import hashlib
import os

from lib.peers import Refused
from lib.service import LUKS, PASSPHRASE, SANITIZED

SOURCE = os.environ["VA_TOP_SRCDIR"]

ATTEMPTS = []
CERT = 2084


class NotStopped(Exception):
    pass


def attempt(party, what):
    """A row of the catalogue; docs/THREATS.md has the same one. The function's name is how one attempt is run alone."""
    def note(function):
        ATTEMPTS.append((party, what, function))
        return function
    return note


def stopped(code, function, *arguments, **named):
    """The rule that refused; any other end of it is a break-in."""
    try:
        got = function(*arguments, **named)
    except Refused as problem:
        if problem.code == code:
            return code
        raise NotStopped(f"stopped by {problem.code}, expected {code}: {problem}") from None
    raise NotStopped(f"it got {str(got)[:200]}")


def need(fine, why):
    if not fine:
        raise NotStopped(why)


def need_little_memory(used, limit, why):
    """Not under the sanitizers, which keep freed memory."""
    need(used < limit or SANITIZED, why)


def digest(w):
    return hashlib.sha256(w.image).digest()


def victim(w, **more):
    """A registration of alice's with her disk's passphrase."""
    return w.register(**{"secrets": [{"name": "disk"}], **more})


def still_good(w, vm, guest):
    """The launch that was attacked can still be answered, once, with the secret."""
    need(guest.open_packet(w.validate(vm, guest))[LUKS] == PASSPHRASE + b"\0", "the rightful host got another secret")
