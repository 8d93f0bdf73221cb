# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of refusals share."""

from meddler import Meddler
from world import CA, PORT, UPSTREAM_PORT, pair


def registered(world, name, *arguments, **options):
    identity = world.make_domain(name, **options)
    world.register(identity, *arguments)
    return identity


class meddler:
    """The real service moves to another port, and a Meddler takes its place."""

    def __init__(self, world, rules):
        self.world, self.rules = world, rules

    def __enter__(self):
        self.move(UPSTREAM_PORT)
        self.meddler = Meddler(PORT, UPSTREAM_PORT, CA, *pair("service", "localhost"), *pair("host", "node1"))
        self.meddler.rules = self.rules
        return self.meddler

    def __exit__(self, kind, *_):
        self.meddler.stop()
        self.move(PORT)
        if kind is None and self.meddler.errors:
            raise self.world.box.error(f"the meddling service broke: {self.meddler.errors}")

    def move(self, port):
        if self.world.running("virt-attestd"):
            self.world.box.stop("virt-attestd")
        self.world.box.daemons.pop("virt-attestd", None)
        self.world.configure_service(port)
        self.world.start_service()
