# SPDX-License-Identifier: LGPL-2.1-or-later
"""What several suites of tests share. tests/run-test puts it where Python finds it: from lib import tap."""
