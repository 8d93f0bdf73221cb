# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests of the store once more, on PostgreSQL.
set -u
if [ -z "${VA_TEST_POSTGRESQL-}" ]; then
  exec /usr/bin/python3 -m lib.postgresql run bash "$0"
fi
. "$VA_TOP_SRCDIR/tests/lib/tap.sh"
for program in "$VA_TOP_BUILDDIR"/tests/unit/test-store{,-commits,-launches,-objects,-pages,-tables}; do
  include "$program"
done
finish
