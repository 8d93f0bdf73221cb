# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/unit/test-rekey once more, on PostgreSQL.
exec /usr/bin/python3 -m lib.postgresql run "$VA_TOP_BUILDDIR/tests/unit/test-rekey"
