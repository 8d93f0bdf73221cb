# SPDX-License-Identifier: LGPL-2.1-or-later
# Has moved; goes when nothing calls it here any more.
exec bash "$(dirname "$0")/../docs/test-tree.sh"
