# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real QEMU on the software platform, and its monitor."""

import base64
import json
import os
import socket
import subprocess
import time

PROGRAM = os.environ['VA_TOP_BUILDDIR'] + '/tests/platform/virt-attest-platform'
TIMEOUT = 30


class Refused(Exception):
    """The monitor answered with an error."""


class Guest:
    """One QEMU. It is killed at the end of its with block."""

    def __init__(self, folder, firmware, work, owner=None, policy=1, extra=(), kernel_hashes=False, cpus=1,
                 cpu='qemu64', command=None, socket_folder=None):
        self.path = os.path.join(socket_folder or work, f'qmp-{time.monotonic_ns()}')
        sev = f'sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy={policy}'
        if owner is not None:
            for name, data in (('session', owner.session), ('dh-cert', owner.cert)):
                path = os.path.join(work, f'{name}.base64')
                with open(path, 'wb') as target:
                    target.write(base64.b64encode(data))
                sev += f',{name}-file={path}'
        if kernel_hashes:
            sev += ',kernel-hashes=on'
        arguments = ['-nodefaults', '-display', 'none', '-machine', 'q35,accel=kvm,confidential-guest-support=sev0',
                     '-cpu', cpu, '-smp', str(cpus), '-m', '128', '-object', sev,
                     '-drive', f'if=pflash,format=raw,readonly=on,file={firmware}', '-S',
                     '-qmp', f'unix:{self.path},server=on,wait=off', '-sandbox',
                     'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny', *extra]
        self.process = subprocess.Popen([*(command or [PROGRAM, 'qemu', folder, '--']), *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.stream = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        if self.stream is not None:
            self.stream.close()

    def end(self):
        """Waits until QEMU is gone: exit status and what it said."""
        said = self.process.communicate(timeout=TIMEOUT)[1]
        return self.process.returncode, said.decode()

    def connect(self):
        deadline = time.monotonic() + TIMEOUT
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(TIMEOUT)
        while True:
            try:
                client.connect(self.path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None:
                    raise RuntimeError('QEMU is gone: ' + self.end()[1]) from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self.stream = client.makefile('rw')
        client.close()
        json.loads(self.stream.readline())
        self.call('qmp_capabilities')
        return self

    def send(self, command, **arguments):
        json.dump({'execute': command, 'arguments': arguments}, self.stream)
        self.stream.write('\n')
        self.stream.flush()

    def call(self, command, **arguments):
        self.send(command, **arguments)
        while True:
            answer = json.loads(self.stream.readline())
            if 'error' in answer:
                raise Refused(answer['error']['desc'])
            if 'return' in answer:
                return answer['return']

    def refusal(self, command, **arguments):
        """The error that a call must give."""
        try:
            self.call(command, **arguments)
        except Refused as refused:
            return str(refused)
        return 'NOT REFUSED'

    def measurement(self):
        """(measure, mnonce)"""
        blob = base64.b64decode(self.call('query-sev-launch-measure')['data'], validate=True)
        assert len(blob) == 48
        return blob[:32], blob[32:]

    def memory(self, address, size, work):
        path = os.path.join(work, f'memory-{time.monotonic_ns()}')
        self.call('pmemsave', val=address, size=size, filename=path)
        with open(path, 'rb') as source:
            return source.read()

    @staticmethod
    def secret(header, payload, address=None):
        """Arguments of sev-inject-launch-secret."""
        arguments = {'packet-header': base64.b64encode(header).decode(), 'secret': base64.b64encode(payload).decode()}
        if address is not None:
            arguments['gpa'] = address
        return arguments
