# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for virt-attest: asks the program itself for its verbs and options, so it cannot be out of date.

_virt_attest () {
  local verbs verb= word given=() i current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} help kind
  verbs=$(virt-attest --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\( [a-z]\{1,\}\)\{1,\}\)  .*/\1/p')
  COMPREPLY=()

  # The verb: as many of the first words as make one.
  for ((i = 1; i < COMP_CWORD && i <= 3; i++)); do
    given+=("${COMP_WORDS[i]}")
    if grep -qxF -- "${given[*]}" <<< "$verbs"; then
      verb=${given[*]}
      break
    fi
  done
  if [ -z "$verb" ]; then
    word=${given[*]}
    mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^${word:+$word }\([a-z]*\).*/\1/p" <<< "$verbs" | sort -u)" -- "$current")
    return
  fi

  # The value of an option: “--option value”, or “--option=value”, which bash cuts at the equals sign.
  help=$(virt-attest $verb --help 2>/dev/null)
  if [ "$current" = = ]; then
    current=
  elif [ "$before" = = ]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  kind=
  if [[ $before == --* ]]; then
    kind=$(sed -n "s/^  \(-[a-z], \)\{0,1\}$before=\([^ ]*\).*/\2/p" <<< "$help")
  fi
  case $kind in
    '') ;;
    DIR) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    *FILE) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    *[A-Z]*) return ;;
    *) mapfile -t COMPREPLY < <(compgen -W "${kind//|/ }" -- "$current"); return ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^  \(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p' <<< "$help")" -- "$current")
  else
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}

complete -F _virt_attest virt-attest
