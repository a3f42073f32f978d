{{- define "anji.name" -}}
{{- if contains "anji" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-anji" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "anji.selector" -}}
app.kubernetes.io/name: anji
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "anji.labels" -}}
{{ include "anji.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "anji.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* What holds for every pod: nobody's root, nothing to call Kubernetes with, and no variables of
other Services, for ANJI_FXIAOKE_CALLBACK_PORT would be one of them. */ -}}
{{- define "anji.pod" -}}
enableServiceLinks: false
automountServiceAccountToken: false
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "anji.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Secrets by reference: Kafka's for all, a vendor's for the vendor's own services. */ -}}
{{- define "anji.envFrom" -}}
{{- with .root.Values.secrets.kafka }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- range $vendor := list "fxiaoke" "k3cloud" }}
{{- if hasPrefix $vendor $.service }}
{{- with index $.root.Values.secrets $vendor }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "anji.env" -}}
{{- with .root.Values }}
- {name: ANJI_BROKER, value: kafka}
- name: ANJI_KAFKA_BOOTSTRAP_SERVERS
  value: {{ required "kafka.bootstrapServers is required" .kafka.bootstrapServers | quote }}
- {name: ANJI_TOPIC_PREFIX, value: {{ .kafka.topicPrefix | quote }}}
- {name: ANJI_PARTITIONS, value: {{ .kafka.partitions | quote }}}
- {name: ANJI_GRACE_SECONDS, value: {{ .graceSeconds | quote }}}
- {name: ANJI_HEALTH_HOST, value: 0.0.0.0}
- {name: ANJI_HEALTH_PORT, value: {{ .healthPort | quote }}}
- {name: ANJI_LOG_FORMAT, value: json}
{{- if .settingsFile }}
- {name: ANJI_CONFIG, value: /etc/anji/settings/anji.toml}
{{- end }}
{{- if .mappingsConfigMap }}
- {name: ANJI_MAPPINGS_DIR, value: /etc/anji/mappings}
{{- end }}
{{- if eq $.service "fxiaoke-callback" }}
- {name: ANJI_FXIAOKE_CALLBACK_HOST, value: 0.0.0.0}
- {name: ANJI_FXIAOKE_CALLBACK_PORT, value: {{ .callback.port | quote }}}
{{- end }}
{{- range $name, $value := .settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "anji.mounts" -}}
- {name: home, mountPath: /var/lib/anji}
- {name: tmp, mountPath: /tmp}
{{- with .root.Values }}
{{- if .settingsFile }}
- {name: settings, mountPath: /etc/anji/settings, readOnly: true}
{{- end }}
{{- if .mappingsConfigMap }}
- {name: mappings, mountPath: /etc/anji/mappings, readOnly: true}
{{- end }}
{{- range .files }}
- {name: file-{{ .name }}, mountPath: /etc/anji/files/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}
{{- end }}

{{- define "anji.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if not .hasClaim }}
- name: home
  emptyDir: {}
{{- end }}
{{- with .root.Values }}
{{- if .settingsFile }}
- name: settings
  configMap:
    name: {{ include "anji.name" $.root }}-{{ $.settingsName }}
{{- end }}
{{- with .mappingsConfigMap }}
- name: mappings
  configMap:
    name: {{ . }}
{{- end }}
{{- range .files }}
- name: file-{{ .name }}
  {{- if .secret }}
  secret:
    secretName: {{ .secret }}
  {{- else }}
  configMap:
    name: {{ required "each of files needs a secret or a configMap" .configMap }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
