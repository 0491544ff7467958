{{/* What no schema can say: values that contradict each other. All of it is told
     at once. */}}

{{/* The paths of the values that are not as they are by default, a zero and a false
     counting as none: (list .Values (dict PATH DEFAULT)). */}}
{{- define "benchmark-api.changed" -}}
{{- $changed := list }}
{{- range $path, $default := last . }}
{{- $value := first $ }}
{{- range splitList "." $path }}
{{- $value = index $value . }}
{{- end }}
{{- if ne (default "" $value | toString) $default }}
{{- $changed = append $changed $path }}
{{- end }}
{{- end }}
{{- join ", " $changed }}
{{- end }}

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

{{- /* What a URL says too, and what is said beside it. */}}
{{- $inURL := dict
  "postgres" (dict "postgres.database" "benchmark" "postgres.user" "benchmark" "postgres.sslMode" "prefer" "postgres.existingSecret.userKey" "" "postgres.existingSecret.passwordKey" "password")
  "redis" (dict "redis.database" "" "redis.user" "" "redis.tls.enabled" "" "redis.existingSecret.userKey" "" "redis.existingSecret.passwordKey" "password")
}}
{{- $besideURL := dict
  "postgres" (dict "postgres.port" "5432" "postgres.ca.configMap" "" "postgres.ca.secret" "")
  "redis" (dict "redis.port" "" "redis.tls.ca.configMap" "" "redis.tls.ca.secret" "")
}}
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
{{- $dropped := include "benchmark-api.changed" (list $.Values (index $inURL $name)) }}
{{- if and .existingSecret.urlKey $dropped }}
{{- $found = append $found (printf "%s: the URL in %s.existingSecret stands for it; say it there" $dropped $name) }}
{{- end }}
{{- $unused := include "benchmark-api.changed" (list $.Values (merge dict (index $inURL $name) (index $besideURL $name))) }}
{{- if and (empty $servers) $unused }}
{{- $found = append $found (printf "%s: of which server? (%s.hosts)" $unused $name) }}
{{- end }}
{{- if and .password .existingSecret.name }}
{{- $found = append $found (printf "%s.password: there is %s.existingSecret already" $name $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- range $name, $entries := dict
  "apiKey" (dict "apiKey.existingSecret.key" "api-key")
  "migrations" (dict "migrations.existingSecret.urlKey" "url")
  "postgres" (dict "postgres.existingSecret.passwordKey" "password" "postgres.existingSecret.userKey" "" "postgres.existingSecret.urlKey" "")
  "redis" (dict "redis.existingSecret.passwordKey" "password" "redis.existingSecret.userKey" "" "redis.existingSecret.sentinelPasswordKey" "" "redis.existingSecret.sentinelUserKey" "" "redis.existingSecret.urlKey" "")
}}
{{- if and (not (index $.Values $name).existingSecret.name) (include "benchmark-api.changed" (list $.Values $entries)) }}
{{- $found = append $found (printf "%s.existingSecret.name: which Secret has the entries?" $name) }}
{{- end }}
{{- end }}

{{- range $name, $ca := dict "postgres.ca" .Values.postgres.ca "redis.tls.ca" .Values.redis.tls.ca }}
{{- if and $ca.configMap $ca.secret }}
{{- $found = append $found (printf "%s: either a configMap or a secret" $name) }}
{{- end }}
{{- if and (ne $ca.key "ca.crt") (not (or $ca.configMap $ca.secret)) }}
{{- $found = append $found (printf "%s.key: of which configMap or secret?" $name) }}
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
{{- if and (include "benchmark-api.hasPostgres" $) (not .existingSecret.urlKey) (or .ca.configMap .ca.secret) (not (hasPrefix "verify-" .sslMode)) }}
{{- $found = append $found (printf "postgres.ca: postgres.sslMode %s verifies nothing; take verify-ca or verify-full" .sslMode) }}
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
{{- if and (include "benchmark-api.hasRedis" $) (not .existingSecret.urlKey) (or .tls.ca.configMap .tls.ca.secret) (not .tls.enabled) }}
{{- $found = append $found "redis.tls.ca: redis.tls.enabled is false" }}
{{- end }}
{{- $hasPassword := or .password (and .existingSecret.name .existingSecret.passwordKey) }}
{{- if and (not .existingSecret.urlKey) (or .user .existingSecret.userKey) (not $hasPassword) }}
{{- $found = append $found "redis.password: redis.user needs one, or redis.existingSecret.name" }}
{{- end }}
{{- with .existingSecret }}
{{- if and .sentinelUserKey (not .sentinelPasswordKey) }}
{{- $found = append $found "redis.existingSecret.sentinelPasswordKey: sentinelUserKey needs one" }}
{{- end }}
{{- if and (not $.Values.redis.sentinelAuth) (or .sentinelUserKey .sentinelPasswordKey) }}
{{- $found = append $found "redis.sentinelAuth: it is false, and redis.existingSecret has an account of sentinels" }}
{{- end }}
{{- end }}
{{- $ofSentinels := include "benchmark-api.changed" (list $.Values (dict "redis.sentinelMaster" "mymaster" "redis.sentinelAuth" "true" "redis.existingSecret.sentinelPasswordKey" "" "redis.existingSecret.sentinelUserKey" "")) }}
{{- if and (ne .mode "sentinel") $ofSentinels }}
{{- $found = append $found (printf "%s: redis.mode is %s" $ofSentinels .mode) }}
{{- end }}
{{- end }}

{{- with .Values.config }}
{{- /* The schema bounds numbers, and cannot bound those in quotes. */}}
{{- range $key, $range := dict
  "WORKERS" (list 1 1024)
  "POSTGRES_POOL_SIZE" (list 1 1000)
  "CACHE_MAX_BYTES" (list 0 1099511627776)
  "MAX_BODY_BYTES" (list 1 1073741824)
  "RATE_LIMIT_PER_KEY" (list 0 60000)
  "RATE_LIMIT_PER_ADDRESS" (list 0 60000)
  "RATE_LIMIT_FAILED_AUTH" (list 0 60000)
  "LOG_FILE_MAX_BYTES" (list 0 1099511627776)
  "LOG_FILE_KEEP" (list 0 1000)
}}
{{- $value := index $.Values.config $key }}
{{- if and (kindIs "string" $value) $value }}
{{- if or (lt (float64 $value) (first $range | float64)) (gt (float64 $value) (last $range | float64)) }}
{{- $found = append $found (printf "config.%s: it is not a number of %d to %d" $key (first $range) (last $range)) }}
{{- end }}
{{- end }}
{{- end }}
{{- $needed := dict
  "POSTGRES_" (list (include "benchmark-api.hasPostgres" $) "server? (postgres.hosts)")
  "MIGRATION_" (list (include "benchmark-api.hasPostgres" $) "server? (postgres.hosts)")
  "REDIS_" (list (include "benchmark-api.hasRedis" $) "server? (redis.hosts)")
  "LOG_FILE_" (list .LOG_FILE "file? (config.LOG_FILE)")
}}
{{- range $key, $value := . }}
{{- range $prefix, $what := $needed }}
{{- if and (hasPrefix $prefix $key) (ne (toString $value) "") (empty (first $what)) }}
{{- $found = append $found (printf "config.%s: of which %s" $key (last $what)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .LOG_FILE (dig "readOnlyRootFilesystem" false $.Values.securityContext) }}
{{- /* The service runs in the folder /. */}}
{{- $file := printf "/%s/" (trimPrefix "/" .LOG_FILE) }}
{{- $canBeWritten := hasPrefix "/dev/" $file }}
{{- $ownMounts := include "benchmark-api.hasPostgres" $ | empty | ternary (list (dict "mountPath" "/data")) list }}
{{- range concat $ownMounts $.Values.extraVolumeMounts }}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $file }}
{{- $canBeWritten = true }}
{{- end }}
{{- end }}
{{- if not $canBeWritten }}
{{- $found = append $found "config.LOG_FILE: no volume that can be written is mounted there (extraVolumeMounts)" }}
{{- end }}
{{- end }}
{{- end }}

{{- with .Values.rollingUpdate }}
{{- $none := "^0+%?$" }}
{{- if and (include "benchmark-api.hasPostgres" $) (regexMatch $none (toString .maxSurge)) (regexMatch $none (toString .maxUnavailable)) }}
{{- $found = append $found "rollingUpdate: maxSurge and maxUnavailable are both 0, so that no pod could be replaced" }}
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
