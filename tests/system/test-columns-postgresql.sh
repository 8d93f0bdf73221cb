# SPDX-License-Identifier: LGPL-2.1-or-later
# The test of all columns once more, on PostgreSQL.
exec /usr/bin/python3 -m lib.postgresql run \
  /usr/bin/python3 "$VA_TOP_SRCDIR/tests/system/test-columns.py"
