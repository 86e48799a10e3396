#!/usr/bin/env bash
# Writes what the programs are made of as SPDX 2.3 JSON, from the lock files and, after hack/publish.sh, the .NET runtime that went in.
# Environment: VERSION, COMMIT, SOURCE_DATE_EPOCH. The same commit gives the same text.
set -euo pipefail
cd "$(dirname "$0")/.."
props="$(sed -n 's/.*<Version>\(.*\)<.*/\1/p' Directory.Build.props)"
version="${VERSION:-$props}" commit="${COMMIT:-unknown}"
created="$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)"

# Analyzers and the trimmer work at build time only: nothing of them is shipped.
build_only="$(sed -n '/Label="Build"/,/<\/ItemGroup>/s/.*Include="\([^"]*\)".*/\1/p' Directory.Packages.props) Microsoft.NET.ILLink.Tasks"

locked() { # lines "name version sha512-base64", from the lock files of what is shipped
    local file files=()
    for file in src/BreakGlass.Operator/packages.lock.json src/BreakGlass.Cli/packages.lock.json; do if [ -e "$file" ]; then files+=("$file"); fi; done
    # shellcheck disable=SC2016
    awk -F'"' '/^      "[^"]+": \{/ { name = $2; version = "" } /"resolved":/ { version = $4 } /"contentHash":/ && version { print name, version, $4 }' "${files[@]}" |
        sort -u | grep -vFw -f <(tr ' ' '\n' <<<"$build_only" | sed '/^$/d')
}
runtime() { # the runtime packs that restore downloaded for the publication
    local file
    for file in artifacts/obj/BreakGlass.Operator/project.assets.json artifacts/obj/BreakGlass.Cli/project.assets.json; do
        if [ -e "$file" ]; then tr -d ' \n' <"$file" | grep -oE '"name":"Microsoft\.[A-Za-z]+\.App\.Runtime\.[a-z0-9-]+","version":"\[[^,]+' | sed -E 's/"name":"([^"]+)","version":"\[(.*)/\1 \2 -/'; fi
    done | sort -u
}
id() { tr -c 'A-Za-z0-9.\n-' - <<<"SPDXRef-$1"; }

ids=()
printf '%s\n' '{' '  "spdxVersion": "SPDX-2.3",' '  "dataLicense": "CC0-1.0",' '  "SPDXID": "SPDXRef-DOCUMENT",' "  \"name\": \"breakglass-operator-$version\"," \
    "  \"documentNamespace\": \"https://breakglass.dev/spdx/breakglass-operator-$version-$commit\"," \
    "  \"creationInfo\": {\"created\": \"$created\", \"creators\": [\"Tool: hack/sbom.sh\"]}," '  "packages": [' \
    "    {\"SPDXID\": \"SPDXRef-breakglass-operator\", \"name\": \"breakglass-operator\", \"versionInfo\": \"$version\", \"downloadLocation\": \"NOASSERTION\", \"licenseConcluded\": \"Apache-2.0\", \"licenseDeclared\": \"Apache-2.0\", \"copyrightText\": \"NOASSERTION\", \"filesAnalyzed\": false, \"sourceInfo\": \"commit $commit\"}"
while read -r name number hash; do
    ids+=("$(id "$name-$number")")
    sum=""
    if [ "$hash" != - ]; then sum=", \"checksums\": [{\"algorithm\": \"SHA512\", \"checksumValue\": \"$(base64 -d <<<"$hash" | od -An -v -tx1 | tr -d ' \n')\"}]"; fi
    printf '    ,{"SPDXID": "%s", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "filesAnalyzed": false, "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:nuget/%s@%s"}]%s}\n' \
        "${ids[-1]}" "$name" "$number" "$name" "$number" "$sum"
done < <(locked; runtime)
printf '%s\n' '  ],' '  "relationships": [' '    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-breakglass-operator"}'
for name in "${ids[@]}"; do
    printf '    ,{"spdxElementId": "SPDXRef-breakglass-operator", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "%s"}\n' "$name"
done
printf '%s\n' '  ]' '}'
