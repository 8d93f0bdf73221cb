#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenStack Nova's own libvirt driver on a compute node with hook, gate and agent. Nova's code and XML are as they are."""

import functools

import compute
import running

suite = running.Suite()
ACTIONS = ("reboot", "soft-reboot", "pause", "unpause", "stop", "start", "rescue", "unrescue", "rebuild", "migrate")


def with_nova(test):
    """A test of the suite whose instances are deleted after it. All tests share one process of Nova."""
    @functools.wraps(test)
    def wrapped(world):
        world.nova = world.nova or compute.Driver(world.box)
        try:
            test(world)
        finally:
            world.nova.forget()
    return suite(wrapped)


@with_nova
def an_ordinary_instance_through_all_of_its_life(world):
    """Instances without encryption, while agent and service are stopped: all that Nova does with them works."""
    image = world.nova.do("image")["id"]
    world.box.stop("virt-attest-hostd")
    world.box.stop("virt-attestd")
    for ports in ("new", "plugged"):
        assert world.nova.do("spawn", ports, image=image, ports=ports, encryption="none")["state"] == "running"
    for action in ACTIONS:
        world.nova.do(action, "new")


def prepare(world):
    world.nova = None
    compute.prepare(world.box, world.firmware)


if __name__ == "__main__":
    running.main(suite, prepare, compute.why_not())
