# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-store.la
libva_store_la_SOURCES = \
	src/store/backend.h \
	src/store/error.h \
	src/store/record.c src/store/record.h \
	src/store/seal.c src/store/seal.h \
	src/store/sqlite.c src/store/sqlite.h \
	src/store/sqlite-launch.c \
	src/store/sqlite-objects.c \
	src/store/sqlite-registration.c \
	src/store/store.c src/store/store.h
nodist_libva_store_la_SOURCES = src/store/sqlite-schema.h
libva_store_la_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(SQLITE_CFLAGS)
libva_store_la_LIBADD = libva-core.la $(GNUTLS_LIBS) $(SQLITE_LIBS) $(GLIB_LIBS)

# The schema as one C string.
src/store/sqlite-schema.h: $(top_srcdir)/schemas/store-sqlite.sql
	$(AM_V_GEN)$(MKDIR_P) src/store && { echo '#define VA_SQLITE_SCHEMA \'; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/  "/' -e 's/$$/\\n" \\/' $(top_srcdir)/schemas/store-sqlite.sql; \
	  echo '  ""'; } > $@.new && mv $@.new $@
$(libva_store_la_OBJECTS): src/store/sqlite-schema.h
BUILT_SOURCES += src/store/sqlite-schema.h
CLEANFILES += src/store/sqlite-schema.h
EXTRA_DIST += schemas/store-sqlite.sql
