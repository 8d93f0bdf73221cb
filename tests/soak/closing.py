# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must be true when all is over. Each check returns what it says about itself, or fails with what it found."""

import itertools
import json
import os
import statistics
import subprocess
import time

from lib import tap
from lib.peers import BUILD, write

from faults import ONLY
from needles import Search, proves_itself
from nodes import TEXT_OF_A_CRASH, kernel_messages, sanitized, zombies
from replay import Replay
from steps import guid_of

HANDSHAKE_SECONDS = 30  # request-seconds, as it is by default
PROGRAM = os.path.join(BUILD, 'virt-attest')
SECRETS_AT_ONCE = 15   # that fit the firmware's secret area together
# Resident memory that is no file's, from the first third of the time after the warm-up to the last. A long run warms up until
# SQLite's page caches of 2000 KiB are full, the writer's and those of four readers; in a short one they fill meanwhile, and a
# slope means nothing.
GROWTH_KIB, GROWTH_PER_MINUTE_KIB, CACHES_KIB, LONG, WINDOW_SECONDS = 2048, 256, 5 * 2000, 180, 15
GIVEN_BACK_SECONDS = 12  # after a flood, what it needed is; and something more


def need(fine, why):
    if not fine:
        raise AssertionError(why)


def program(world, role, *words):
    certificate, key = world.site.client(role, 'closing')
    done = subprocess.run([PROGRAM, *words[:2], '--url', f'https://127.0.0.1:{world.nodes[0].port}', '--ca', world.site.ca, '--certificate',
                           certificate, '--key', key, *words[2:]], capture_output=True, text=True, timeout=600, check=False)
    need(done.returncode == 0, f'virt-attest {" ".join(words[:2])}: {done.stderr[-500:]}')
    return done.stdout


def show(client, path):
    """A connection that was quiet for long may have been cut: once more then."""
    for _ in range(3):
        answer = client.owner.ask('GET', path)
        if answer is not None and answer.status == 200:
            return answer.body
    raise AssertionError(f'{path} of {client.name}: {answer}')


def verify(world, path):
    """Without the service."""
    done = subprocess.run([PROGRAM, 'audit', 'verify', '--signer', '127.0.0.1', '--ca', world.site.ca, path], capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout + done.stderr


def audit_verifies(world):
    """The chain, offline; and every answer that had to be on record is, with the result that was told."""
    export = program(world, 'auditor', 'audit', 'export')
    path = write(os.path.join(world.folder, 'export'), export.encode())
    status, told = verify(world, path)
    need(status == 0, f'audit verify: {told}')
    changed = write(os.path.join(world.folder, 'export-changed'), export.replace('"result":"granted"', '"result":"grunted"', 1).encode())
    need(verify(world, changed)[0] == 1, 'a changed export verifies too')
    records = [json.loads(line) for line in export.splitlines()[1:]]
    world.replay = Replay([record for record in records if 'checkpoint' not in record])
    return told.strip()


def answers_are_on_record(world):
    missing = []
    for request, what, result in world.ledger.recorded:
        found = [record for record in world.replay.requests.get(request, []) if record['what'] == what and result in (None, record['result'])]
        if len(found) != 1:
            missing.append((request, what, result, found))
    need(world.ledger.recorded, 'nothing was acknowledged')
    need(not missing, f'{len(missing)} of {len(world.ledger.recorded)} acknowledged answers are not on record once, as {missing[:3]}')
    return f'{len(world.ledger.recorded)} acknowledged answers'


def launches_are_there(world):
    """Each acknowledged launch, in a state that fits what its host was told, for its owner and on record."""
    owners, wrong, states = {}, 0, {}
    for worker in world.workers:
        owners.update(dict.fromkeys([*worker.vms, worker.confirmed], worker.client))
    owners.update(dict.fromkeys(world.ledger.permits, world.shared))
    owners[world.prober_vm] = world.prober
    need(world.ledger.launches, 'no launch was acknowledged')
    for launch in world.ledger.launches.values():
        body = show(owners[launch.vm], f'/launch/{launch.id}')
        state = body['state']
        states[state] = states.get(state, 0) + 1
        wrong += not launch.check(state, body.get('code'))
        wrong += world.replay.states.get(launch.id) not in (state, 'open' if state == 'expired' else state)
    need(wrong == 0, f'{wrong} of {len(world.ledger.launches)} launches are not what was acknowledged')
    return f'{len(world.ledger.launches)} launches: ' + ', '.join(f'{number} {state}' for state, number in sorted(states.items()))


def one_validation(world):
    twice = [launch for launch, number in world.replay.validations.items() if number > 1]
    told = [launch.id for launch in world.ledger.launches.values() if launch.validations > 1]
    need(not twice and not told, f'validated twice: {twice + told}')
    lost = [launch.id for launch in world.ledger.launches.values() if launch.validations and not world.replay.validations.get(launch.id)]
    need(not lost, f'validated and not on record: {lost}')
    need(world.replay.validations or ONLY, 'nothing was validated')
    return f'{len(world.replay.validations)} validations, each of another launch'


def permits_hold(world):
    """By the audit log at each of its records; by what hosts were told; and the registrations count the same."""
    replay, told = world.replay, []
    need(not replay.problems, '; '.join(replay.problems[:5]))
    for vm, (launches, running) in world.ledger.permits.items():
        most, ever = world.ledger.most_running(vm), replay.most_running.get(vm, 0)
        need(most <= running, f'{most} launches of {vm} ran at once by what hosts were told, {running} may')
        full = [count for (of, _), count in replay.most_counted.items() if of == vm]
        body = show(world.shared, f'/vm/{vm}')
        counted = replay.counted.get((vm, replay.current.get(vm)), 0)
        need(body['launches'] == counted, f'{vm} counts {body["launches"]} launches, the audit log {counted}')
        need(body['running'] == replay.running.get(vm, 0), f'{vm}: {body["running"]} running, the audit log says {replay.running.get(vm)}')
        told.append(f'at most {max(full, default=0)} of {launches} launches, {ever} of {running} running')
    need(any(f'{running} of {running}' in text for text, (_, running) in zip(told, world.ledger.permits.values())), f'no permit was ever used up: {told}')
    return '; '.join(told)


def keys_are_fresh(world):
    need(len(world.ledger.keys) == 2 * len(world.ledger.launches), 'keys were repeated')
    need(len(world.ledger.sessions) == 2 * len(world.ledger.launches), 'sessions were repeated')
    return f'{len(world.ledger.keys)} keys and {len(world.ledger.sessions)} sessions and certificates, all different'


def registrations_are_there(world):
    owners = {worker.client.name: worker.client for worker in world.workers} | {client.name: client for client in (world.shared, world.prober)}
    for (owner, vm), thing in world.ledger.registrations.items():
        body = show(owners[owner], f'/vm/{vm}')
        names = {value[0] for value in thing.values if value is not None}
        need(body['name'] in names, f'registration {vm} is “{body["name"]}”, acknowledged was {sorted(names)}')
    return f'{len(world.ledger.registrations)} registrations'


def secrets_are_there(world):
    """Each is given out by a launch of its own, with the value that was acknowledged last."""
    opened = 0
    for worker in world.workers:
        client, things = worker.client, {name: thing for (owner, name), thing in world.ledger.secrets.items() if owner == worker.client.name}
        there = {one['name'] for one in show(client, '/secret')['secrets']}
        for name, thing in things.items():
            need(name in there or None in thing.values, f'secret “{name}” of {client.name} was acknowledged, and is not there')
            need(name not in there or thing.values != {None}, f'secret “{name}” of {client.name} was removed, and is there')
        names = sorted(there & set(things))
        for at in range(0, len(names), SECRETS_AT_ONCE):
            some = names[at:at + SECRETS_AT_ONCE]
            need(client.register(worker.vms[0], some, inline=False) == 'ok', 'the service does not take registrations')
            launch = client.launch(worker.vms[0])
            need(not isinstance(launch, str), f'a launch at the end: {launch}')
            entries = client.validate(launch)
            for name in some:
                need(entries.get(guid_of(name)) in things[name].values, f'secret “{name}” of {client.name} is not what was stored last')
                opened += 1
    need(opened, 'no secret was stored')
    return f'{opened} secrets, opened by launches that got them'


def nothing_in_clear(world):
    """After proving that the search would find it. Files of a PostgreSQL are read as they are."""
    with open(world.store.kek, 'rb') as kek:
        world.ledger.plant(kek.read())
    search = Search(world.ledger.needles)
    planted = next(iter(world.ledger.needles))
    need(not (missed := proves_itself(search, planted, world.folder)), f'the search itself misses {missed}')
    found, size = search.in_folders(world.store.folders + [os.path.dirname(node.log_path) for node in world.nodes])
    found = [(path, encoding) for path, encoding in found if path != world.store.kek]
    need(size > 0, 'there was nothing to search')
    need(not found, f'in clear: {found[:5]}')
    return f'{len(world.ledger.needles)} secrets and keys, in {len(search.words)} forms, are not in {size / 1e6:.1f} MB'


def floor_of(points):
    """The least of each quarter of a minute or so: floods of clients need memory that the service gives back within ten
    seconds, and what is lost for ever lifts what is below them, too."""
    begun, ended = points[0][0], points[-1][0]
    count = max(int((ended - begun) / WINDOW_SECONDS), 4)
    windows = [[] for _ in range(count)]
    for at, value in points:
        windows[min(int((at - begun) / (ended - begun) * count), count - 1)].append((value, at))
    return [(at, value) for value, at in (min(window) for window in windows if window)]


def slope(points):
    """KiB a minute: the median over all pairs, which no few points that stand out can move (Theil and Sen)."""
    return statistics.median((v - value) / (t - at) * 60 for (at, value), (t, v) in itertools.combinations(points, 2))


def memory_is_flat(world):
    """Of the processes that lived through everything since the load was warm."""
    if sanitized():
        raise tap.Skip('the sanitizers keep freed memory')
    told = []
    for pid in sorted({pid for at, pid, *_ in world.sampler.samples if at >= world.warm}):
        points = [(at, rss) for at, one, rss, _, _ in world.sampler.samples if one == pid and at >= world.warm]
        need(len(points) >= 10, f'process {pid} was looked at only {len(points)} times')
        floor = floor_of(points)
        third = max(len(floor) // 3, 1)
        start, middle, end = (min(rss for _, rss in part) for part in (floor[:third], floor[third:-third], floor[-third:]))
        rise = slope(floor)
        told.append(f'at least {start} KiB in the first third, {middle} in the second, {end} in the last of '
                    f'{points[-1][0] - points[0][0]:.0f} s, {max(rss for _, rss in points)} at the most; {rise:+.0f} KiB a minute')
        world.memory.append((start, middle, end, rise))
        most = GROWTH_KIB + (0 if world.seconds >= LONG else CACHES_KIB)
        need(end - start <= most, f'it grew by {end - start:.0f} KiB, more than {most}: {told[-1]}')
        need(rise <= GROWTH_PER_MINUTE_KIB or world.seconds < LONG, f'it grows by more than {GROWTH_PER_MINUTE_KIB} KiB a minute: {told[-1]}')
    need(told, 'no process was looked at')
    return '; '.join(told)


def nothing_is_left_open(world):
    """Files and connections of a service that nobody talks to any more. A connection that the kernel was still making when its
    client went may stay as long as a handshake may take; connections to the store are kept."""
    told = []
    for client in [worker.client for worker in world.workers] + [world.prober, world.shared]:
        client.close()
    for node in world.nodes:
        begun = time.monotonic()
        while len(names := node.open_files()) > node.quiet_files and time.monotonic() < begun + HANDSHAKE_SECONDS + 15:
            time.sleep(0.5)
        need(len(names) <= node.quiet_files, f'{len(names)} open files, {node.quiet_files} before the load: {sorted(names)}')
        told.append(f'{len(names)} open files, {node.quiet_files} before the load, after {time.monotonic() - begun:.1f} s')
    return '; '.join(told)


def nobody_crashed(world):
    bad = [f'process ended with {status} after signal {how}' for node in world.nodes for how, status in node.ends
           if status != (-how if how == 9 else 0)]
    bad += [f'a process died by itself: {status}' for node in world.nodes if (status := node.died()) is not None]
    for node in world.nodes:
        with open(node.log_path, encoding='utf-8', errors='replace') as log:
            bad += [line.strip() for line in log if TEXT_OF_A_CRASH.search(line)]
    kernel = kernel_messages(world.boot_seconds)
    bad += (kernel or []) + [f'zombie {one}' for one in zombies()]
    need(not bad, '; '.join(bad[:5]))
    return (f'{sum(len(node.ends) for node in world.nodes)} processes ended as they should; '
            + ('nothing in the kernel’s log' if kernel is not None else 'the kernel’s log cannot be read here'))


def nothing_was_found(world):
    findings = world.ledger.findings
    need(not findings.texts, f'{sum(findings.kinds.values())} in all: ' + '; '.join(f'{n} × {kind}' for kind, n in findings.kinds.items()))
    return 'no answer contradicted another'

CHECKS = [audit_verifies, answers_are_on_record, launches_are_there, one_validation, permits_hold, keys_are_fresh,
          registrations_are_there, secrets_are_there, memory_is_flat, nothing_is_left_open, nothing_in_clear, nobody_crashed, nothing_was_found]
