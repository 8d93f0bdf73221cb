# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-tls: certificates and identities; libva-http-server, libva-http-client: the two ends.
EXTRA_DIST += src/http/ca.h src/http/identity.h src/http/server.h src/http/client.h
