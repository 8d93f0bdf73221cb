# SPDX-License-Identifier: LGPL-2.1-or-later
"""The JSON Schemas, the RELAX NG schema and the program's own readers must say the same to every message in
tests/data/messages, and docs/PROTOCOL.md must have
exactly the calls of openapi.yaml and the members of the schemas."""
import base64
import glob
import json
import os
import re
import subprocess
import sys

import jsonschema
import yaml

import message_tables
from lib import tap

SOURCE = os.environ["VA_TOP_SRCDIR"]
SCHEMAS = os.path.join(SOURCE, "schemas")
READER = os.path.join(os.environ["VA_TOP_BUILDDIR"], "tests", "docs", "read-message")
SCRATCH = os.environ["TMPDIR"]
NAMESPACE = "urn:virt-attest:launch:1"
UUID = "6f1d2c3b-4a59-4e87-9d10-0123456789ab"

PRINTER = tap.Printer()
result = PRINTER.result


def load_schemas():
    store = {}
    for path in glob.glob(os.path.join(SCHEMAS, "*.schema.json")):
        with open(path, encoding="utf-8") as f:
            store[os.path.basename(path)] = json.load(f)
    return store

STORE = load_schemas()


def validator(name=None, node=None):
    """Of the schema NAME, or of NODE, whose references all have a schema's name."""
    resolver = jsonschema.RefResolver(base_uri="", referrer=node or STORE[name], store=STORE)
    return jsonschema.Draft202012Validator(node or STORE[name], resolver=resolver)


def expand(value):
    """@KIND WORDS in a string of a case stands for something too long to write down."""
    if isinstance(value, list):
        return [expand(v) for v in value]
    if isinstance(value, dict):
        return {k: expand(v) for k, v in value.items()}
    if not isinstance(value, str) or not value.startswith("@") or " " not in value:
        return value
    kind, rest = value[1:].split(" ", 1)
    return {"base64": lambda: base64.b64encode(bytes(i * 7 % 251 for i in range(int(rest)))).decode(),
            "text": lambda: "x" * int(rest),
            "umlaut": lambda: "ü" * (int(rest) // 2) + "x" * (int(rest) % 2),
            "hash": lambda: rest * 64,
            "cut": lambda: expand(rest)[:-1],
            "line": lambda: expand(rest) + "\n",
            "url": lambda: "-_" + expand(rest)[2:]}[kind]()


def message(base, case):
    made = dict(base)
    made.update(case.get("set", {}))
    for name in case.get("remove", []):
        del made[name]
    return expand(made)


def ask_program(kind, texts):
    paths = []
    for number, text in enumerate(texts):
        paths.append(os.path.join(SCRATCH, f"{kind}-{number}"))
        with open(paths[-1], "w", encoding="utf-8", newline="") as f:
            f.write(text)
    answer = subprocess.run([READER, kind, *paths], stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = answer.splitlines()
    assert len(lines) == len(texts), answer
    return [line.partition(" ")[::2] for line in lines]


def check_kind(kind):
    with open(os.path.join(SOURCE, "tests", "data", "messages", kind + ".json"), encoding="utf-8") as f:
        cases = json.load(f)
    schema = validator(kind + ".schema.json")
    groups = [("good", True, True), ("bad", False, False), ("beyond-schema", True, False)]
    assert len(cases["bad"]) > len(cases["good"]) > 0
    for group, by_schema, by_program in groups:
        messages = [message(cases["base"], case) for case in cases[group]]
        answers = ask_program(kind, [json.dumps(m) for m in messages]) if messages else []
        for case, made, (verdict, words) in zip(cases[group], messages, answers):
            errors = [e.message[:200] for e in schema.iter_errors(made)]
            fine = (not errors) == by_schema and (verdict == "yes") == by_program
            if fine and verdict == "yes":
                fine = check_again(kind, schema, made, words)
            result(fine, f"{kind}: {group}: {case['why']}",
                   "" if fine else f"schema: {errors or 'yes'}\nprogram: {verdict} {words[:200]}")


def check_again(kind, schema, made, words):
    """What the program writes is valid, and read again comes out the same."""
    again = json.loads(words)
    (verdict, twice), = ask_program(kind, [words])
    if not schema.is_valid(again) or verdict != "yes" or json.loads(twice) != again:
        return False
    if kind != "registration":
        return again == made
    return check_answer(made, again)


def check_answer(made, again):
    """An answer has the same rules and no secret bytes."""
    (_, words), = ask_program("registration-answer", [json.dumps(made)])
    answer = json.loads(words)
    full = dict(answer, id=UUID, created=1, launches=0, running=0, approved=0)
    hidden = [s.get("passphrase") or s.get("data") for s in made.get("secrets", []) if "name" not in s]
    return (validator("registration-answer.schema.json").is_valid(full)
            and {k: v for k, v in answer.items() if k != "secrets"} == {k: v for k, v in again.items() if k != "secrets"}
            and not any(secret in words for secret in hidden))


def check_json_itself():
    """Messages that no JSON Schema sees, because a JSON parser already must refuse them."""
    texts = {"twice one member": '{"state": "ended", "state": "running"}', "a comment": '{"state": "ended"} // so',
             "single quotes": "{'state': 'ended'}", "a list": "[]", "nothing": "", "two objects": '{"state":"ended"}{}',
             "a trailing comma": '{"state": "ended",}', "a zero byte in a string": '{"state": "ended\\u0000x"}',
             "half a surrogate pair": '{"state": "ended", "reason": "\\ud800"}',
             "the other half": '{"state": "ended", "reason": "\\udc00x"}',
             "half a pair and a letter": '{"state": "ended", "reason": "\\ud800\\u0041"}',
             "an escape cut short": '{"state": "ended", "reason": "\\u00"}',
             "a number with a leading zero": '{"state": "ended", "steps": [{"name": "a", "ms": 01}]}',
             "NaN": '{"state": "ended", "steps": [{"name": "a", "ms": NaN}]}'}
    for (why, text), (verdict, words) in zip(texts.items(), ask_program("outcome", texts.values())):
        result(verdict == "no", f"no JSON: {why}", "" if verdict == "no" else words)


# No program reads these: the service and its store write them, member by member, and the CLI shows them as they are.
ONLY_WRITTEN = {"artifact", "artifact-detail", "artifacts", "audit", "checkpoint", "confirmation", "empty", "health",
                "hosts", "launch", "launches", "problem", "proposal", "receipt", "registrations", "secret", "secrets"}
PARTS = {"types", "registration-members"}  # of other schemas


def check_message_tables():
    """The tables that the program reads and writes by, the schemas, and the sources that define the tables."""
    answer = subprocess.run([READER, "tables"], stdout=subprocess.PIPE, check=True).stdout
    tables = json.loads(answer)
    for name, table in sorted(tables.items()):
        comparison = message_tables.Comparison(STORE, lambda node, value: validator(node=node).is_valid(value))
        comparison.compare(name, table)
        result(table and not comparison.found, f"{name}: table and schema agree", "\n".join(comparison.found))
    schemas = {name[:-len(".schema.json")] for name in STORE}
    wrong = (set(tables) | ONLY_WRITTEN | PARTS) ^ schemas | set(tables) & ONLY_WRITTEN
    result(not wrong, "each message that the program reads has a table and a schema", str(wrong))
    defined = set()
    for path in glob.glob(os.path.join(SOURCE, "src", "api", "*.c")):
        with open(path, encoding="utf-8") as f:
            defined.update(re.findall(r'^  \.name = "([a-z-]+)",', f.read(), re.M))
    result(defined == set(tables), "read-message has the tables of src/api", str(defined ^ set(tables)))


LAUNCH = f"<a:launch xmlns:a='{NAMESPACE}' %s"
DOMAIN = f"<domain id='3'><name>vm</name><uuid>{UUID}</uuid>%s</domain>"
METADATA = DOMAIN % "<metadata><x xmlns='urn:x'/>%s</metadata>"
DOMAINS = [
    ("opted-in", "no id", METADATA % (LAUNCH % "mode='required'/>")),
    ("opted-in", "an id", METADATA % (LAUNCH % f"mode='required' id='{UUID}'/>")),
    ("opted-in", "white space and a comment inside", METADATA % (LAUNCH % "mode='required'> <!-- x -->\n</a:launch>")),
    ("not-ours", "no metadata", DOMAIN % ""),
    ("not-ours", "metadata of others", METADATA % "<launch mode='required'/>"),
    ("not-ours", "a later version of ours", METADATA % (LAUNCH % "mode='x'/>").replace("launch:1", "launch:2")),
    # Declared and not used: RELAX NG does not see declarations; test-domain-xml.c holds that the agent refuses it.
    (None, "no mode", METADATA % (LAUNCH % "/>")),
    (None, "another mode", METADATA % (LAUNCH % "mode='optional'/>")),
    (None, "mode with white space", METADATA % (LAUNCH % "mode=' required '/>")),
    (None, "an empty mode", METADATA % (LAUNCH % "mode=''/>")),
    (None, "an empty id", METADATA % (LAUNCH % "mode='required' id=''/>")),
    (None, "an id in upper case", METADATA % (LAUNCH % f"mode='required' id='{UUID.upper()}'/>")),
    (None, "an id that is none", METADATA % (LAUNCH % "mode='required' id='web'/>")),
    ("opted-in", "whose it is", METADATA % (LAUNCH % f"mode='required' id='{UUID}' owner='a-1.b_c'/>")),
    (None, "an owner of nothing", METADATA % (LAUNCH % "mode='required' owner=''/>")),
    (None, "an owner in upper case", METADATA % (LAUNCH % "mode='required' owner='Alice'/>")),
    (None, "an owner with a person", METADATA % (LAUNCH % "mode='required' owner='alice:carl'/>")),
    (None, "an owner with a line break", METADATA % (LAUNCH % "mode='required' owner='a&#10;'/>")),
    (None, "an owner of 65 letters", METADATA % (LAUNCH % f"mode='required' owner='{'a' * 65}'/>")),
    (None, "another attribute", METADATA % (LAUNCH % "mode='required' host='a'/>")),
    (None, "an attribute of ours with a prefix", METADATA % (LAUNCH % "a:mode='required'/>")),
    (None, "text inside", METADATA % (LAUNCH % "mode='required'>x</a:launch>")),
    (None, "an element inside", METADATA % (LAUNCH % "mode='required'><b/></a:launch>")),
    (None, "two of them", METADATA % ((LAUNCH % "mode='required'/>") * 2)),
    (None, "another element of ours", METADATA % f"<a:permit xmlns:a='{NAMESPACE}'/>"),
    (None, "another beside it", METADATA % ((LAUNCH % "mode='required'/>") + f"<a:b xmlns:a='{NAMESPACE}'/>")),
    (None, "deeper in the metadata", METADATA % ("<y>" + (LAUNCH % "mode='required'/>") + "</y>")),
    (None, "outside the metadata", DOMAIN % (LAUNCH % "mode='required'/>")),
    (None, "an attribute of ours elsewhere", DOMAIN % f"<devices xmlns:a='{NAMESPACE}' a:b=''/>"),
    (None, "an attribute of ours on the metadata", DOMAIN % f"<metadata xmlns:a='{NAMESPACE}' a:b=''/>"),
    (None, "another kind of document", "<network/>"),
]


def ask_relaxng(path):
    return subprocess.run(["xmllint", "--nonet", "--noout", "--relaxng", os.path.join(SCHEMAS, "domain-metadata.rng"),
                           path], stderr=subprocess.DEVNULL, check=False).returncode == 0


def check_domains():
    answers = ask_program("domain", [text for _, _, text in DOMAINS])
    for number, ((expected, why, _), (verdict, words)) in enumerate(zip(DOMAINS, answers)):
        by_schema = ask_relaxng(os.path.join(SCRATCH, f"domain-{number}"))
        fine = by_schema == (expected is not None) and (words == expected if expected else verdict == "no")
        result(fine, f"domain: {why}", "" if fine else f"schema: {by_schema}\nprogram: {verdict} {words}")
    for path in sorted(glob.glob(os.path.join(SOURCE, "tests", "data", "domains", "*.xml"))
                       + glob.glob(os.path.join(SCHEMAS, "examples", "*.xml"))):
        result(ask_relaxng(path), f"domain: {os.path.basename(path)} fits domain-metadata.rng")


def check_examples():
    for path in sorted(glob.glob(os.path.join(SCHEMAS, "examples", "*.json"))):
        kind = os.path.basename(path).split(".")[0]
        with open(path, encoding="utf-8") as f:
            errors = [e.message for e in validator(kind + ".schema.json").iter_errors(json.load(f))]
        result(not errors, f"example {os.path.basename(path)} fits its schema", "\n".join(errors))


def check_schemas_themselves():
    for name, schema in sorted(STORE.items()):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            problem = "" if schema["$id"] == name else f"$id is {schema['$id']}"
        except jsonschema.SchemaError as error:
            problem = error.message
        result(not problem, f"{name} is a schema", problem)
    codes = subprocess.run([READER, "codes"], stdout=subprocess.PIPE, check=True).stdout.decode().split()[1::2]
    result(STORE["problem.schema.json"]["$defs"]["code"]["enum"] == codes, "the problem codes are the program's",
           " ".join(codes))


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def resolves(document, reference):
    name, _, pointer = reference.partition("#")
    node = STORE.get(name) if name else document
    for part in pointer.split("/")[1:]:
        node = node.get(part) if isinstance(node, dict) else None
    return node is not None


def read_protocol():
    with open(os.path.join(SOURCE, "docs", "PROTOCOL.md"), encoding="utf-8") as f:
        return f.read()


def calls_of_protocol():
    rows = re.findall(r"^\| (GET|POST|PUT|DELETE) (/v1/[^ ?,\[|]*)", read_protocol(), re.M)
    return set(rows)


def members(node, prefix=""):
    """Each member of a schema by its path, and whether it is required. Messages of their own are not entered."""
    if not isinstance(node, dict):
        return {}
    name, _, kind = node.get("$ref", "").partition("#/$defs/")
    found = {}
    if kind and name in ("", "types.schema.json"):
        found = members(STORE["types.schema.json"]["$defs"].get(kind), prefix)
    elif name == "registration-members.schema.json":
        found = members(STORE[name]["$defs"][kind] if kind else STORE[name], prefix)
    for name, child in node.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        found.update({path: name in node.get("required", []), **members(child, path)})
    found.update(members(node.get("items"), prefix + "[]"))
    for child in sum((node.get(word, []) for word in ("oneOf", "anyOf", "allOf")), []):
        found = {**members(child, prefix), **found}
    return found


def check_tables():
    """The tables of members in PROTOCOL.md have the members of their schemas, and the same ones are required."""
    told = set()
    for section in re.split(r"^###+ ", read_protocol(), flags=re.M)[1:]:
        names = re.findall(r"`([a-z-]+\.schema\.json)`", section)
        if not names:
            continue
        told.add(names[0])
        base = set().union(*(members(STORE[name]) for name in names[1:]))
        wanted = members(STORE[names[0]])
        rows = {path: word == "yes" for path, word in re.findall(r"^\| `([^`]+)` \|.*?\| (yes|no) \|", section, re.M)}
        wrong = [f"only in the table: {path}" for path in rows if path not in wanted]
        wrong += [f"not in the table: {path}" for path in wanted if path not in rows and path not in base]
        wrong += [f"required or not: {path}" for path in rows if wanted.get(path, rows[path]) != rows[path]]
        result(rows and not wrong, f"PROTOCOL.md: the table of {names[0]}", "\n".join(wrong))
    lists = {name for name, schema in STORE.items() if "next" in schema.get("properties", {})}
    missing = set(STORE) - told - lists - {part + ".schema.json" for part in PARTS | {"empty"}}
    result(not missing, "PROTOCOL.md has a table for each message", str(missing))


def check_openapi():
    with open(os.path.join(SCHEMAS, "openapi.yaml"), encoding="utf-8") as f:
        api = yaml.safe_load(f)
    missing = [r for r in references(api) if not resolves(api, r)]
    result(not missing, "openapi.yaml: every reference leads somewhere", "\n".join(missing))
    for name, schema in sorted(STORE.items()):
        missing = [r for r in references(schema) if not resolves(schema, r)]
        result(not missing, f"{name}: every reference leads somewhere", "\n".join(missing))
    calls = {(m.upper(), p) for p, item in api["paths"].items() for m in item if m != "parameters"}
    wanted = calls_of_protocol()
    result(len(wanted) > 15 and calls == wanted, "openapi.yaml has the calls of PROTOCOL.md",
           f"only in PROTOCOL.md: {wanted - calls}\nonly in openapi.yaml: {calls - wanted}")
    used = {r.split("#")[0] for r in references(api)} | {r.split("#")[0] for s in STORE.values() for r in references(s)}
    result(set(STORE) <= used, "every schema is used", f"unused: {set(STORE) - used}")
    ids = [op["operationId"] for item in api["paths"].values() for m, op in item.items() if m != "parameters"]
    result(len(ids) == len(set(ids)), "openapi.yaml: operation ids are unique")


def main():
    check_schemas_themselves()
    for path in sorted(glob.glob(os.path.join(SOURCE, "tests", "data", "messages", "*.json"))):
        check_kind(os.path.basename(path)[:-len(".json")])
    check_message_tables()
    check_json_itself()
    check_domains()
    check_examples()
    check_openapi()
    check_tables()
    return PRINTER.end()


sys.exit(main())
