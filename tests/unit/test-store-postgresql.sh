# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/unit/test-store once more, on PostgreSQL.
exec /usr/bin/python3 "$VA_TOP_SRCDIR/tests/unit/postgresql.py" run "$VA_TOP_BUILDDIR/tests/unit/test-store"
