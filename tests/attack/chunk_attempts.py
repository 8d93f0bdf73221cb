# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bodies in chunks, which a server and whoever stands before it may cut at different places."""

import json
import uuid

from catalogue import attempt, need
from tls_attempts import SMUGGLED, raw_answer


@attempt("owner", "hides a second request after a body in chunks, with line ends that only some accept as such")
def hides_request_in_chunks(w):
    head = b"POST /v1/launch/" + str(uuid.uuid4()).encode() + b"/approve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for encoding in (b"chunked", b"Chunked", b"identity", b"chunked\t", b""):
        for body in (b"2\r\n{}\r\n0\r\n\r\n", b"2\n{}\n0\n\n", b"2;a=\n\r\n{}\r\n0\r\n\r\n", b"02\r\n{}\r\n0\r\nX: y\n\n", b"0\r\n\r\n",
                     b"zz\r\n", b"1;" + b"a" * 20000 + b"\r\n"):
            answer = raw_answer(w, head + b"Transfer-Encoding: " + encoding + b"\r\n\r\n" + body + SMUGGLED)
            need(answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1, str((encoding, body[:20], answer[:200])))
            problem = json.loads(answer.partition(b"\r\n\r\n")[2])
            need("Content-Length" in problem["detail"], str(problem))
    return problem["code"]
