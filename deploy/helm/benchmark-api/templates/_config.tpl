{{/* How the service is configured. The service's own rules decide which engine
     runs: PostgreSQL and Redis where they are named, else SQLite and memory. */}}

{{- define "benchmark-api.hasPostgres" -}}
{{- with .Values }}
{{- if or .postgres.hosts .postgres.existingSecret.urlKey .evaluation.postgres.enabled }}true{{ end }}
{{- end }}
{{- end }}

{{- define "benchmark-api.hasRedis" -}}
{{- with .Values }}
{{- if or .redis.hosts .redis.existingSecret.urlKey .evaluation.redis.enabled }}true{{ end }}
{{- end }}
{{- end }}

{{- define "benchmark-api.certificates" -}}
/etc/benchmark-api/certificates
{{- end }}

{{/* The variables that are no secrets. */}}
{{- define "benchmark-api.config" -}}
{{- range $key, $value := .Values.config }}
{{- /* Large numbers as digits: YAML would write 6.7108864e+07. */}}
{{ $key }}: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
PORT: "8000"
METRICS_PORT: {{ .Values.metrics.port | quote }}
SHUTDOWN_DRAIN: {{ .Values.shutdown.drainSeconds | quote }}
SHUTDOWN_TIMEOUT: {{ .Values.shutdown.timeoutSeconds | quote }}
{{- if include "benchmark-api.hasPostgres" . }}
{{- include "benchmark-api.postgresConfig" . }}
{{- else }}
DATABASE_URL: sqlite:///data/benchmark.db
{{- end }}
{{- if include "benchmark-api.hasRedis" . }}
{{- include "benchmark-api.redisConfig" . }}
{{- end }}
{{- end }}

{{- define "benchmark-api.postgresConfig" -}}
{{- with .Values.postgres }}
{{- if not .existingSecret.urlKey }}
POSTGRES_HOST: {{ join "," .hosts | default (printf "%s-postgres" (include "benchmark-api.fullname" $)) | quote }}
POSTGRES_DB: {{ .database | quote }}
{{- if not .existingSecret.userKey }}
POSTGRES_USER: {{ .user | quote }}
{{- end }}
POSTGRES_SSLMODE: {{ .sslMode }}
{{- if or .ca.configMap .ca.secret }}
POSTGRES_SSLROOTCERT: {{ include "benchmark-api.certificates" $ }}/postgres.crt
{{- end }}
{{- end }}
POSTGRES_PORT: {{ .port | quote }}
{{- with .replicaHosts }}
POSTGRES_REPLICA_HOSTS: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "benchmark-api.redisConfig" -}}
{{- with .Values.redis }}
{{- if not .existingSecret.urlKey }}
REDIS_HOST: {{ join "," .hosts | default (printf "%s-redis" (include "benchmark-api.fullname" $)) | quote }}
{{- with .port }}
REDIS_PORT: {{ . | quote }}
{{- end }}
{{- if and .user (not .existingSecret.userKey) }}
REDIS_USER: {{ .user | quote }}
{{- end }}
REDIS_DB: {{ .database | int | quote }}
REDIS_MODE: {{ .mode }}
{{- if eq .mode "sentinel" }}
REDIS_SENTINEL_MASTER: {{ .sentinelMaster | quote }}
REDIS_SENTINEL_AUTH: {{ .sentinelAuth | quote }}
{{- end }}
REDIS_TLS: {{ .tls.enabled | quote }}
{{- end }}
{{- if or .tls.ca.configMap .tls.ca.secret }}
REDIS_TLS_ROOTCERT: {{ include "benchmark-api.certificates" $ }}/redis.crt
{{- end }}
{{- end }}
{{- end }}

{{/* The variables that come from Secrets, and further ones: (list . SECRET), where
     SECRET is the one of the chart's own that holds what the values give. */}}
{{- define "benchmark-api.env" -}}
{{- $own := last . }}
{{- with (first .).Values }}
{{- include "benchmark-api.postgresEnv" (list .postgres $own) }}
{{- include "benchmark-api.redisEnv" (list .redis $own) }}
{{- include "benchmark-api.fromSecret" (list "API_KEY" .apiKey.existingSecret.name .apiKey.existingSecret.key) }}
{{- include "benchmark-api.fromSecret" (list "API_KEY" (empty .apiKey.value | ternary "" $own) "api-key") }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* What opens the database: (list .Values.postgres SECRET). */}}
{{- define "benchmark-api.postgresEnv" -}}
{{- $own := last . }}
{{- with first . }}
{{- include "benchmark-api.fromSecret" (list "DATABASE_URL" .existingSecret.name .existingSecret.urlKey) }}
{{- if not .existingSecret.urlKey }}
{{- include "benchmark-api.fromSecret" (list "POSTGRES_USER" .existingSecret.name .existingSecret.userKey) }}
{{- include "benchmark-api.fromSecret" (list "POSTGRES_PASSWORD" .existingSecret.name .existingSecret.passwordKey) }}
{{- include "benchmark-api.fromSecret" (list "POSTGRES_PASSWORD" (empty .password | ternary "" $own) "postgres-password") }}
{{- end }}
{{- end }}
{{- end }}

{{/* What opens Redis: (list .Values.redis SECRET). */}}
{{- define "benchmark-api.redisEnv" -}}
{{- $own := last . }}
{{- with first . }}
{{- include "benchmark-api.fromSecret" (list "REDIS_URL" .existingSecret.name .existingSecret.urlKey) }}
{{- if not .existingSecret.urlKey }}
{{- include "benchmark-api.fromSecret" (list "REDIS_USER" .existingSecret.name .existingSecret.userKey) }}
{{- include "benchmark-api.fromSecret" (list "REDIS_PASSWORD" .existingSecret.name .existingSecret.passwordKey) }}
{{- include "benchmark-api.fromSecret" (list "REDIS_PASSWORD" (empty .password | ternary "" $own) "redis-password") }}
{{- if eq .mode "sentinel" }}
{{- include "benchmark-api.fromSecret" (list "REDIS_SENTINEL_USER" .existingSecret.name .existingSecret.sentinelUserKey) }}
{{- include "benchmark-api.fromSecret" (list "REDIS_SENTINEL_PASSWORD" .existingSecret.name .existingSecret.sentinelPasswordKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A variable out of a Secret, where both the Secret and the entry have names:
     (list VARIABLE SECRET ENTRY). */}}
{{- define "benchmark-api.fromSecret" -}}
{{- if and (index . 1) (index . 2) }}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end }}
{{- end }}
