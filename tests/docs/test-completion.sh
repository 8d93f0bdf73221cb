#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What bash and zsh offer, asked as the shells ask.
set -u
top=${VA_TOP_SRCDIR:?}
. "$top/tests/lib/tap.sh"
PATH=${VA_TOP_BUILDDIR:?}:$PATH
cd "$TMPDIR" || exit 1
mkdir -p folder && : > image.fd

# in_bash WORD...: what bash offers for the last word, on one line, sorted.
in_bash () {
  COMPLETION=$top/data/completion/virt-attest.bash bash -c '
    compopt () { :; }
    . "$COMPLETION"
    COMP_WORDS=(virt-attest "$@") COMP_CWORD=$#
    _virt_attest
    printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd" "' bash "$@"
}

# in_zsh WORD...: the same; zsh filters by what has been typed itself, so the functions that it brings are stood in for.
in_zsh () {
  COMPLETION=$top/data/completion/_virt-attest zsh -fc '
    words=(virt-attest "$@") CURRENT=$(( $# + 1 )) PREFIX=${words[-1]}
    compset () { PREFIX=${PREFIX#*=} }
    compadd () { shift; for one; do [[ $one == ${PREFIX}* ]] && print -r -- $one; done }
    _files () { if [[ ${1-} == -/ ]]; then print -l -- ${PREFIX}*(N/); else print -l -- ${PREFIX}*(N); fi }
    source $COMPLETION | sort | paste -sd" "' zsh "$@"
}

offers () # SHELL EXPECTED WORD...
{
  local shell=$1 expected=$2 got
  shift 2
  got=$("in_$shell" "$@")
  [ "$got" = "$expected" ] || { echo "for “$*”: expected “$expected”, got “$got”"; false; }
}

for shell in bash zsh; do
  if ! command -v $shell > /dev/null; then
    skip "$shell" "$shell is not installed"
    continue
  fi
  check "$shell: groups of verbs" offers $shell "secret service sev" s
  check "$shell: a group's verbs" offers $shell "list put remove" secret ""
  check "$shell: a verb that begins like another" offers $shell "secret session" sev se
  check "$shell: verbs of three words" offers $shell "build show" sev vmsa ""
  check "$shell: options" offers $shell "--cmdline --cmdline-file --cpu" sev digest --c
  check "$shell: an option's words" offers $shell "fpu fpu-debug-swap zero zero-debug-swap" sev vmsa build --vmsa-profile ""
  check "$shell: an option's file" offers $shell "folder image.fd" sev digest --firmware ""
  check "$shell: an option's folder" offers $shell "folder" sev chain --roots ""
  check "$shell: nothing where only the user knows" offers $shell "" sev digest --cmdline ""
  check "$shell: a verb's file" offers $shell "image.fd" sev firmware im
done
check "bash: a value behind an equals sign" offers bash "fpu fpu-debug-swap" sev digest --vmsa-profile = f
check "bash: an equals sign alone" offers bash "fpu fpu-debug-swap zero zero-debug-swap" sev digest --vmsa-profile =
check "zsh: a value behind an equals sign" offers zsh "fpu fpu-debug-swap" sev digest --vmsa-profile=f
check "every verb is offered" test "$(virt-attest --help | grep -c '^  [a-z]')" -gt 25
finish
