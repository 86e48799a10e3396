{{/* Labels of every object. */}}
{{- define "breakglass.labels" -}}
app.kubernetes.io/name: breakglass-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels by which the operator's pods are found. They never change: a Deployment's selector cannot. */}}
{{- define "breakglass.selector" -}}
app.kubernetes.io/name: breakglass-operator
app.kubernetes.io/component: operator
{{- end }}

{{/* Labels by which the gateway's pods are found. */}}
{{- define "breakglass.gatewaySelector" -}}
app.kubernetes.io/name: breakglass-operator
app.kubernetes.io/component: gateway
{{- end }}

{{- define "breakglass.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "breakglass.podSecurity" -}}
runAsNonRoot: true
{{- if not (kindIs "invalid" .Values.runAsUser) }}
runAsUser: {{ .Values.runAsUser }}
runAsGroup: {{ .Values.runAsUser }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/*
Values of newer sections: "helm upgrade --reuse-values" keeps those of the release that is there, which has no such sections, so each has its default here as well.
*/}}
{{- define "breakglass.webhookPort" -}}
{{ int (.Values.webhook.port | default 9443) }}
{{- end }}
{{- define "breakglass.httpPort" -}}
{{ int (.Values.operator.httpPort | default 8080) }}
{{- end }}
{{/* "true" if the operator receives audit events. */}}
{{- define "breakglass.audit" -}}
{{- if (.Values.audit | default dict).enabled }}true{{ end }}
{{- end }}
{{/* The port at which the gateway reports to the operator; empty without a gateway. */}}
{{- define "breakglass.reportsPort" -}}
{{- if include "breakglass.gateway" . }}9446{{ end }}
{{- end }}
{{/* "true" if the journal is on a volume, and not in a bucket. */}}
{{- define "breakglass.journalVolume" -}}
{{- with .Values.journal }}
{{- if and .enabled (not (.bucket | default dict).name) }}true{{ end }}
{{- end }}
{{- end }}
{{/* The port of the journal's bucket; empty without one. */}}
{{- define "breakglass.bucketPort" -}}
{{- $journal := .Values.journal | default dict }}
{{- $bucket := $journal.bucket | default dict }}
{{- if and $journal.enabled $bucket.name }}
{{- $url := urlParse ($bucket.endpoint | default "https://") }}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (eq $url.scheme "http" | ternary "80" "443") }}
{{- end }}
{{- end }}
{{/* The port on which the journal is served; empty if it is not. */}}
{{- define "breakglass.servePort" -}}
{{- $serve := (.Values.journal | default dict).serve | default dict }}
{{- if $serve.enabled }}{{ int ($serve.port | default 9445) }}{{ end }}
{{- end }}
{{/* "true" if the gateway is installed. */}}
{{- define "breakglass.gateway" -}}
{{- if (.Values.gateway | default dict).enabled }}true{{ end }}
{{- end }}
{{/* "true" if the chart creates a PriorityClass. */}}
{{- define "breakglass.priorityClass" -}}
{{- if dig "create" true (.Values.priorityClass | default dict) }}true{{ end }}
{{- end }}

{{/* The priority of a pod: (list $ "the name that its values give"). */}}
{{- define "breakglass.priority" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 | default (eq (include "breakglass.priorityClass" $root) "true" | ternary "breakglass-operator" "") -}}
{{- with $name }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Where the pods of a Deployment run: (list $itsValues "the labels of its pods"). */}}
{{- define "breakglass.placement" -}}
{{- $values := index . 0 }}
{{- $selector := index . 1 }}
{{- range $field := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- if kindIs "invalid" $values.topologySpreadConstraints }}
topologySpreadConstraints:
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- $selector | nindent 6 }}
{{- end }}
{{- else if $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
{{- end }}
{{- end }}

{{- define "breakglass.probes" -}}
livenessProbe:
  httpGet:
    path: /healthz
    port: http
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}

{{- define "breakglass.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "breakglass.env" -}}
- name: BREAKGLASS_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: BREAKGLASS_GRANTS_NAMESPACE
  value: {{ .Values.grantsNamespace.name }}
- name: DOTNET_EnableDiagnostics # its socket would need a writable file system
  value: "0"
{{- end }}

{{/*
How the API server reaches a webhook: (dict "root" $ "kind" "MutatingWebhookConfiguration" "configuration" "breakglass-operator" "webhook" "mutate.breakglass.dev").
The operator writes the path and changes it from time to time, so nothing is said of it here. With webhook.url the path is part of the same field: the URL that
the operator has made of it is repeated.
*/}}
{{- define "breakglass.clientConfig" -}}
{{- $webhook := .root.Values.webhook -}}
clientConfig:
{{- if $webhook.url }}
{{- $url := trimSuffix "/" $webhook.url }}
{{- $there := "" }}
{{- range (lookup "admissionregistration.k8s.io/v1" .kind "" .configuration | default dict).webhooks }}
{{- if and (eq .name $.webhook) (hasPrefix (printf "%s/" $url) (.clientConfig.url | default "")) }}{{ $there = .clientConfig.url }}{{ end }}
{{- end }}
  url: {{ $there | default $url }}
{{- else }}
  service:
    namespace: {{ .root.Release.Namespace }}
    name: breakglass-operator-webhook
{{- end }}
{{- if eq $webhook.certificates.source "secret" }}
  caBundle: {{ $webhook.certificates.caBundle | b64enc }}
{{- end }}
{{- end }}

{{/* cert-manager writes the CA into what names its Certificate. */}}
{{- define "breakglass.webhookAnnotations" -}}
{{- if eq .Values.webhook.certificates.source "cert-manager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/breakglass-operator-webhook
{{- end }}
{{- end }}

{{/* The Secret with a webhooks' certificate of another tool; empty if the operator creates the certificate. */}}
{{- define "breakglass.certificateSecret" -}}
{{- with .Values.webhook.certificates -}}
{{- if eq .source "secret" }}{{ .secretName }}{{ else if eq .source "cert-manager" }}breakglass-webhook-cert{{ end }}
{{- end }}
{{- end }}

{{/* "true" if the guard has policies (Kubernetes 1.30 and later); "true" if it has a webhook. */}}
{{- define "breakglass.guardPolicies" -}}
{{- $mode := .Values.guard.mode -}}
{{- if eq $mode "policies" }}true{{ end }}
{{- if and (eq $mode "auto") (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) }}true{{ end }}
{{- end }}
{{- define "breakglass.guardWebhook" -}}
{{- if has .Values.guard.mode (list "auto" "webhook") }}true{{ end }}
{{- end }}

{{/* "true" if objects that grants create are stamped: the webhook must be called for grants only, which servers support from 1.28 on. */}}
{{- define "breakglass.stampWebhook" -}}
{{- if and (dig "stamp" true (.Values.leftovers | default dict)) (semverCompare ">=1.28.0-0" .Capabilities.KubeVersion.Version) }}true{{ end }}
{{- end }}

{{/* "true" if the chart creates a PodDisruptionBudget, (list $itsValues replicas): one that allows no eviction would block every drain of a node. */}}
{{- define "breakglass.budget" -}}
{{- $budget := index . 0 -}}
{{- $replicas := index . 1 -}}
{{- $least := $budget.minAvailable -}}
{{- if kindIs "string" $least }}{{ $least = divf (mulf (trimSuffix "%" $least | float64) $replicas) 100 | ceil }}{{ end -}}
{{- if and $budget.enabled (lt (int $least) (int $replicas)) }}true{{ end }}
{{- end }}
{{/* The version of a PodDisruptionBudget that the server has. */}}
{{- define "breakglass.budgetVersion" -}}
{{ semverCompare ">=1.21.0-0" .Capabilities.KubeVersion.Version | ternary "policy/v1" "policy/v1beta1" }}
{{- end }}

{{/* Removes rules that servers before 1.23 do not know from a schema. */}}
{{- define "breakglass.withoutRules" -}}
{{- if kindIs "map" . }}
{{- $_ := unset . "x-kubernetes-validations" }}
{{- range $key, $value := . }}{{ include "breakglass.withoutRules" $value }}{{ end }}
{{- else if kindIs "slice" . }}
{{- range . }}{{ include "breakglass.withoutRules" . }}{{ end }}
{{- end }}
{{- end }}

{{/*
The objects of a file of config/, with the names of the namespaces, the chart's labels, and without the rights that the values take away:
(list $ "files/rbac/operator.yaml"), and the rules of its ClusterRole if the values give them.
*/}}
{{- define "breakglass.install" }}
{{- $root := index . 0 }}
{{- $given := slice . 2 }}
{{- /* By way of a text that no name can hold: one of the two new names may have the other old one in it. */}}
{{- $text := $root.Files.Get (index . 1) | replace "breakglass-grants" "%grants%" | replace "breakglass-system" $root.Release.Namespace | replace "%grants%" $root.Values.grantsNamespace.name }}
{{- range $document := splitList "\n---\n" $text }}
{{- $object := fromYaml $document }}
{{- $_ := set $object.metadata "labels" (include "breakglass.labels" $root | fromYaml) }}
{{- if hasKey $object "rules" }}
{{- $rules := list }}
{{- range (empty $given | ternary $object.rules (first $given)) }}
{{- if and (has "breakglass-webhook-tls" .resourceNames) (ne $root.Values.webhook.certificates.source "operator") }}
{{- $_ := set . "resourceNames" (without .resourceNames "breakglass-webhook-tls") }}
{{- end }}
{{- if or (not (has "escalate" .verbs)) (dig "escalate" true $root.Values.grantsNamespace) }}{{ $rules = append $rules . }}{{ end }}
{{- end }}
{{- $_ := set $object "rules" $rules }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}

{{/* Mistakes that a schema cannot see. */}}
{{- define "breakglass.check" -}}
{{- if eq .Release.Namespace .Values.grantsNamespace.name }}
{{- fail (printf "the release is to go into the namespace %s, which is also grantsNamespace.name. No pod may run beside the grants' identities: install into another namespace, e.g. helm install -n breakglass-system --create-namespace." .Release.Namespace) }}
{{- end }}
{{- with .Values.webhook.certificates }}
{{- if and (eq .source "secret") (not (and .secretName .caBundle)) }}
{{- fail "webhook.certificates.source is secret, so the operator makes no certificate: set webhook.certificates.secretName and webhook.certificates.caBundle as well." }}
{{- end }}
{{- if and (ne .source "secret") (or .secretName .caBundle) }}
{{- fail (printf "webhook.certificates.secretName and caBundle are for source secret, and source is %s: the certificate would not be used. Set source: secret, or leave them out." .source) }}
{{- end }}
{{- end }}
{{- if and .Values.webhook.url (eq .Values.webhook.certificates.source "cert-manager") }}
{{- fail (printf "webhook.url is %s, and the certificate that webhook.certificates.source: cert-manager has made is for the Service's names alone: the API server would trust no webhook, and nothing of breakglass.dev could be written. Use source: operator with --webhook-extra-names in operator.extraArgs, or source: secret with a certificate for that host." .Values.webhook.url) }}
{{- end }}
{{- if eq (include "breakglass.webhookPort" .) (include "breakglass.httpPort" .) }}
{{- fail (printf "webhook.port and operator.httpPort are both %s: the pod cannot have two listeners on one port. Change one of them." (include "breakglass.webhookPort" .)) }}
{{- end }}
{{- with .Values.journal }}
{{- if and .enabled (not .keySecret) }}
{{- fail "journal.enabled is true and journal.keySecret is empty, so the journal could not be signed: create a key with 'kubectl breakglass journal keygen', put it into a Secret under the key journal.key, and set journal.keySecret to its name." }}
{{- end }}
{{- if and .keySecret (not .enabled) }}
{{- fail (printf "journal.keySecret is %s and journal.enabled is false, so there would be no journal. Set journal.enabled: true, or leave keySecret out." .keySecret) }}
{{- end }}
{{- if and .sinksSecret (not .enabled) }}
{{- fail (printf "journal.sinksSecret is %s and journal.enabled is false, so there would be no entries to copy. Set journal.enabled: true, or leave sinksSecret out." .sinksSecret) }}
{{- end }}
{{- with .bucket }}
{{- if and .name (not $.Values.journal.enabled) }}
{{- fail (printf "journal.bucket.name is %s and journal.enabled is false, so there would be no journal. Set journal.enabled: true, or leave the name out." .name) }}
{{- end }}
{{- if and .name (($.Values.journal.claim | default dict).existing) }}
{{- fail (printf "journal.bucket.name is %s and journal.claim.existing is %s, and the journal is in one place. Leave one of them out; to move a journal, copy its files while the operator is stopped." .name $.Values.journal.claim.existing) }}
{{- end }}
{{- if and .name (not (or .region .endpoint)) }}
{{- fail (printf "journal.bucket.name is %s, and the operator would not know where the bucket is: set journal.bucket.region for AWS, or journal.bucket.endpoint for another service." .name) }}
{{- end }}
{{- if and (or .prefix .region .endpoint .retention .pathStyle .compliance .credentialsSecret) (not .name) }}
{{- fail "journal.bucket has values and no name, so there would be no bucket to use them for. Set journal.bucket.name, or leave the others out." }}
{{- end }}
{{- end }}
{{- with .serve }}
{{- if and .enabled (not $.Values.journal.enabled) }}
{{- fail "journal.serve.enabled is true and journal.enabled is false, so there would be no journal to read. Set journal.enabled: true, or leave serve out." }}
{{- end }}
{{- if and .enabled (not .tokenSecret) }}
{{- fail "journal.serve.enabled is true and journal.serve.tokenSecret is empty, so everybody could read the journal: put a token into a Secret under the key token, for example from 'openssl rand -hex 32', and set tokenSecret to its name." }}
{{- end }}
{{- if and .tokenSecret (not .enabled) }}
{{- fail (printf "journal.serve.tokenSecret is %s and journal.serve.enabled is false, so the token would not be used. Set journal.serve.enabled: true, or leave tokenSecret out." .tokenSecret) }}
{{- end }}
{{- $audit := ternary (int ($.Values.audit | default dict).port) 0 (eq (include "breakglass.audit" $) "true") }}
{{- if and .enabled (has (int (include "breakglass.servePort" $)) (list (int (include "breakglass.webhookPort" $)) (int (include "breakglass.httpPort" $)) $audit)) }}
{{- fail (printf "journal.serve.port is %s, and the pod has another listener on that port. Change one of them." (include "breakglass.servePort" $)) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.audit }}
{{- if .enabled }}
{{- if not (or .clientCASecret .tokenSecret) }}
{{- fail "audit.enabled is true, and everybody could make up what was done with a grant: set audit.clientCASecret or audit.tokenSecret." }}
{{- end }}
{{- if or (eq (int .port) (int (include "breakglass.webhookPort" $))) (eq (int .port) (int (include "breakglass.httpPort" $))) }}
{{- fail (printf "audit.port is %d, and the pod has another listener on that port. Change one of them." (int .port)) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.gateway }}
{{- if and .enabled (not .publicUrl) }}
{{- fail "gateway.enabled is true and gateway.publicUrl is empty, so people would not know where the gateway is: set it to the address by which they reach it, for example https://gateway.example.com." }}
{{- end }}
{{- if and .publicUrl (not .enabled) }}
{{- fail (printf "gateway.publicUrl is %s and gateway.enabled is false, so there would be no gateway at that address. Set gateway.enabled: true, or leave publicUrl out." .publicUrl) }}
{{- end }}
{{- if and .certificateSecret (not .publicCaBundle) }}
{{- fail (printf "gateway.certificateSecret is %s and gateway.publicCaBundle is empty, so people's kubeconfigs would not trust that certificate: set gateway.publicCaBundle to the CA that signed it." .certificateSecret) }}
{{- end }}
{{- if .enabled }}
{{- $audit := ternary (int ($.Values.audit | default dict).port) 0 (eq (include "breakglass.audit" $) "true") }}
{{- if has (int (include "breakglass.reportsPort" $)) (list (int (include "breakglass.webhookPort" $)) (int (include "breakglass.httpPort" $)) $audit (int (include "breakglass.servePort" $))) }}
{{- fail (printf "gateway.enabled is true, and the operator's pod has another listener on port %s, at which the gateway reports. Change the port of that listener." (include "breakglass.reportsPort" $)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not .Values.userRoles.create }}
{{- range $role, $groups := .Values.userRoles.groups }}
{{- if $groups }}
{{- fail (printf "userRoles.groups.%s names groups, and userRoles.create is false: nothing would be bound to them. Set userRoles.create: true, or leave the groups out." $role) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
