# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-store.la
libva_store_la_SOURCES = \
	src/store/artifact.c src/store/artifact.h \
	src/store/attempt.c \
	src/store/audit.c src/store/audit.h \
	src/store/audit-end.c \
	src/store/audit-log.c \
	src/store/audit-place.c src/store/audit-place.h \
	src/store/audit-tables.c \
	src/store/backend.h \
	src/store/backup-file.c src/store/backup-file.h \
	src/store/copy.c \
	src/store/data-keys.c \
	src/store/error.h \
	src/store/host.c src/store/host.h \
	src/store/key-wrap.c \
	src/store/keys.c src/store/keys.h \
	src/store/launch.c src/store/launch.h \
	src/store/launch-change.c \
	src/store/launch-create.c \
	src/store/launch-end.c \
	src/store/launch-table.h \
	src/store/look.c \
	src/store/named.c src/store/named.h \
	src/store/page.c src/store/page.h \
	src/store/private-copy.c src/store/private-copy.h \
	src/store/proposal.c src/store/proposal.h \
	src/store/prune.c src/store/prune.h \
	src/store/quota.c src/store/quota.h \
	src/store/registration.c src/store/registration.h \
	src/store/registration-version.c \
	src/store/rekey.c \
	src/store/schema.c src/store/schema.h \
	src/store/sealing.h \
	src/store/secret.c src/store/secret.h \
	src/store/size.c \
	src/store/sql.h \
	src/store/sqlite-foreign.c src/store/sqlite-foreign.h \
	src/store/store.c src/store/store.h \
	src/store/store-private.h \
	src/store/table.c src/store/table.h \
	src/store/tables.c src/store/tables.h
nodist_libva_store_la_SOURCES = src/store/sql-schema.h
libva_store_la_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(JSON_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
libva_store_la_LIBADD = libva-db.la libva-kek.la libva-audit.la libva-codec.la libva-core.la $(JSON_LIBS) $(GNUTLS_LIBS) $(SQLITE_LIBS) $(PQ_LIBS) $(GLIB_LIBS)

# Each version's script as one C string: store-DATABASE-VERSION.sql becomes VA_DATABASE_SCHEMA_VERSION.
store_schemas = schemas/store-sqlite-1.sql schemas/store-sqlite-2.sql schemas/store-sqlite-3.sql \
	schemas/store-sqlite-4.sql schemas/store-sqlite-5.sql schemas/store-sqlite-6.sql \
	schemas/store-postgresql-4.sql schemas/store-postgresql-5.sql schemas/store-postgresql-6.sql
src/store/sql-schema.h: $(store_schemas)
	$(AM_V_GEN)$(MKDIR_P) src/store && { for sql in $^; do \
	  name=`basename $$sql .sql | sed -e 's/^store-\(.*\)-\([0-9]*\)$$/\1_SCHEMA_\2/' | tr a-z A-Z`; \
	  echo "#define VA_$$name \\"; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/  "/' -e 's/$$/\\n" \\/' $$sql; \
	  echo '  ""'; done; } > $@.new && mv $@.new $@
$(libva_store_la_OBJECTS): src/store/sql-schema.h
BUILT_SOURCES += src/store/sql-schema.h
CLEANFILES += src/store/sql-schema.h
EXTRA_DIST += $(store_schemas)
