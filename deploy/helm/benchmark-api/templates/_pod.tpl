{{/* What pods have in common. */}}

{{/* What is the same for all pods, whoever they belong to. */}}
{{- define "benchmark-api.podSpec" -}}
automountServiceAccountToken: false
{{- /* Else a Service that is named `redis` would set REDIS_PORT to a URL. */}}
enableServiceLinks: false
{{- with pick .Values "imagePullSecrets" "affinity" "nodeSelector" "tolerations" "priorityClassName" }}
{{- range $key, $value := . }}
{{- if $value }}
{{ dict $key $value | toYaml }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A container of the service's image. */}}
{{- define "benchmark-api.container" -}}
{{- with .Values.image -}}
image: {{ include "benchmark-api.image" (list . (default $.Chart.AppVersion .tag)) }}
imagePullPolicy: {{ .pullPolicy }}
{{- end }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
resources: {{- toYaml .Values.resources | nindent 2 }}
{{- end }}

{{/* An image by its digest, else by a tag: (list IMAGE TAG). */}}
{{- define "benchmark-api.image" -}}
{{- with first . }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (last $) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The files of the authorities to trust, as sources of a volume. */}}
{{- define "benchmark-api.certificateSources" -}}
{{- range $file, $ca := dict "postgres.crt" .Values.postgres.ca "redis.crt" .Values.redis.tls.ca }}
{{- range $kind, $name := pick $ca "configMap" "secret" }}
{{- if $name }}
- {{ $kind }}:
    name: {{ $name }}
    items:
      - key: {{ $ca.key }}
        path: {{ $file }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The volumes of a pod, and where containers of the service mount them. */}}
{{- define "benchmark-api.volumes" -}}
{{- with include "benchmark-api.certificateSources" . }}
- name: certificates
  projected:
    sources: {{- trim . | nindent 6 }}
{{- end }}
{{- if not (include "benchmark-api.hasPostgres" .) }}
- name: data
  persistentVolumeClaim:
    claimName: {{ default (include "benchmark-api.fullname" .) .Values.persistence.existingClaim }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "benchmark-api.volumeMounts" -}}
{{- if include "benchmark-api.certificateSources" . }}
- name: certificates
  mountPath: {{ include "benchmark-api.certificates" . }}
  readOnly: true
{{- end }}
{{- if not (include "benchmark-api.hasPostgres" .) }}
- name: data
  mountPath: /data
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A container that migrates PostgreSQL, or undoes the last migration: (list .
     SECRET REVERTS), the Secret as for env. Its variables stand in it: when an
     upgrade runs it, the ConfigMap is still that of the version before. */}}
{{- define "benchmark-api.migration" -}}
{{- with first . -}}
- name: migrate
  {{- include "benchmark-api.container" . | nindent 2 }}
  args: [migrate, {{ if last $ }}--revert, {{ end }}--wait, {{ .Values.databaseWaitSeconds | quote }}]
  env:
    {{- range $key, $value := include "benchmark-api.config" . | fromYaml }}
    {{- if regexMatch "^(POSTGRES|MIGRATION)_|^LOG_(LEVEL|FORMAT)$" $key }}
    - name: {{ $key }}
      value: {{ $value | quote }}
    {{- end }}
    {{- end }}
    {{- with include "benchmark-api.postgresEnv" (list .Values.postgres (index $ 1)) | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.migrations.existingSecret }}
    {{- with include "benchmark-api.fromSecret" (list "MIGRATION_DATABASE_URL" .name .urlKey) | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
    {{- with .Values.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.extraEnvFrom }}
  envFrom: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "benchmark-api.volumeMounts" . | trim }}
  volumeMounts: {{- . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* As whom the servers of an evaluation run, else like the service: (list . USER). */}}
{{- define "benchmark-api.podSecurity" -}}
{{- dict "runAsUser" (last .) "runAsGroup" (last .) "fsGroup" (last .) | mergeOverwrite (deepCopy (first .).Values.podSecurityContext) | toYaml }}
{{- end }}
