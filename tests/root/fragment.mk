# SPDX-License-Identifier: LGPL-2.1-or-later
# Other releases of Debian in directories of the build tree: ./check --in SUITE makes one, and builds and tests in it.
EXTRA_DIST += tests/root/make-root tests/root/enter tests/root/build-virtqemud tests/root/packages

check-trixie check-sid:
	$(top_srcdir)/check --in $(@:check-%=%)
.PHONY: check-trixie check-sid
