#!/usr/bin/env bash
# Vendors the player of recordings, the npm package asciinema-player, in src/BreakGlass.Cli/Replay/Player.
#
#   player.sh            fetches the package and replaces the files
#   player.sh --check    fetches the package and fails if the files are not those of the package
set -euo pipefail
say_as="player"
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=hack/lib.sh
. "$here/lib.sh"

package=asciinema-player version=3.17.0
integrity=sha512-JbjNJmA2TLIeYNaOEja+kVSzXadKoqpIzVVmfBGNj2DmdtE/vExBCnkE8NYEcpaQcDvUYg8Ltt0urT80frACmw==
kept="$here/../src/BreakGlass.Cli/Replay/Player"

case "${1:-}" in "" | --check) ;; *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
need npm npm; need openssl openssl
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package@$version" >/dev/null && mv ./*.tgz player.tgz) || fail "npm could not fetch $package@$version; see above."
found="sha512-$(openssl dgst -sha512 -binary "$work/player.tgz" | base64 -w0)"
[ "$found" = "$integrity" ] || fail "$package@$version is not the archive that was reviewed: its integrity should be $integrity."
tar -xzf "$work/player.tgz" -C "$work"
mkdir "$work/new"
cp "$work/package/dist/bundle/asciinema-player.min.js" "$work/package/dist/bundle/asciinema-player.css" "$work/package/LICENSE" "$work/new"
chmod 644 "$work/new"/*
cat > "$work/new/README.md" <<END
# Player

asciinema-player $version (Apache-2.0), from the npm package, integrity \`$integrity\`.
\`hack/player.sh\` fetches these files, and \`hack/player.sh --check\` compares them. Do not edit them.
END
if [ "${1:-}" = --check ]; then
    diff -rq "$kept" "$work/new" >&2 || fail "the files are not those of $package $version. Run hack/player.sh."
    say "the files are those of $package $version"
else
    mkdir -p "$kept"
    cp "$work/new"/* "$kept"
    say "$package $version is in src/BreakGlass.Cli/Replay/Player"
fi
