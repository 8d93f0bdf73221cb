# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests in shell: prints TAP. Sourced.
count=0 failed=0

check () # NAME, then a command whose output is shown when it fails
{
  local name=$1 output
  shift
  count=$((count + 1))
  if output=$("$@" 2>&1); then
    echo "ok $count - $name"
  else
    failed=1
    echo "not ok $count - $name"
    printf '%s\n' "$output" | sed 's/^/# /'
  fi
}

skip () # NAME REASON
{
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

# The tests of another program, as tests of this one.
include () # COMMAND
{
  local line status=0
  while IFS= read -r line; do
    case $line in
      "ok "* | "not ok "*)
        count=$((count + 1))
        [ "${line%%ok *}" = "" ] || failed=1
        echo "${line%%ok *}ok $count ${line#*ok [0-9]* }"
        ;;
      "# end "*) status=${line##* } ;;
      1..* | "TAP version "*) ;;
      *) printf '%s\n' "$line" ;;
    esac
  done < <("$@"; echo "# end $?")
  check "${1##*/} ends well" test "$status" -eq 0
}

finish ()
{
  echo "1..$count"
  exit $failed
}
