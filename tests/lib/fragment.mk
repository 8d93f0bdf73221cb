# SPDX-License-Identifier: LGPL-2.1-or-later
# What several suites share: the Python package lib, which tests/run-test puts where Python finds it, and tap.sh.
EXTRA_DIST += \
	tests/lib/__init__.py \
	tests/lib/agent.py \
	tests/lib/hostile_service.py \
	tests/lib/key_service.py \
	tests/lib/line.py \
	tests/lib/metrics.py \
	tests/lib/namespace.py \
	tests/lib/owner.py \
	tests/lib/peers.py \
	tests/lib/postgresql.py \
	tests/lib/revocation.py \
	tests/lib/service.py \
	tests/lib/tap.py \
	tests/lib/tap.sh
