{{/* What no schema can say: values that contradict each other. All of it is told
     at once. */}}

{{- define "benchmark-api.check" -}}
{{- $found := list }}
{{- $isOne := and (le (int .Values.replicas) 1) (not .Values.autoscaling.enabled) }}
{{- if not (or $isOne (include "benchmark-api.hasPostgres" .)) }}
{{- $found = append $found "replicas, autoscaling.enabled: a SQLite file belongs to one pod; more of them need PostgreSQL (postgres.hosts)" }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- $found = append $found "autoscaling.minReplicas: it exceeds autoscaling.maxReplicas" }}
{{- end }}
{{- $cpu := dig "requests" "cpu" "0" $.Values.resources | toString }}
{{- $cores := divf (trimSuffix "m" $cpu) (hasSuffix "m" $cpu | ternary 1000 1) }}
{{- if and .enabled (lt $cores 0.5) }}
{{- $found = append $found "resources.requests.cpu: autoscaling.enabled needs 500m at least, as it adds pods at a percentage of that" }}
{{- end }}
{{- end }}

{{- range $name := list "postgres" "redis" }}
{{- $evaluation := index $.Values.evaluation $name }}
{{- with index $.Values $name }}
{{- $servers := list (join "," .hosts) .existingSecret.urlKey ($evaluation.enabled | ternary "own" "") | compact }}
{{- if gt (len $servers) 1 }}
{{- $found = append $found (printf "%s.hosts, %s.existingSecret.urlKey, evaluation.%s.enabled: one of them says where it is" $name $name $name) }}
{{- end }}
{{- if and (empty $servers) (or .password .existingSecret.name) }}
{{- $found = append $found (printf "%s.hosts: there is a password, but for which server?" $name) }}
{{- end }}
{{- if and .password .existingSecret.name }}
{{- $found = append $found (printf "%s.password: there is %s.existingSecret already" $name $name) }}
{{- end }}
{{- if and (not .existingSecret.name) (or .existingSecret.urlKey .existingSecret.userKey) }}
{{- $found = append $found (printf "%s.existingSecret.name: which Secret has the entries?" $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- with .Values.postgres }}
{{- if and (or .replicaHosts $.Values.migrations.existingSecret.name) (not (include "benchmark-api.hasPostgres" $)) }}
{{- $found = append $found "postgres.hosts: postgres.replicaHosts and migrations.existingSecret are of which server?" }}
{{- end }}
{{- if and $.Values.evaluation.postgres.enabled (not (or .password .existingSecret.name)) }}
{{- $found = append $found "postgres.password: evaluation.postgres needs one, or postgres.existingSecret.name" }}
{{- end }}
{{- if and $.Values.evaluation.postgres.enabled (not (has .sslMode (list "disable" "prefer"))) }}
{{- $found = append $found (printf "postgres.sslMode: evaluation.postgres speaks no TLS, which %s asks for" .sslMode) }}
{{- end }}
{{- if and $.Values.evaluation.postgres.enabled .replicaHosts }}
{{- $found = append $found "postgres.replicaHosts: evaluation.postgres has none" }}
{{- end }}
{{- if and .ca.configMap .ca.secret }}
{{- $found = append $found "postgres.ca: either a configMap or a secret" }}
{{- end }}
{{- end }}

{{- with .Values.redis }}
{{- if and (eq .mode "standalone") (gt (len .hosts) 1) }}
{{- $found = append $found "redis.mode: standalone is one host, and redis.hosts names several" }}
{{- end }}
{{- if and (ne .mode "standalone") (not .hosts) }}
{{- $found = append $found (printf "redis.mode: redis.hosts names no host of a %s" .mode) }}
{{- end }}
{{- if and (eq .mode "cluster") (int .database) }}
{{- $found = append $found "redis.database: a cluster has 0 alone" }}
{{- end }}
{{- if and $.Values.evaluation.redis.enabled .tls.enabled }}
{{- $found = append $found "redis.tls.enabled: evaluation.redis speaks no TLS" }}
{{- end }}
{{- if and $.Values.evaluation.redis.enabled (or .user .existingSecret.userKey) }}
{{- $found = append $found "redis.user, redis.existingSecret.userKey: evaluation.redis knows the default user alone" }}
{{- end }}
{{- if and $.Values.evaluation.redis.enabled (gt (int .database) 15) }}
{{- $found = append $found "redis.database: evaluation.redis has 0 to 15" }}
{{- end }}
{{- if and .tls.ca.configMap .tls.ca.secret }}
{{- $found = append $found "redis.tls.ca: either a configMap or a secret" }}
{{- end }}
{{- end }}

{{- if and .Values.migrations.revert .Release.IsUpgrade }}
{{- $found = append $found "migrations.revert: it is for `helm template`; an upgrade would migrate again" }}
{{- end }}
{{- if and .Values.apiKey.value .Values.apiKey.existingSecret.name }}
{{- $found = append $found "apiKey.value: there is apiKey.existingSecret already" }}
{{- end }}
{{- with .Values.startupProbe }}
{{- if ge (int $.Values.databaseWaitSeconds) (mul .periodSeconds .failureThreshold | int) }}
{{- $found = append $found "databaseWaitSeconds: startupProbe gives up sooner" }}
{{- end }}
{{- end }}
{{- if eq (int .Values.metrics.port) 8000 }}
{{- $found = append $found "metrics.port: 8000 is the port of the API" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- $found = append $found "httpRoute.parentRefs: which gateway?" }}
{{- end }}

{{- with $found }}
{{- fail (join "\n" (prepend . "")) }}
{{- end }}
{{- end }}
