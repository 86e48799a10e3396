#!/usr/bin/env bash
# Writes what the programs are made of as SPDX 2.3 JSON: every package with version, licence and checksum, from the lock files, the player of recordings,
# and the .NET runtime that went in. Runs after hack/publish.sh, which fetched all of them; says what is missing, and ends with 1, where a package or its
# licence is not known.
# Environment: VERSION, COMMIT, SOURCE_DATE_EPOCH. The same commit gives the same text.
set -euo pipefail
cd "$(dirname "$0")/.."
say_as="sbom"
# shellcheck source=hack/lib.sh
. hack/lib.sh
props="$(sed -n 's/.*<Version>\(.*\)<.*/\1/p' Directory.Build.props)"
version="${VERSION:-$props}" commit="${COMMIT:-unknown}"
created="$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)"
shipped=(src/BreakGlass.Operator/packages.lock.json src/BreakGlass.Cli/packages.lock.json)
fetched="${NUGET_PACKAGES:-$HOME/.nuget/packages}"

# Analyzers and the trimmer work at build time only: nothing of them is shipped. With the blank that follows the name below.
build_only="$(sed -n '/Label="Build"/,/<\/ItemGroup>/s/.*Include="\([^"]*\)".*/\1 /p' Directory.Packages.props)
Microsoft.NET.ILLink.Tasks "

locked() { # lines "name version", from the lock files of what is shipped; projects of this repository have no hash there
    sed -nE '/^      "[^"]+": \{/{s/^ *"([^"]+)".*/\1/;h}; /"resolved":/{s/.*: "([^"]+)".*/\1/;H}; /"contentHash":/{x;s/\n/ /g;p}' "${shipped[@]}" | sort -u |
        grep -vFf <(printf '%s\n' "$build_only")
}
runtime() { # lines "name version": the runtime packs that restore fetched for the publication, from the files it left
    tr -d ' \n' | grep -oE '"name":"Microsoft\.(NETCore|AspNetCore)\.App\.Runtime\.[a-z0-9-]+","version":"\[[^,]+' |
        sed -E 's/"name":"([^"]+)","version":"\[(.*)/\1 \2/' | sort -u
}
licence() { # licence NAME VERSION: the SPDX expression that the package declares
    local at="$fetched/${1,,}/${2,,}/${1,,}.nuspec" found
    [ -e "$at" ] || fail "$1 $2 is not among the packages that restore fetched: run hack/publish.sh first."
    found="$(sed -nE 's:.*<license type="expression">([^<]+)</license>.*:\1:p' "$at")"
    [ -n "$found" ] || fail "$1 $2 declares no licence as an SPDX expression: look at it, and write it into hack/sbom.sh."
    echo "$found"
}
checksum() { # checksum NAME VERSION: SHA-512 of the package, in hexadecimal
    base64 -d "$fetched/${1,,}/${2,,}/${1,,}.${2,,}.nupkg.sha512" | od -An -v -tx1 | tr -d ' \n'
}
id() { printf 'SPDXRef-%s' "$1" | tr -c 'A-Za-z0-9.-' -; }

# Each first into a variable: a failure within a process substitution, or before the last of several commands, would go unnoticed, and leave a bill of nothing.
packages="$(locked)" || fail "which packages went in is not known: ${shipped[*]} cannot be read, or name none."
runtimes="$(cat artifacts/obj/BreakGlass.{Operator,Cli}/project.assets.json | runtime)" ||
    fail "which .NET runtime went in is not known: run hack/publish.sh first."
packages+=$'\n'"$runtimes"
player="$(sed -nE 's/^asciinema-player ([^ ]+) \(([^)]+)\).*`sha512-([^`]+)`.*/\1 \2 \3/p' src/BreakGlass.Cli/Replay/Player/README.md)"
[ -n "$player" ] || fail "which player of recordings went in is not known: run hack/player.sh."

ids=()
printf '%s\n' '{' '  "spdxVersion": "SPDX-2.3",' '  "dataLicense": "CC0-1.0",' '  "SPDXID": "SPDXRef-DOCUMENT",' \
    "  \"name\": \"breakglass-operator-$version\"," \
    "  \"documentNamespace\": \"https://breakglass.dev/spdx/breakglass-operator-$version-$commit\"," \
    "  \"creationInfo\": {\"created\": \"$created\", \"creators\": [\"Tool: hack/sbom.sh\"]}," '  "packages": [' \
    "    {\"SPDXID\": \"SPDXRef-breakglass-operator\", \"name\": \"breakglass-operator\", \"versionInfo\": \"$version\","\
" \"downloadLocation\": \"NOASSERTION\", \"licenseConcluded\": \"Apache-2.0\", \"licenseDeclared\": \"Apache-2.0\", \"copyrightText\": \"NOASSERTION\","\
" \"filesAnalyzed\": false, \"sourceInfo\": \"commit $commit\"}"
while read -r name number; do
    ids+=("$(id "$name-$number")")
    licence="$(licence "$name" "$number")" sum="$(checksum "$name" "$number")"
    printf '    ,{"SPDXID": "%s", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "licenseConcluded": "%s",'\
' "licenseDeclared": "%s", "copyrightText": "NOASSERTION", "filesAnalyzed": false, "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER",'\
' "referenceType": "purl", "referenceLocator": "pkg:nuget/%s@%s"}], "checksums": [{"algorithm": "SHA512", "checksumValue": "%s"}]}\n' \
        "${ids[-1]}" "$name" "$number" "$licence" "$licence" "$name" "$number" "$sum"
done <<<"$packages"
read -r number licence sum <<<"$player"
ids+=("SPDXRef-asciinema-player-$number")
printf '    ,{"SPDXID": "%s", "name": "asciinema-player", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "licenseConcluded": "%s",'\
' "licenseDeclared": "%s", "copyrightText": "NOASSERTION", "filesAnalyzed": false, "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER",'\
' "referenceType": "purl", "referenceLocator": "pkg:npm/asciinema-player@%s"}], "checksums": [{"algorithm": "SHA512", "checksumValue": "%s"}]}\n' \
    "${ids[-1]}" "$number" "$licence" "$licence" "$number" "$(base64 -d <<<"$sum" | od -An -v -tx1 | tr -d ' \n')"
printf '%s\n' '  ],' '  "relationships": [' \
    '    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-breakglass-operator"}'
for name in "${ids[@]}"; do
    printf '    ,{"spdxElementId": "SPDXRef-breakglass-operator", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "%s"}\n' "$name"
done
printf '%s\n' '  ]' '}'
