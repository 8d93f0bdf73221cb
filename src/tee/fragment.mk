# SPDX-License-Identifier: LGPL-2.1-or-later
# The seam to the technologies, in one library with them: its tables lead there.
libva_sev_la_SOURCES += \
	src/tee/blobs.c src/tee/blobs.h \
	src/tee/evidence.h \
	src/tee/firmware.h \
	src/tee/kernel-hashes.c src/tee/kernel-hashes.h \
	src/tee/parts.c \
	src/tee/sha256.c src/tee/sha256.h \
	src/tee/tee.c src/tee/tee.h
