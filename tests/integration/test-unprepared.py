#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SEV domains that nobody prepared, as OpenStack's Nova makes them, on a host that attests them: hook, emulator program,
agent and gate together. Each thing that can be wrong stops the start, or it says that it does not."""

import glob
import os
import shutil
import uuid

import novadomain
import running
from novadomain import id_by_flavor, id_by_image
from running import clean, refused
from world import secret_in_table

suite = running.Suite()
SECRETS = 0x810000


def registered(world, registration=None, *arguments, policy="0x33", **options):
    """The registration of an image in a project."""
    registration = registration or id_by_image()
    if registration not in world.known:
        world.register(registration, "--any-domain", *arguments, policy=policy, **options)
        world.known.add(registration)
    return registration


def started(world, name, registration, *arguments):
    """Starts a domain and waits until the service has its launch as running; that launch."""
    world.box.virsh("start", *arguments, name)
    return world.launch_state(registration, "running")


def files(name):
    return glob.glob(f"/var/lib/libvirt/qemu/domain-*-{name}/session.base64")


@suite
def an_image_that_is_registered(world):
    """The whole way, twice: each start is a launch of its own, and nothing of the first is left for the second."""
    world.attest_unprepared()
    registration = registered(world)
    identity = novadomain.make(world, "instance-00000001")
    sessions = []
    for _ in range(2):
        launch = started(world, "instance-00000001", registration)
        assert launch["domain"]["uuid"] == identity, launch
        info = os.stat(files("instance-00000001")[0])
        assert info.st_mode & 0o777 == 0o600 and info.st_uid == os.stat(os.path.dirname(files("instance-00000001")[0])).st_uid
        sessions.append(world.session_file("instance-00000001"))
        table = secret_in_table(world.memory("instance-00000001", SECRETS, 4096))
        assert table is not None and world.passphrase in table.values(), table
        world.box.virsh("destroy", "instance-00000001")
        clean(world, identity)
        assert not files("instance-00000001")
    assert sessions[0] != sessions[1]


if __name__ == "__main__":
    running.main(suite)
