# SPDX-License-Identifier: LGPL-2.1-or-later
dist_man_MANS += \
	docs/man/virt-attest.1 \
	docs/man/virt-attest-client.conf.5 \
	docs/man/virt-attest-domain.5 \
	docs/man/virt-attest-emulator.8 \
	docs/man/virt-attest-errors.7 \
	docs/man/virt-attest-gate.8 \
	docs/man/virt-attest-gate.conf.5 \
	docs/man/virt-attest-hook.8 \
	docs/man/virt-attest-hook.conf.5 \
	docs/man/virt-attest-hostd.8 \
	docs/man/virt-attest-hostd.conf.5 \
	docs/man/virt-attest-service.conf.5 \
	docs/man/virt-attest-sev.1 \
	docs/man/virt-attestd.8
dist_doc_DATA = README.md CHANGELOG.md SECURITY.md LICENSE \
	docs/INSTALL.md docs/OPENSTACK.md docs/PERFORMANCE.md docs/PROTOCOL.md docs/SEV.md docs/THREATS.md docs/ARCHITECTURE.md
EXTRA_DIST += docs/bench-latency.svg docs/bench-throughput.svg
