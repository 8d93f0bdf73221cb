# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers who ask for, keep or cause more than is theirs, so that others would not be served."""

import json
import os
import threading
import uuid

from lib.line import HASHES, PAGE, Line, large, memory
from lib.peers import Refused, Service, firmware, sha256
from lib.service import TMP

from catalogue import NotStopped, attempt, digest, need, need_little_memory, stopped


class Small:
    """A service of its own with small limits, and who uses it."""

    def __init__(self, w, **limits):
        self.w = w
        folder = os.path.join(TMP, "limits-" + uuid.uuid4().hex[:8])
        self.service = Service(folder, w.site, os.path.join(w.platform.folder, "roots"), refusals=limits.pop("refusals", 1000000),
                               limits={name.replace("_", "-"): value for name, value in limits.items()})
        self.service.start()
        self.alice, self.bob = w.peer("owner", "alice", self.service), w.peer("owner", "bob", self.service)
        self.node1, self.node2 = w.peer("host", "node1", self.service), w.peer("host", "node2", self.service)
        self.alice.call("PUT", "/artifact", raw=w.image)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.service.end()


def ask_at_once(s, peer, path, count=32):
    """The statuses and sizes of answers to so many questions at once, while bob is served; the memory that it took, in KiB."""
    before, answers, stop = memory(s.service)["VmRSS"], [], threading.Event()
    refused = []

    def ask():
        with Line(peer) as line:
            for _ in range(2):
                line.connection.request("GET", "/v1" + path)
                answer = line.connection.getresponse()
                answers.append((answer.status, len(answer.read())))

    def look():
        while not stop.is_set():
            try:
                s.bob.get("/secret")
            except (Refused, OSError) as error:
                refused.append(error)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    victim = threading.Thread(target=look)
    for thread in [victim] + threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    stop.set()
    victim.join(60)
    need(not refused, f"another owner was not served: {refused[:1]}")
    need(len(answers) == 2 * count and {status for status, _ in answers} <= {200, 503}, str(answers[:3]))
    need(max(size for _, size in answers) < 2 * PAGE, "an answer is larger than a page")
    need(any(status == 200 for status, _ in answers), "none was answered")
    used = memory(s.service)["VmHWM"] - before
    need_little_memory(used, 96 * 1024, f"it took {used} KiB")
    return "pages"


@attempt("owner", "asks for the largest pages of the audit log, many at the same time, to take the service's memory")
def audit_lists_take_memory(w):
    with Small(w, changes_per_minute=1000000) as s:
        vm = str(uuid.uuid4())
        with Line(s.alice) as line:
            for _ in range(160):
                need(line.ask("POST", f"/vm/{vm}", large())[0] in (200, 201), "not registered")
        return ask_at_once(s, s.alice, "/audit?limit=500")


@attempt("owner", "asks for the largest pages of its launches, which a host of its own made large, many at the same time")
def launch_lists_take_memory(w):
    with Small(w, launches_per_minute=1000000) as s:
        vm = w.register(s.alice)
        steps = [{"name": f"{i:02d}" + "s" * 30, "ms": 2**31} for i in range(32)]
        with Line(s.node1) as line:
            for _ in range(170):
                grant = line.ask("POST", f"/vm/{vm}/launch", w.platform.request(vm, name="n" * 128))[1]
                line.ask("POST", f"/launch/{grant['launch-id']}/outcome", {"state": "failed", "reason": "r" * 512, "steps": steps})
        return ask_at_once(s, s.alice, "/launch?limit=1000")


@attempt("owner", "replaces a large registration again and again, to fill the audit log with it")
def large_registrations_fill_log(w):
    with Small(w, changes_per_minute=40) as s:
        vm, size, codes = str(uuid.uuid4()), 0, []
        with Line(s.alice) as line:
            for _ in range(60):
                body = large(domains=[str(uuid.uuid4()) for _ in range(64)], chips=HASHES)
                size = len(json.dumps(body))
                codes.append(line.ask("POST", f"/vm/{vm}", body)[1].get("code"))
        need(size > 8192 and codes.count("too-many-changes") >= 20, str(codes))
        texts = [record["text"] for record in s.alice.get("/audit?limit=500")["records"]]
        need(max(map(len, texts)) < 4096, "a record has the whole registration")
        return "too-many-changes"


@attempt("owner", "stores more images, secrets and registrations than its quota")
def stores_more_than_quota(w):
    with Small(w, images_per_owner=2, secrets_per_owner=2, registrations_per_owner=2) as s:
        s.alice.call("PUT", "/artifact", raw=firmware(92))
        rule = stopped("quota-exceeded", s.alice.call, "PUT", "/artifact", raw=firmware(93))
        for name in ("a", "b"):
            s.alice.call("PUT", f"/secret/{name}?guid={uuid.uuid4()}", raw=b"x")
            w.register(s.alice)
        stopped("quota-exceeded", s.alice.call, "PUT", f"/secret/c?guid={uuid.uuid4()}", raw=b"x")
        stopped("quota-exceeded", w.register, s.alice)
        s.bob.call("PUT", "/artifact", raw=firmware(93))
        return rule


@attempt("owner", "removes an image that its registration names, so that the store and the registration disagree")
def removes_image_in_use(w):
    with Small(w) as s:
        vm = w.register(s.alice)
        rule = stopped("in-use", s.alice.call, "DELETE", "/artifact/" + sha256(w.image))
        w.validate(vm, w.launch(vm, host=s.node1), host=s.node1)
        return rule


@attempt("host", "fills the disk with launches of a permit of one, each of which fails and gives it back")
def fills_disk_with_launches(w):
    with Small(w, launches_per_minute=10) as s:
        vm, codes = w.register(s.alice, permit={"max-launches": 1, "max-running": 1}), []
        with Line(s.node1) as line:
            for _ in range(40):
                grant = line.ask("POST", f"/vm/{vm}/launch", w.platform.request(vm))[1]
                codes.append(grant.get("code"))
                if not grant.get("code"):
                    line.ask("POST", f"/launch/{grant['launch-id']}/outcome", {"state": "failed", "reason": "r" * 512})
        need(codes.count("too-many-launches") >= 25, str(codes))
        w.launch(vm, host=s.node2)
        return "too-many-launches"


@attempt("host", "reports other features each time, to fill the disk with records of that")
def fills_disk_with_features(w):
    with Small(w, changes_per_minute=10) as s:
        vm = w.register(s.alice)
        for i in range(10):
            s.node1.post("/host", {"sev": True, "sev-es": False, "gate-loaded": True, "max-guests": i})
        rule = stopped("too-many-changes", s.node1.post, "/host", {"sev": True, "sev-es": False, "gate-loaded": True, "max-guests": 99})
        w.launch(vm, host=s.node1)
        return rule


@attempt("host", "measures wrongly again and again, so that the service does nothing but explain it")
def explanations_take_processor(w):
    with Small(w, refusals=20) as s:
        with Line(s.alice) as line:
            for i in range(8):
                line.ask("PUT", "/artifact", raw=firmware(110 + i, size=1 << 20))
        vm = w.register(s.alice)
        guests, codes = [w.launch(vm, host=s.node1) for _ in range(40)], []
        for guest in guests:
            try:
                w.validate(vm, guest, bytes(32), host=s.node1)
                raise NotStopped("it was answered")
            except Refused as problem:
                codes.append(problem.code)
        other = w.launch(vm, host=s.node2)
        w.validate(vm, other, digest(w), host=s.node2)
        need(codes.count("measurement-mismatch") == 20, str(codes))
        details = [s.alice.get("/launch/" + guest.id)["detail"] for guest in guests]
        need(sum("not explained, because too many of this host's" in detail for detail in details) == 20, str(details))
        return "too-many-refusals"
