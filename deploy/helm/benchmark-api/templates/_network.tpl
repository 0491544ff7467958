{{/* A rule of egress: (dict "ports" "5432,6432" "peers" PEERS), to everybody where
     there are no peers. */}}
{{- define "benchmark-api.egress" -}}
- ports:
    {{- range splitList "," .ports | uniq }}
    - port: {{ . }}
    {{- end }}
  {{- with .peers }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* What the service and a migration both reach: DNS, PostgreSQL, and what the values
     add. */}}
{{- define "benchmark-api.commonEgress" -}}
{{- with .Values.networkPolicy -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
  {{- with .dnsTo }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if include "benchmark-api.hasPostgres" $ }}
{{- $own := include "benchmark-api.peer" (list $ "postgres") | fromYamlArray }}
{{- $peers := $.Values.evaluation.postgres.enabled | ternary $own .postgresTo }}
{{ include "benchmark-api.egress" (dict "ports" (include "benchmark-api.postgresPorts" $) "peers" $peers) }}
{{- end }}
{{- with .extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ports of hosts, separated by commas: (list HOSTS DEFAULT). */}}
{{- define "benchmark-api.ports" -}}
{{- $ports := list }}
{{- range first . | default (list "") }}
{{- /* HOST:PORT or [ADDRESS]:PORT, but no bare address of IPv6. */}}
{{- $withPort := regexFind "^([^:]*|\\[.*\\]):[0-9]+$" . }}
{{- $ports = append $ports (splitList ":" $withPort | last | default (toString (last $))) }}
{{- end }}
{{- join "," $ports }}
{{- end }}

{{- define "benchmark-api.postgresPorts" -}}
{{- with .Values.postgres }}
{{- $hosts := concat .hosts .replicaHosts }}
{{- /* A server that a Secret's URL names, for the service or to migrate. */}}
{{- if or (not .hosts) $.Values.migrations.existingSecret.name }}
{{- $hosts = append $hosts "" }}
{{- end }}
{{- include "benchmark-api.ports" (list $hosts .port) }}
{{- end }}
{{- end }}

{{/* Sentinels tell where the primary is: at Redis's own port. */}}
{{- define "benchmark-api.redisPorts" -}}
{{- with .Values.redis }}
{{- if eq .mode "sentinel" }}
{{- include "benchmark-api.ports" (list .hosts (default 26379 .port)) }},6379
{{- else }}
{{- include "benchmark-api.ports" (list .hosts (default 6379 .port)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The port of a URL: (urlParse URL). */}}
{{- define "benchmark-api.urlPort" -}}
{{- include "benchmark-api.ports" (list (list .host) (eq .scheme "https" | ternary 443 80)) }}
{{- end }}

{{/* A peer: the release's pods of a component, as selected by (list . COMPONENT). */}}
{{- define "benchmark-api.peer" -}}
- podSelector:
    matchLabels: {{- include "benchmark-api.selector" . | nindent 6 }}
{{- end }}

{{/* Who may talk to a server of the evaluation: the service, and it to nobody:
     (list . COMPONENT PORT). */}}
{{- define "benchmark-api.evaluationPolicy" -}}
{{- with first . }}
{{- if .Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "benchmark-api.fullname" . }}-{{ index $ 1 }}
  labels: {{- include "benchmark-api.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "benchmark-api.selector" (list . (index $ 1)) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - port: {{ index $ 2 }}
      from:
        {{- include "benchmark-api.peer" (list . "api") | nindent 8 }}
        {{- include "benchmark-api.peer" (list . "migrate") | nindent 8 }}
{{- end }}
{{- end }}
{{- end }}
