# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the tables of members that the program reads and writes messages by with the JSON Schemas, both ways: the
same members, the same ones required, the same limits."""
import base64

TYPES = "types.schema.json"


def with_names(node, document):
    """NODE of DOCUMENT with the document's name in each reference, so that it means the same everywhere."""
    if isinstance(node, list):
        return [with_names(child, document) for child in node]
    if not isinstance(node, dict):
        return node
    return {word: document + child if word == "$ref" and child.startswith("#") else with_names(child, document)
            for word, child in node.items()}


class Comparison:
    """Of one message. STORE has the schemas by name, VALIDATE (node, value) says whether value fits a schema."""

    def __init__(self, store, validate):
        self.store = {name: with_names(schema, name) for name, schema in store.items()}
        self.validate = validate
        self.found = []

    def compare(self, name, table):
        self.objects(name, table, self.store[name + ".schema.json"])

    def say(self, path, what):
        self.found.append(f"{path}: {what}")

    def same(self, path, what, table, schema):
        if table != schema:
            self.say(path, f"{what} is {table} in the table, {schema} in the schema")

    def merged(self, node):
        """NODE with what it refers to and all of its allOf; the limits of NODE itself win."""
        whole = {}
        if "$ref" in node:
            name, _, pointer = node["$ref"].partition("#")
            target = self.store[name]
            for part in pointer.split("/")[1:]:
                target = target[part]
            whole = self.merged(target)
        for part in node.get("allOf", []):
            if "if" not in part:
                whole = self.join(whole, self.merged(part))
        return self.join(whole, node)

    @staticmethod
    def join(first, second):
        whole = {**first, **second}
        for word, kind in (("properties", dict), ("required", list)):
            parts = [node[word] for node in (first, second) if word in node]
            if len(parts) == 2:
                whole[word] = {**parts[0], **parts[1]} if kind is dict else parts[0] + parts[1]
        return whole

    def objects(self, path, table, node):
        node = self.merged(node)
        lines = {line["name"]: line for line in table}
        properties = node.get("properties", {})
        self.same(path, "whether it is an object", "object", node.get("type"))
        for name in lines.keys() - properties.keys():
            self.say(f"{path}.{name}", "only in the table")
        for name in properties.keys() - lines.keys():
            self.say(f"{path}.{name}", "only in the schema")
        if node.get("additionalProperties", node.get("unevaluatedProperties")) is not False:
            self.say(path, "the schema takes unknown members")
        for name in lines.keys() & properties.keys():
            self.same(f"{path}.{name}", "required", lines[name]["required"], name in node.get("required", []))
            self.member(f"{path}.{name}", lines[name], properties[name])

    def member(self, path, line, node):
        compare = getattr(self, line["kind"].replace("-", "_"))
        compare(path, line, self.merged(node))

    def fits(self, path, node, what, value, wanted):
        if self.validate(node, value) != wanted:
            self.say(path, f"the schema {'refuses' if wanted else 'takes'} {what}")

    def text(self, path, line, node):
        self.string(path, line, node)
        self.fits(path, node, "a control character", "a\x07", False)

    def string(self, path, line, node):
        self.same(path, "type", "string", node.get("type"))
        self.same(path, "the longest text", line["max"], node.get("maxLength"))
        self.fits(path, node, "the longest text", "a" * line["max"], True)
        least = max(line["min"], line["kind"] == "text")
        self.fits(path, node, f"{least} characters", "a" * least, True)
        if least > 0:
            self.fits(path, node, f"{least - 1} characters", "a" * (least - 1), False)

    def uuid(self, path, _, node):
        self.same(path, "form", self.store[TYPES]["$defs"]["uuid"]["pattern"], node.get("pattern"))

    def number(self, path, line, node):
        self.same(path, "type", "integer", node.get("type"))
        self.same(path, "the least number", line["min"], node.get("minimum"))
        self.same(path, "the largest number", line["max"], node.get("maximum"))

    def boolean(self, path, _, node):
        self.same(path, "type", "boolean", node.get("type"))

    def choice(self, path, line, node):
        self.same(path, "choices", line["choices"], node.get("enum", [node.get("const")]))

    def encoded(self, path, node, least, most):
        """Base64 of LEAST to MOST bytes; the schema counts characters, three bytes to four."""
        self.same(path, "the longest text", (most + 2) // 3 * 4, node.get("maxLength"))
        for size in {least, most}:
            self.fits(path, node, f"{size} bytes", base64.b64encode(bytes(size)).decode(), True)
        for size in {(least - 1) // 3 * 3, most + 3}:
            self.fits(path, node, f"{size} bytes", base64.b64encode(bytes(size)).decode(), False)
        self.fits(path, node, "a line end", base64.b64encode(bytes(most)).decode()[:-1] + "\n", False)

    def base64(self, path, line, node):
        self.encoded(path, node, line["size"], line["size"])

    def bytes(self, path, line, node):
        self.encoded(path, node, line["min"], line["max"])

    secret = bytes

    def hex(self, path, line, node):
        digits = line["size"] * 2
        self.same(path, "the longest text", digits, node.get("maxLength"))
        for text, wanted in (("0a" * line["size"], True), ("0" * (digits - 1), False), ("A" * digits, False)):
            self.fits(path, node, text, text, wanted)

    def list(self, path, line, node):
        """What all lists have; returns the schema of an element."""
        self.same(path, "type", "array", node.get("type"))
        self.same(path, "most elements", line["elements"], node.get("maxItems"))
        return self.merged(node.get("items", {}))

    def strings(self, path, line, node):
        self.same(path, "fewest elements", 1, node.get("minItems"))
        self.one_string(path + "[]", line, self.list(path, line, node))

    def one_string(self, path, line, node):
        self.same(path, "type", "string", node.get("type"))
        self.same(path, "the longest text", line["max"], node.get("maxLength"))
        self.same(path, "the shortest text", 1, node.get("minLength", 1))
        self.fits(path, node, "an empty text", "", False)

    def one_or_several(self, path, line, node):
        one, several = (self.merged(part) for part in node.get("anyOf") or node["oneOf"])
        self.one_string(path, line, one)
        self.strings(path, line, several)

    def numbers(self, path, line, node):
        self.same(path, "fewest elements", 1, node.get("minItems"))
        self.number(path + "[]", line, self.list(path, line, node))

    def group(self, path, line, node):
        self.objects(path, line["members"], node)

    message = group

    def messages(self, path, line, node):
        self.objects(path + "[]", line["members"], self.list(path, line, node))

    def alternatives(self, path, line, node):
        parts = self.list(path, line, node).get("oneOf", [])
        self.same(path, "how many kinds of elements", len(line["each"]), len(parts))
        for number, (table, part) in enumerate(zip(line["each"], parts), 1):
            self.objects(f"{path}[{number}]", table, part)

    def number_or_object(self, path, line, node):
        number, rule = (self.merged(part) for part in node["anyOf"])
        self.number(path, line, number)
        self.objects(path, line["members"], rule)
