#!/usr/bin/env bash
# Makes stand-ins for the Dockerfile's two base images from this machine, for a test of the image where no registry is in reach:
# image-bases.sh SDK-NAME BASE-NAME. The first holds Debian's essential packages and the .NET SDK; the second only what a self-contained .NET
# program needs (libc, libstdc++, libssl, certificates), no shell, as the chiseled images do. Needs root and buildah.
set -euo pipefail
say_as="image bases"
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"
export BUILDAH_ISOLATION=chroot
need buildah buildah

with_dependencies() { # with_dependencies PACKAGE...: names of these packages and of all that they need
    {
        printf '%s\n' "$@"
        apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" | grep -E '^[a-z0-9]'
    } |
        sed 's/:.*//' | sort -u | comm -12 - <(dpkg-query -W -f '${Package}\n' | sort -u)
}
files_of() { # files_of PACKAGE...: their files and links, no directories, none of the documentation
    dpkg-query -L "$@" | sort -u | grep -vE '^/usr/share/(doc|man|locale|info|lintian)(/|$)|^package diverts|^diverted by' |
        while read -r file; do if [ -L "$file" ] || [ -f "$file" ]; then case "$file" in /bin | /sbin | /lib | /lib64) ;; *) echo "$file" ;; esac; fi; done
}
image() { # image NAME [DIRECTORY-TO-COPY] < list of files
    local container root
    container="$(buildah from scratch)"
    root="$(buildah mount "$container")"
    for link in /bin /sbin /lib /lib64; do if [ -L "$link" ]; then cp -P "$link" "$root$link"; fi; done
    mkdir -m 1777 "$root/tmp"
    sort -u | tar -cf - --no-recursion -T - 2>/dev/null | tar -xf - -C "$root"
    if [ -n "${2:-}" ]; then mkdir -p "$root$2"; cp -a "$2/." "$root$2/"; fi
    buildah umount "$container" >/dev/null
    buildah config "${config[@]}" "$container"
    buildah commit --quiet --rm "$container" "$1" >/dev/null
    say "made $1"
}
real() { while read -r file; do printf '%s/%s\n' "$(realpath "${file%/*}")" "${file##*/}"; done; }

config=()
dotnet="$(dirname "$(realpath "$(command -v dotnet)")")"
mapfile -t essential < <(dpkg-query -W -f '${Essential} ${Package}\n' | sed -n 's/^yes //p')
mapfile -t sdk < <(with_dependencies "${essential[@]}" ca-certificates libstdc++6 zlib1g libssl3)
config=(--env "PATH=/usr/local/bin:/usr/bin:/bin:$dotnet" --env "DOTNET_ROOT=$dotnet")
{ printf '%s\n' /etc/passwd /etc/group /etc/ssl/certs/ca-certificates.crt; files_of "${sdk[@]}" | real; } | image "$1" "$dotnet"

config=(--user 1654)
{ printf '%s\n' /etc/ssl/certs/ca-certificates.crt; files_of libc6 libgcc-s1 libstdc++6 libssl3 | grep -vE '/(s?bin|gconv)/' | real; } | image "$2"
