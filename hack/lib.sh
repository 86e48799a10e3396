# Sourced by the scripts here: words for the person who reads, and packages from the machine's own apt configuration.
# shellcheck shell=bash

# Where downloads and builds are kept between runs.
# shellcheck disable=SC2034 # for the scripts that source this
breakglass_cache="${BREAKGLASS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/breakglass-operator}"

say_as="${say_as:-hack}"
if [ -t 2 ]; then dim=$'\033[2m' plain=$'\033[0m'; else dim="" plain=""; fi
say() { printf '%s[%s]%s %s\n' "$dim" "$say_as" "$plain" "$*" >&2; }
fail() { printf '[%s] %s\n' "$say_as" "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "needs root to run: $*. Run that yourself, then try again."; fi
}

package_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

apt_updated=""
apt_install() { # apt_install PACKAGE...: installs those that are missing; needs no network when none is
    local package missing=()
    command -v apt-get >/dev/null || fail "this is not Debian: install what provides $* yourself, then try again."
    for package in "$@"; do package_installed "$package" || missing+=("$package"); done
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${missing[*]} (Debian packages, some seconds)"
    if [ -z "$apt_updated" ]; then
        as_root apt-get update -qq >&2 || say "apt-get update had errors; going on with the lists that are there"
        apt_updated=1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        fail "apt-get could not install ${missing[*]}; see its message above."
}

need() { # need COMMAND PACKAGE: the command is on the PATH, or its Debian package is installed
    command -v "$1" >/dev/null || apt_install "$2"
}
