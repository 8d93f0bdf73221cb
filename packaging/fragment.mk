# SPDX-License-Identifier: LGPL-2.1-or-later
# What distributions build their packages from. The tarball has it all, so that nothing else is needed.
EXTRA_DIST += \
	debian/README.source \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/rules \
	debian/source/format \
	debian/source/lintian-overrides \
	debian/tests/control \
	debian/tests/demo \
	debian/tests/smoke \
	debian/virt-attest-host.README.Debian \
	debian/virt-attest-host.install \
	debian/virt-attest-host.lintian-overrides \
	debian/virt-attest-host.postinst \
	debian/virt-attest-host.postrm \
	debian/virt-attest-host.prerm \
	debian/virt-attest-host.triggers \
	debian/virt-attest-platform.install \
	debian/virt-attest-platform.lintian-overrides \
	debian/virt-attest-service.README.Debian \
	debian/virt-attest-service.install \
	debian/virt-attest-service.lintian-overrides \
	debian/virt-attest-service.postrm \
	debian/virt-attest.install \
	debian/virt-attest.lintian-overrides
EXTRA_DIST += \
	packaging/selinux/virt_attest.fc \
	packaging/selinux/virt_attest.if \
	packaging/selinux/virt_attest.te \
	packaging/virt-attest.rpmlintrc \
	packaging/virt-attest.spec
