# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-store.la
libva_store_la_SOURCES = \
	src/store/backend.h \
	src/store/error.h \
	src/store/record.c src/store/record.h \
	src/store/seal.c src/store/seal.h \
	src/store/sqlite.c src/store/sqlite.h \
	src/store/sqlite-audit.c \
	src/store/sqlite-launch.c \
	src/store/sqlite-objects.c \
	src/store/sqlite-proposal.c \
	src/store/sqlite-registration.c \
	src/store/store.c src/store/store.h
nodist_libva_store_la_SOURCES = src/store/sqlite-schema.h
libva_store_la_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(JSON_CFLAGS) $(SQLITE_CFLAGS)
libva_store_la_LIBADD = libva-audit.la libva-core-json.la libva-core.la $(JSON_LIBS) $(GNUTLS_LIBS) $(SQLITE_LIBS) $(GLIB_LIBS)

# Each version's schema as one C string.
store_schemas = schemas/store-sqlite.sql schemas/store-sqlite-2.sql schemas/store-sqlite-3.sql
src/store/sqlite-schema.h: $(store_schemas)
	$(AM_V_GEN)$(MKDIR_P) src/store && { n=1; for sql in $^; do echo "#define VA_SQLITE_SCHEMA_$$n \\"; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/  "/' -e 's/$$/\\n" \\/' $$sql; \
	  echo '  ""'; n=$$((n + 1)); done; } > $@.new && mv $@.new $@
$(libva_store_la_OBJECTS): src/store/sqlite-schema.h
BUILT_SOURCES += src/store/sqlite-schema.h
CLEANFILES += src/store/sqlite-schema.h
EXTRA_DIST += $(store_schemas)
