# SPDX-License-Identifier: LGPL-2.1-or-later
# make attack: each hostile party against a running service, a line each; the same is a test of make check.
# make attack ATTACK="NAME ...": those attempts alone.
attack_tests = tests/attack/attack.py
TESTS += $(attack_tests)
EXTRA_DIST += $(attack_tests) \
	tests/attack/catalogue.py \
	tests/attack/backup_attempts.py \
	tests/attack/chunk_attempts.py \
	tests/attack/database_attempts.py \
	tests/attack/gate_attempts.py \
	tests/attack/host_attempts.py \
	tests/attack/limit_attempts.py \
	tests/attack/id_attempts.py \
	tests/attack/imposter_attempts.py \
	tests/attack/operator_attempts.py \
	tests/attack/owner_attempts.py \
	tests/attack/stranger_attempts.py \
	tests/attack/tls_attempts.py

.PHONY: attack
attack: all
	@VA_ATTACK=plain; export VA_ATTACK; $(AM_TESTS_ENVIRONMENT) \
	  $(SHELL) $(srcdir)/tests/run-test /usr/bin/python3 $(srcdir)/tests/attack/attack.py $(ATTACK)
