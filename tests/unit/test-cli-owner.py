#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest: what an owner or an operator of the site's CA types wrong, and what is said to it. Prints TAP."""

import json
import os
import re
import subprocess
import sys

from lib import tap
from lib.peers import firmware

SOURCE = os.environ["VA_TOP_SRCDIR"]

PROGRAM = os.path.join(os.environ["VA_TOP_BUILDDIR"], "virt-attest")
WORK = os.environ["TMPDIR"]
ID = "11111111-1111-4111-8111-111111111111"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def call(*words, code=0, told=(), never=()):
    """What it printed, errors too; its exit code, words of it and words that are not in it are expected."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30, check=False, cwd=WORK,
                          stdin=subprocess.DEVNULL, env={**os.environ, "VIRT_ATTEST_CONFIG": put("none.conf", b"")})
    printed = done.stdout + done.stderr
    assert done.returncode == code, f"{words}: exit {done.returncode} instead of {code}: {printed}"
    for word in told:
        assert word in printed, f"{words}: “{word}” is not in: {printed}"
    for word in never:
        assert word not in printed, f"{words}: “{word}” is in: {printed}"
    return printed


def put(name, data):
    path = os.path.join(WORK, name)
    with open(path, "wb") as target:
        target.write(data)
    return path


def many(option, number, prefix=""):
    return [word for i in range(1, number + 1) for word in (option, f"{prefix}{i}")]


@test
def guests_of_openstack_are_named_by_project(_):
    plain = ("--policy", "0x33", "--firmware", put("image.fd", firmware(7)))
    project, image = ("--nova-project", "5ca1ab1e000040008000000000000001"), ("--nova-image", ID)
    for words, told in (
            ((), "ID is missing"), ((*image,), "require --nova-project"), (("--nova-flavor", "m1"), "require --nova-project"),
            ((*project,), "give --nova-image or --nova-flavor"), (("--nova-project", "admin", *image), "--nova-project: “admin” is not"),
            ((*project, "--nova-image", "debian-13"), "--nova-image: “debian-13” is not"),
            ((*project, "--nova-flavor", ""), "--nova-flavor: "), ((*project, "--nova-flavor", "a\nb"), "--nova-flavor: "),
            ((*project, "--nova-flavor", "m1 "), "without blanks at the ends"), ((*project, "--nova-flavor", "\tm1"), "--nova-flavor: "),
            ((*project, "--nova-flavor", "x" * 1021), "--nova-flavor: "),
            ((*project, *image, "--domain", ID, "--any-domain"), "--domain or --any-domain")):
        call("vm", "register", *words, *plain, code=2, told=[told])
    call("vm", "register", "--file", "vm.json", code=2, told=["ID is missing", "with --file"], never=["--nova"])


@test
def bad_values_are_named_by_their_options(_):
    image = put("image.fd", firmware(7))
    plain, es = ("--policy", "1", "--firmware", image), ("--policy", "5", "--firmware", image, "--cpu-model", "EPYC")
    for words, code, *told in (
            ((*plain, "--max-launches", "9999999999"), 2, "--max-launches: “9999999999” is not between 1 and"),
            ((*plain, "--max-running", "9999999999"), 2, "--max-running: "),
            ((*plain, "--max-launches", "many"), 2, "--max-launches: “many” is not a number"),
            ((*plain, "--confirm-after", "-1"), 2, "--confirm-after: “-1” is not a number"),
            ((*plain, "--confirm-after", "4294967296"), 2, "--confirm-after: “4294967296” is not between"),
            ((*plain, "--host", "Node A"), 2, "--host: “Node A” is not the name of a host: expected 1 to 64 of"),
            ((*plain, "--host", ""), 2, "--host: “” is not"), ((*plain, "--host", "@"), 2, "--host: “@” is not"),
            ((*plain, *many("--host", 70, "n")), 2, "--host: more than 64"),
            ((*plain, "--chip", "zz"), 2, "--chip: “zz” is neither a processor nor a file"),
            ((*plain, "--chip", image), 3, "--chip: "),
            ((*plain, "--domain", "guest1"), 2, "--domain: “guest1” is not a UUID", "virsh domuuid"),
            ((*plain, "--name", ""), 2, "--name: "), ((*plain, "--name", "a\nb"), 2, "--name: "),
            ((*plain, "--name", "n" * 129), 2, "--name: longer than 128 bytes"),
            ((*plain, "--secret", "a", "--secret", "a"), 2, "--secret: element 2 names the same"),
            ((*plain, *many("--secret", 33, "s")), 2, "--secret: more than 32"),
            ((*plain, "--secret", "a", "--two-persons"), 2, "--secret cannot be used with --two-persons", "--file"),
            ((*plain, "--min-api", "x"), 2, "--min-api: “x”: expected MAJOR.MINOR"),
            ((*plain, "--min-api", "1.300"), 2, "--min-api: "), ((*plain, "--min-build", "999"), 2, "--min-build: "),
            ((*plain, "--min-build", "-1"), 2, "--min-build: "), ((*plain, "--max-running", "0"), 2, "--max-running: “0”"),
            ((*plain, "--not-before", "2099-01-02", "--not-after", "2099-01-01"), 2, "--not-after: must be later than --not-before"),
            ((*plain, "--not-before", "2030-31-02"), 2, "--not-before: “2030-31-02” is not a time"),
            ((*plain, "--not-after", "1960-01-01"), 2, "--not-after: “1960-01-01” is too early"),
            ((*plain, "--not-after", "2020-01-01"), 2, "--not-after: 20", "has passed"),
            ((*plain, "--cloud-cert", image), 3, "--cloud-cert: "),
            ((*plain, "--allow-debug"), 2, "--allow-debug: "),
            (("--policy", "0", "--firmware", image), 2, "--policy: lacks bit 0", "say --allow-debug"),
            (("--policy", "0x40", "--firmware", image), 2, "--policy: "),
            (("--policy-required", "0", "--firmware", image), 2, "--policy-required: "),
            (("--policy-required", "1", "--policy-forbidden", "1", "--firmware", image), 2, "--policy-forbidden: forbids"),
            (("--policy-required", "0x10000", "--firmware", image), 2, "--policy-required: "),
            ((*es, "--cpu-count", "0"), 2, "--cpu-count: “0” is not between 1 and 4096"),
            ((*es, *many("--cpu-count", 17)), 2, "--cpu-count: more than 16"),
            (("--policy", "5", "--firmware", image, "--cpu-count", "1", "--cpu-model", ""), 2, "--cpu-model: "),
            ((*es, "--cpu-count", "1", "--vmsa-profile", "foo"), 2, "--vmsa-profile: expected one of"),
            (("--policy", "1", "--launch-digest", "abc"), 2, "--launch-digest: "),
            (("--policy", "1", *many("--launch-digest", 1, "ab" * 31 + "0") * 65), 2, "--launch-digest: more than 64")):
        call("vm", "register", ID, *words, code=code, told=told, never=("member “", "registration: "))
    # The secret itself may stand where its name should.
    call("vm", "register", ID, *plain, "--secret", "my pass phrase", code=2, told=["--secret: expected 1 to 128"], never=["my pass"])


@test
def nothing_beside_a_file_is_dropped(_):
    """The help lists the options of a registration; each is refused beside --file, one that is added later too."""
    shown = call("vm", "register", "--help").split("Application Options:")[1]
    options = dict(re.findall(r"^  --([a-z-]+)(=\S+)?  ", shown, re.MULTILINE))
    others = {"file", "firmware", "json", "config", "url", "ca", "certificate", "key"}
    assert others < set(options) and len(options) > 30, options
    path = put("whole.json", json.dumps({"scheme": "amd-sev", "policy": 1, "launch-digests": ["ab" * 32]}).encode())
    for name in set(options) - others:
        for values in (["1", ""] if options[name] else [None]):
            words = [f"--{name}"] if values is None else [f"--{name}", values]
            told = call("vm", "register", ID, "--file", path, *words, code=2, told=[f"--{name} cannot be used with --file"])
            assert "--firmware" in told
    # An image is uploaded then; it is read first.
    call("vm", "register", ID, "--file", path, "--firmware", "/not/there.fd", code=3, told=["/not/there.fd"])
    call("vm", "register", ID, "--file", path, "--firmware", put("beside.fd", firmware(8)), told=["url"], code=3)


@test
def members_are_named_by_their_place(_):
    """What came from a document is named as it stands there."""
    good = {"scheme": "amd-sev", "policy": 1, "launch-digests": ["ab" * 32]}
    for more, *told in (({"permit": {"max-launches": 0}}, "“permit”", "“max-launches”"), ({"hosts": ["Node A"]}, "“hosts”"),
                        ({"permit": {"not-after": 1}}, "permit.not-after: 1970"), ({"domains": ["x"]}, "“domains”")):
        path = put("registration.json", json.dumps({**good, **more}).encode())
        call("vm", "register", ID, "--file", path, code=1, told=told, never=["--"])


@test
def only_what_the_ca_issued_is_revoked(_):
    ca, other, same = (os.path.join(WORK, name) for name in ("ca", "other-ca", "same-ca"))
    for place, *words in ((ca,), (other, "--name", "Other CA"), (same,)):
        call("ca", "init", "--dir", place, *words)
        for role, name in (("owner", "alice"), ("service", "localhost")):
            call("ca", "issue", "--dir", place, "--out", place, role, name)
    alice = os.path.join(ca, "owner-alice.pem")
    with open(alice, encoding="ascii") as source, open(os.path.join(ca, "ca.pem"), encoding="ascii") as authority:
        chain = put("chain.pem", (source.read() + authority.read()).encode())
    crl = os.path.join(ca, "crl.pem")
    request = put("request.pem", b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n")
    call("ca", "revoke", "--dir", other)
    for path, *told in ((os.path.join(ca, "ca.pem"), "the certificate of the CA itself"),
                        (os.path.join(other, "owner-alice.pem"), "issued by another CA, “CN=Other CA”"),
                        (os.path.join(other, "ca.pem"), "issued by another CA"),
                        (os.path.join(same, "owner-alice.pem"), "a CA of the same name", "with another key"),
                        (os.path.join(ca, "owner-alice.key"), "a private key"), (request, "a certificate request"),
                        (os.path.join(other, "crl.pem"), "it is a revocation list, not a certificate"), (chain, "several certificates"),
                        (put("empty.pem", b""), "the file is empty"), (put("text.pem", b"alice\n"), "no certificate in PEM form"),
                        (put("broken.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), "damaged")):
        # Beside a good one too, and then nothing is written.
        for words in ((path,), (alice, path)):
            call("ca", "revoke", "--dir", ca, *words, code=1, told=[path + ": ", *told, "that this CA issued (ROLE-NAME.pem"])
            assert not os.path.exists(crl)
    service = os.path.join(ca, "service.pem")
    call("ca", "revoke", "--dir", ca, alice, service, told=[f"revoked: {alice}", f"revoked: {service}", f"Copy {crl} to"])
    assert os.path.exists(crl)


@test
def files_that_are_there_are_kept(_):
    place = os.path.join(WORK, "kept-ca")
    call("ca", "init", "--dir", place)
    call("ca", "issue", "--dir", place, "--out", place, "host", "node1")
    before = {name: open(os.path.join(place, name), "rb").read() for name in sorted(os.listdir(place))}
    call("ca", "init", "--dir", place, code=1, told=["ca.pem already exists: move it away first"])
    for missing in ("host-node1.key", "host-node1.pem"):
        os.rename(os.path.join(place, missing), os.path.join(place, "away"))
        call("ca", "issue", "--dir", place, "--out", place, "host", "node1", code=1, told=["already exists: move it away first"])
        os.rename(os.path.join(place, "away"), os.path.join(place, missing))
    os.rename(os.path.join(place, "ca.pem"), os.path.join(place, "away"))
    call("ca", "init", "--dir", place, code=1, told=["ca.key already exists"])
    os.rename(os.path.join(place, "away"), os.path.join(place, "ca.pem"))
    assert before == {name: open(os.path.join(place, name), "rb").read() for name in sorted(os.listdir(place))}


@test
def wrong_words_are_named(_):
    for words, *told in ((("vm", "regsiter", "x"), "“regsiter” is not a verb of “vm”; did you mean “vm register”?", "“virt-attest vm --help”"),
                         (("vm", "Register", ID), "“Register” is not", "“vm register”"), (("secret", "ptu"), "“secret put”"),
                         (("vm", "xyzzy"), "“xyzzy” is not a verb of “vm”\n"), (("foo",), "“foo” is not a verb\n"),
                         (("lauch", "list"), "“lauch” is not a verb; did you mean “launch”?"),
                         (("vm-register", ID), "did you mean “vm register”?"), (("register", ID), "did you mean “vm register”?"),
                         (("sev", "vmsa", "biuld"), "“biuld” is not a verb of “sev vmsa”; did you mean “sev vmsa build”?"),
                         (("sev", "vmas", "show"), "“vmas” is not a verb of “sev”; did you mean “sev vmsa”?"),
                         (("--json", "vm", "list"), "“--json” is an option", "options follow the verb"), ((), "a verb is missing"),
                         (("",), "“” is not a verb"), (("vm", ""), "“” is not a verb of “vm”"), (("x" * 500,), "is not a verb"),
                         (("v\x1b[2Jm",), "is not a verb")):
        call(*words, code=2, told=[*told, "“virt-attest --help” lists"], never=["\x1b"])


@test
def operands_are_named(_):
    for words, told, never in ((("vm", "show"), "ID is missing\n", "expected"), (("vm", "confirm", ID), "PROPOSAL is missing\n", "ID is"),
                               (("vm", "show", ID, "more"), "unexpected argument “more”", "too much"),
                               (("secret", "put", "disk", "hunter2"), "unexpected argument after NAME", "hunter2"),
                               (("secret", "put", "disk", "x", "hunter2"), "unexpected argument after NAME", "hunter2")):
        call(*words, code=2, told=[told], never=[never])


@test
def groups_have_help(_):
    groups = {}
    for line in call("--help").splitlines():
        if line.startswith("  "):
            groups.setdefault(line.split()[0], []).append(line)
    assert len(groups) > 9, groups
    for group, lines in {**groups, "sev vmsa": [line for line in groups["sev"] if " vmsa " in line]}.items():
        for asked in ("--help", "-h", "help"):
            assert [line for line in call(*group.split(), asked).splitlines() if line.startswith("  ")] == lines
        assert [line for line in call(*group.split(), code=2).splitlines() if line.startswith("  ")] == lines


if __name__ == "__main__":
    sys.exit(tap.run(TESTS, None))
