# SPDX-License-Identifier: LGPL-2.1-or-later
"""An imposter: who stands in the service's place, with a certificate of the site's CA, and means ill to its clients."""

import os
import subprocess
import time
import uuid

from lib.agent import Agent
from lib.hostile_service import HostileService, client_words, memory_of
from lib.peers import BUILD
from lib.service import SANITIZED

from catalogue import attempt, need, need_little_memory

TOOL = os.path.join(BUILD, 'virt-attest')


def tool(w, service, *words, seconds=240 if SANITIZED else 60):
    """What the tool printed for alice, and its status."""
    done = subprocess.run([TOOL, *words, *client_words(w, service)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, check=False)
    return done.stdout.decode(), done.returncode


def without_end(w, way):
    hostile = HostileService(w.site, way)
    try:
        said, status = tool(w, hostile, 'launch', 'list')
        need(status != 0 and said.count('\n') == 1, f'{way}: status {status}: {said}')
        need(way != 'tickets' or 'than the limit of' in said, said)
        agent = Agent(w, 'imposter-' + way, hostile, deadline_ms=3000)
        began = time.monotonic()
        for _ in range(4):
            answer = agent.start_domain(str(uuid.uuid4()))
            need(answer.startswith('refuse\n'), answer)
        need(time.monotonic() - began < 30, f'{way}: it keeps the agent busy')
        grown = memory_of(agent.process.pid)[1]
        need_little_memory(grown, 56, f'{way}: the agent grew to {grown} MiB')
        need(agent.end() == 0, 'the agent did not end')
    finally:
        hostile.close()


@attempt('imposter', 'answers agent and tool without end')
def answers_without_end(w):
    for way in ('continues', 'headers', 'chunks'):
        without_end(w, way)
    return 'deadline'


@attempt('imposter', 'fills the memory of agent and tool with session tickets')
def sends_session_tickets(w):
    without_end(w, 'tickets')
    return 'bytes'
