# SPDX-License-Identifier: LGPL-2.1-or-later
# What ./demo and ./check share: packages, firmware, builds. Sourced by bash with $top set to the tree's folder.

say () { printf '\n== %s\n' "$*"; }
die () { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 3; }

as_root_or_die () {
  [ "$(id -u)" = 0 ] || die "needs root: it installs packages and runs libvirtd in a mount namespace of its own. Run: sudo $0"
}

# The lines of tests/packages: "? NAME" is a package that not every release has.
read_packages () { grep -v -e '^#' -e '^$' "$top/tests/packages"; }

# The names, on standard input, of packages that apt has heard of.
known_packages () {
  local name
  while read -r name; do
    apt-cache show "$name" > /dev/null 2>&1 && echo "$name"
  done
}

# Installs the packages of tests/packages that are missing.
install_packages () {
  local missing=() optional=() mark name
  while read -r mark name; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "${name:-$mark}" 2>/dev/null)" = installed ] && continue
    if [ "$mark" = '?' ]; then optional+=("$name"); else missing+=("$mark"); fi
  done < <(read_packages)
  [ ${#missing[@]} -gt 0 ] || [ -n "$(printf '%s\n' "${optional[@]}" | known_packages)" ] || return 0
  say "installing packages: ${missing[*]} ${optional[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # What an interrupted installation has left behind is finished first; apt-get refuses to go on without that.
  dpkg --configure -a > "$build/apt.log" 2>&1
  apt-get update -q >> "$build/apt.log" 2>&1 || die "apt-get update failed, see $build/apt.log"
  mapfile -t -O ${#missing[@]} missing < <(printf '%s\n' "${optional[@]}" | known_packages)
  apt-get install -q -y --no-install-recommends "${missing[@]}" >> "$build/apt.log" 2>&1 \
    || die "apt-get install failed, see $build/apt.log"
}

# Puts a firmware with a secret area at $build/firmware/OVMF.fd: Debian's AmdSev build, which is in a newer release than
# this one and is only unpacked, never installed; where it cannot be had, this release's OVMF with its footer filled in.
# The image gets its name last, when all else is there, so that an interrupted call begins anew.
get_firmware () {
  local dir=$build/firmware new
  firmware=$dir/OVMF.fd new=$dir/OVMF.new
  [ -s "$firmware" ] && [ -s "$dir/origin" ] && return 0
  rm -rf "$dir"
  mkdir -p "$dir"
  if fetch_file "$dir" sid ovmf-amdsev usr/share/ovmf/OVMF.amdsev.fd > "$dir/fetch.log" 2>&1; then
    mv "$dir/fetched" "$new" || die "cannot write $new"
    echo "Debian's ovmf-amdsev ($(cd "$dir" && ls ovmf-amdsev_*.deb))" > "$dir/origin"
  else
    "$top/tests/platform/make-firmware" /usr/share/ovmf/OVMF.fd "$new" --secret 0x810000:0xc00 --hashes 0x810c00:0x400 \
      || die "cannot make a firmware image"
    echo "Debian's ovmf with a secret area written into its footer (ovmf-amdsev could not be had, see $dir/fetch.log)" \
      > "$dir/origin"
  fi
  mv "$new" "$firmware" || die "cannot write $firmware"
}

# Puts Debian 12's ordinary OVMF, which the tests' known answers are about, at $build/debian-12/OVMF.fd where this system has
# another one, and names it in VA_DEBIAN_12_OVMF. Where it cannot be had, those tests say so.
get_known_firmware () {
  local dir=$build/debian-12 file=usr/share/ovmf/OVMF.fd
  export VA_DEBIAN_12_OVMF=/$file
  is_known_firmware "$VA_DEBIAN_12_OVMF" && return 0
  VA_DEBIAN_12_OVMF=$dir/OVMF.fd
  is_known_firmware "$VA_DEBIAN_12_OVMF" && return 0
  mkdir -p "$dir"
  fetch_file "$dir" bookworm ovmf "$file" > "$dir/fetch.log" 2>&1 && mv "$dir/fetched" "$VA_DEBIAN_12_OVMF"
}

is_known_firmware () {
  echo "7b456907dd0786d415999e801a1ac4637b8ed4d7cf5378cfc6edbe5e574dd773  $1" | sha256sum --check --status 2>/dev/null
}

# Where apt has this machine's Debian from.
debian_mirror () {
  apt-get indextargets --format '$(SITE)' 'Origin: Debian' 'Component: main' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

# fetch_file DIRECTORY SUITE PACKAGE FILE: the file of another release's package becomes DIRECTORY/fetched.
fetch_file () {
  local dir=$1 suite=$2 package=$3 file=$4 mirror options
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || return 1
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$dir/sources.list"
  options=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$dir/lists"
           -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root -o Acquire::Retries=2 -o Acquire::http::Timeout=20
           -o Acquire::Check-Valid-Until=false)
  timeout 300 apt-get "${options[@]}" update || return 1
  (cd "$dir" && timeout 120 apt-get "${options[@]}" download "$package") || return 1
  dpkg-deb -x "$dir/$package"_*.deb "$dir/unpacked" && mv "$dir/unpacked/$file" "$dir/fetched" && [ -s "$dir/fetched" ] \
    && rm -rf "$dir/lists" "$dir/cache" "$dir/unpacked"
}

# Unpacks OpenStack Nova, with the packages that it needs beyond this system's, into $build/nova/root. Nothing of it is
# installed. Where it cannot be had, $build/nova/why-not says why, and the tests with Nova are skipped.
get_nova () {
  local dir=$build/nova
  [ -e "$dir/complete" ] && return 0
  rm -rf "$dir"
  mkdir -p "$dir/root" "$dir/debs/partial"
  say "fetching OpenStack Nova (about 200 packages, which are unpacked and not installed)"
  if fetch_nova "$dir" > "$dir/fetch.log" 2>&1; then
    touch "$dir/complete" || die "cannot write $dir/complete"
  else
    [ -s "$dir/why-not" ] || echo "Nova could not be fetched, see $dir/fetch.log" > "$dir/why-not"
    cat "$dir/why-not"
  fi
  rm -rf "$dir/debs"
}

fetch_nova () {
  local dir=$1 file
  # Nothing is installed, so no lock is needed, and none that another process holds is waited for.
  local options=(-o Debug::NoLocking=1 -o "Dir::Cache::archives=$dir/debs" -o APT::Sandbox::User=root -o Acquire::Retries=2
                 -o Acquire::http::Timeout=20)
  [ -n "$(nova_candidate)" ] || timeout 300 apt-get update || return 1
  case $(nova_candidate) in
    *:26.*) ;;
    *) echo "this system's packages have no Nova 26" | tee "$dir/why-not"; return 1 ;;
  esac
  timeout 600 apt-get "${options[@]}" install -y --no-install-recommends --download-only python3-nova || return 1
  for file in "$dir"/debs/*.deb; do
    dpkg-deb -x "$file" "$dir/root" || return 1
  done
  [ -s "$dir/root/usr/lib/python3/dist-packages/nova/virt/libvirt/driver.py" ]
}

# The version of Nova that apt would install, or nothing.
nova_candidate () {
  apt-cache policy python3-nova | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p'
}

# Whether all that autoreconf makes is there, from a run of it that came to its end after the last change of what it reads.
is_generated () {
  local file
  [ -f "$build/autoreconf.done" ] || return 1
  for file in configure Makefile.in config.h.in aclocal.m4 build-aux/ltmain.sh build-aux/missing po/Makefile.in.in; do
    [ -s "$top/$file" ] || return 1
  done
  # $build may be in a root, and below the build directory of the machine itself.
  [ -z "$(find "$top" \( -path "$build" -o -path "$top/build" \) -prune -o \( -name configure.ac -o -name Makefile.am -o -name fragment.mk \) \
          -newer "$build/autoreconf.done" -print -quit)" ]
}

generate () {
  is_generated && return 0
  rm -f "$build/autoreconf.done"
  # From before the run: what is changed meanwhile is newer.
  touch "$build/autoreconf.begun"
  (cd "$top" && autoreconf -fi) > "$build/autoreconf.log" 2>&1 || die "autoreconf failed, see $build/autoreconf.log"
  mv "$build/autoreconf.begun" "$build/autoreconf.done"
}

# build_tree NAME CONFIGURE-ARGUMENTS...: builds in $build/NAME. What an interrupted call left half done is done again.
build_tree () {
  local name=$1 dir=$build/$1 log=$build/$1.log
  shift
  generate
  mkdir -p "$dir"
  if [ ! -f "$dir/config.status" ] || [ ! -f "$dir/Makefile" ] || [ "$(cat "$dir/arguments" 2>/dev/null)" != "$*" ]; then
    # Written when configure has come to its end, whatever it found here.
    rm -f "$dir/arguments"
    (cd "$dir" && "$top/configure" --quiet --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
      --libdir="/usr/lib/$(gcc -print-multiarch)" "$@") > "$log" 2>&1 \
      || { tail -n 20 "$log" >&2; die "configure failed, see $log"; }
    echo "$*" > "$dir/arguments"
  fi
  if ! make -C "$dir" -j"$(nproc)" >> "$log" 2>&1; then
    grep -E 'error|warning' "$log" | head -n 20 >&2
    die "the build failed, see $log"
  fi
}
