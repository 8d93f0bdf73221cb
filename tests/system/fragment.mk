# SPDX-License-Identifier: LGPL-2.1-or-later
# A real virt-attestd, with peers that call it: service_*.py are the tests of test-service.py, cluster_*.py those of
# test-cluster.py. The scripts run the same tests on PostgreSQL.
system_tests = \
	tests/system/test-columns.py \
	tests/system/test-rekey-postgresql.sh \
	tests/system/test-service.py \
	tests/system/test-store-postgresql.sh
slow_system_tests = \
	tests/system/test-cluster.py \
	tests/system/test-columns-postgresql.sh \
	tests/system/test-service-postgresql.sh
TESTS += $(system_tests)
slow_tests += $(slow_system_tests)
EXTRA_DIST += $(system_tests) $(slow_system_tests) \
	tests/system/balancer.py \
	tests/system/cluster_database.py \
	tests/system/cluster_failover.py \
	tests/system/cluster_faults.py \
	tests/system/cluster_images.py \
	tests/system/cluster_requests.py \
	tests/system/cluster_world.py \
	tests/system/columns_answers.py \
	tests/system/service_agent.py \
	tests/system/service_audit.py \
	tests/system/service_check.py \
	tests/system/service_cli.py \
	tests/system/service_columns.py \
	tests/system/service_confirm.py \
	tests/system/service_database.py \
	tests/system/service_explanations.py \
	tests/system/service_journal.py \
	tests/system/service_kek.py \
	tests/system/service_keys.py \
	tests/system/service_launches.py \
	tests/system/service_lifetime.py \
	tests/system/service_limits.py \
	tests/system/service_metrics.py \
	tests/system/service_objects.py \
	tests/system/service_operation.py \
	tests/system/service_owner.py \
	tests/system/service_persons.py \
	tests/system/service_prune.py \
	tests/system/service_reach.py \
	tests/system/service_rekey.py \
	tests/system/service_revocation.py \
	tests/system/service_roles.py \
	tests/system/service_source.py \
	tests/system/service_storage.py \
	tests/system/service_trust.py \
	tests/system/service_unreadable.py

# A registration that only an older version could have stored, for service_unreadable.py.
check_PROGRAMS += tests/system/put-registration
tests_system_put_registration_SOURCES = tests/system/put-registration.c
tests_system_put_registration_CFLAGS = $(store_test_cflags)
tests_system_put_registration_LDADD = libva-store.la libva-audit.la libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
