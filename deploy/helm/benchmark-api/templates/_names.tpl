{{/* What everything is called, and how it is found. */}}

{{- define "benchmark-api.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What the objects' names begin with: room is left for what is appended. */}}
{{- define "benchmark-api.fullname" -}}
{{- $name := include "benchmark-api.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "benchmark-api.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "benchmark-api.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What pods of a component are selected by: (list . "api"). */}}
{{- define "benchmark-api.selector" -}}
{{- with first . -}}
app.kubernetes.io/name: {{ include "benchmark-api.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ last $ }}
{{- end }}
{{- end }}

{{/* The labels of pods. No version is among them: another chart alone replaces none. */}}
{{- define "benchmark-api.podLabels" -}}
{{ include "benchmark-api.selector" . }}
{{- with (first .).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The labels of what belongs to a component other than the API. */}}
{{- define "benchmark-api.componentLabels" -}}
{{ include "benchmark-api.labels" (first .) }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{- define "benchmark-api.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "benchmark-api.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}
