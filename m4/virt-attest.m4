# SPDX-License-Identifier: LGPL-2.1-or-later

# VA_TRY_FLAG(FLAG): adds FLAG to VA_CFLAGS if the compiler takes it.
AC_DEFUN([VA_TRY_FLAG], [
  AC_MSG_CHECKING([whether $CC accepts $1])
  va_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
    [AC_MSG_RESULT([yes]); VA_CFLAGS="$VA_CFLAGS $1"], [AC_MSG_RESULT([no])])
  CFLAGS=$va_saved_cflags
])

AC_DEFUN([VA_FEATURES], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make every compiler warning an error])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers],
    [build with AddressSanitizer and UndefinedBehaviorSanitizer])], [], [enable_sanitizers=no])
  AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [build for gcov])], [], [enable_coverage=no])
  AC_ARG_ENABLE([fuzzing], [AS_HELP_STRING([--enable-fuzzing],
    [build the fuzz targets for libFuzzer; needs clang])], [], [enable_fuzzing=no])

  VA_CFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla -Winit-self
    -Wredundant-decls -Wimplicit-fallthrough -Wunused-result -Wcast-align -Wlogical-op
    -Wduplicated-cond -Wno-unused-parameter -Wno-missing-field-initializers
    -fno-common -fstack-protector-strong], [VA_TRY_FLAG(flag)])
  # clang calls a scope's lock (g_autoptr (GMutexLocker)) unused; gcc knows better and keeps the warning.
  AS_CASE([`$CC --version 2>/dev/null`], [*clang*], [VA_CFLAGS="$VA_CFLAGS -Wno-unused-variable"])
  AS_IF([test "$enable_werror" = yes], [VA_CFLAGS="$VA_CFLAGS -Werror"])

  VA_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,--as-needed"
  VA_SANITIZER_FLAGS=
  AS_IF([test "$enable_sanitizers" = yes], [
    VA_SANITIZER_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
    AC_DEFINE([VA_SANITIZERS], [1], [Defined in a build with sanitizers])])
  AS_IF([test "$enable_fuzzing" = yes], [
    VA_SANITIZER_FLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
    VA_FUZZ_ENGINE=-fsanitize=fuzzer
    va_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=fuzzer"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[int LLVMFuzzerTestOneInput (void); int LLVMFuzzerTestOneInput (void) { return 0; }]])],
      [], [AC_MSG_ERROR([--enable-fuzzing needs a compiler with libFuzzer: configure with CC=clang])])
    CFLAGS=$va_saved_cflags])
  AC_SUBST([VA_FUZZ_ENGINE])
  AS_IF([test "$enable_coverage" = yes], [
    VA_CFLAGS="$VA_CFLAGS --coverage -O0"; VA_LDFLAGS="$VA_LDFLAGS --coverage"])
  VA_CFLAGS="$VA_CFLAGS $VA_SANITIZER_FLAGS"
  VA_LDFLAGS="$VA_LDFLAGS $VA_SANITIZER_FLAGS"
  AM_CONDITIONAL([VA_SANITIZE], [test "$enable_sanitizers" = yes])
  AM_CONDITIONAL([VA_FUZZ], [test "$enable_fuzzing" = yes])
  AC_SUBST([VA_CFLAGS])
  AC_SUBST([VA_LDFLAGS])
])

AC_DEFUN([VA_FOLDERS], [
  AC_ARG_WITH([libvirt-lock-drivers], [AS_HELP_STRING([--with-libvirt-lock-drivers=DIR],
    [where libvirt looks for lock drivers [LIBDIR/libvirt/lock-driver]])],
    [lockdriverdir=$withval], [lockdriverdir='${libdir}/libvirt/lock-driver'])
  AC_ARG_WITH([libvirt-hooks], [AS_HELP_STRING([--with-libvirt-hooks=DIR],
    [where libvirt looks for QEMU hooks [SYSCONFDIR/libvirt/hooks/qemu.d]])],
    [qemuhookdir=$withval], [qemuhookdir='${sysconfdir}/libvirt/hooks/qemu.d'])
  AC_ARG_WITH([systemd-units], [AS_HELP_STRING([--with-systemd-units=DIR],
    [where units go [PREFIX/lib/systemd/system]])],
    [systemdunitdir=$withval], [systemdunitdir='${prefix}/lib/systemd/system'])
  AC_ARG_WITH([emulator-dir], [AS_HELP_STRING([--with-emulator-dir=DIR],
    [where the program goes that libvirt finds in the place of QEMU [PREFIX/lib/virt-attest/emulator]])],
    [emulatordir=$withval], [emulatordir='${prefix}/lib/virt-attest/emulator'])
  AC_SUBST([lockdriverdir])
  AC_SUBST([emulatordir])
  AC_SUBST([qemuhookdir])
  AC_SUBST([systemdunitdir])
])

AC_DEFUN([VA_SUMMARY], [
  AC_MSG_NOTICE([

  virt-attest $VERSION
    prefix              $prefix
    configuration       $sysconfdir
    lock drivers        $lockdriverdir
    QEMU hooks          $qemuhookdir
    emulator program    $emulatordir
    compiler            $CC
    liblzma             $have_lzma
    warnings as errors  $enable_werror
    sanitizers          $enable_sanitizers
    coverage            $enable_coverage
    fuzz targets        $enable_fuzzing
    translations        $USE_NLS
])])
