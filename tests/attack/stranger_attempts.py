# SPDX-License-Identifier: LGPL-2.1-or-later
"""Strangers: no certificate of the site's CA."""

import copy
import os
import ssl

from lib.peers import Peer, Refused, Site
from lib.service import SCHEMAS, TMP

from catalogue import NotStopped, attempt, need


@attempt("stranger", "speaks to the service without a certificate of the site's CA")
def speaks_service_without_certificate(w):
    stranger = Peer(Site(os.path.join(TMP, "other-site")), "owner", "alice", SCHEMAS.check)
    stranger.service = w.service
    stranger.context.load_verify_locations(w.site.ca)
    try:
        stranger.get("/vm")
    except Refused as problem:
        return problem.code
    except (ssl.SSLError, ConnectionError) as error:
        need(not isinstance(error, ssl.SSLCertVerificationError), str(error))
        return "tls"
    raise NotStopped("it was answered")


@attempt("stranger", "uses an old version of TLS")
def uses_old_version_tls(w):
    peer = copy.copy(w.alice)
    peer.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    peer.context.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.context.load_verify_locations(w.site.ca)
    try:
        peer.get("/vm")
    except (ssl.SSLError, ConnectionError):
        return "tls"
    raise NotStopped("it was answered")
