"""Every metric of Anji, in one place: base units, labels of few known values.

A help text says what is counted, and what counts twice.
"""

from prometheus_client import Counter, Gauge, Histogram

__all__ = [
    "CALLS_PAUSED",
    "CALLS_PER_DAY",
    "CALLS_USED_TODAY",
    "DEAD_LETTERS",
    "LAG_RECORDS",
    "LAG_SECONDS",
    "MAPPER_EFFECTS",
    "MAPPER_INPUTS",
    "PAID_CALLS",
    "SERVICES_UP",
    "SERVICE_RESTARTS",
    "SOURCE_FAILURES",
    "SOURCE_READS",
    "SOURCE_WATERMARK_SECONDS",
    "SYNCED_RECORDS",
    "VENDOR_CALLS",
    "VENDOR_CALL_SECONDS",
    "VENDOR_WAITS",
    "WRITER_ATTEMPTS",
    "WRITER_PARKED",
    "WRITER_RESULTS",
]

VENDOR_CALLS = Counter(
    "anji_vendor_calls_total",
    "Requests sent to a vendor. `answered` counts any HTTP status, errors of the vendor too; "
    "`unavailable` never arrived or only read; `in_doubt` may have written; `held` did not leave, "
    "for the calls before had no answer.",
    ("system", "outcome"),
)

VENDOR_CALL_SECONDS = Histogram(
    "anji_vendor_call_duration_seconds",
    "From sending a request to the last byte of its answer; calls without an answer are left out.",
    ("system",),
    # Kingdee takes seconds for a batch of fifty bills, and is given up after a minute.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)

DEAD_LETTERS = Counter(
    "anji_deadletters_total",
    "Inputs that nobody could decode, by who met them. Met again after a crash, counted again.",
    ("by",),
)

SERVICES_UP = Gauge(
    "anji_service_up", "1 while a service of this process runs, else 0.", ("service",)
)

SERVICE_RESTARTS = Counter(
    "anji_service_restarts_total",
    "How often a service of this process failed and was started again.",
    ("service",),
)

LAG_RECORDS = Gauge(
    "anji_lag_records",
    "Committed records of a topic that a group has not moved past, over all partitions.",
    ("group", "topic"),
)

LAG_SECONDS = Gauge(
    "anji_lag_seconds",
    "Age of the oldest such record; 0 if there is none.",
    ("group", "topic"),
)

MAPPER_INPUTS = Counter(
    "anji_mapper_inputs_total",
    "Records that the mapper has read, by topic. Read again after a crash, counted again.",
    ("topic",),
)

MAPPER_EFFECTS = Counter(
    "anji_mapper_effects_total",
    "What the mapper decided to publish, by kind. Decided again after a crash, counted again.",
    ("kind",),
)

SOURCE_READS = Counter(
    "anji_source_reads_total",
    "Records that a source has read, by what became of them: `published`, `known` (nothing "
    "moved), `stale` (older than what is published), `torn`, `missing`, `unreadable`. "
    "Read again after a crash, counted again.",
    ("system", "object", "outcome"),
)

SOURCE_FAILURES = Counter(
    "anji_source_failures_total",
    "Polls and reads that the vendor did not answer usably; they are repeated, nothing is lost.",
    ("system", "object"),
)

SOURCE_WATERMARK_SECONDS = Gauge(
    "anji_source_watermark_timestamp_seconds",
    "Up to which vendor time an object is read, as Unix seconds.",
    ("system", "object"),
)

WRITER_RESULTS = Counter(
    "anji_writer_results_total",
    "Commands that a writer has answered, by outcome.",
    ("system", "outcome"),
)

WRITER_ATTEMPTS = Counter(
    "anji_writer_attempts_total",
    "Attempts by what became of them: `sent`, `doubted` (no answer came) or `outdated` (too old "
    "when they were to leave, so looked up and recorded again). A doubted one was sent, too.",
    ("system", "outcome"),
)

WRITER_PARKED = Gauge(
    "anji_writer_parked_commands",
    "Commands in doubt, put off, or waiting behind such a one, by partition.",
    ("system", "partition"),
)

VENDOR_WAITS = Counter(
    "anji_writer_vendor_waits_total",
    "How often a writer waited because its vendor or the broker gave no answer; nothing is lost.",
    ("system",),
)

PAID_CALLS = Counter(
    "anji_paid_calls_total",
    "Calls that a vendor counts, by object and by what they were for. Refused ones too.",
    ("system", "object", "purpose"),
)

SYNCED_RECORDS = Counter(
    "anji_paid_records_total",
    "Records that paid calls have brought or written, by object; lines count as records.",
    ("system", "object"),
)

CALLS_USED_TODAY = Gauge(
    "anji_paid_calls_today",
    "Calls of the present Beijing day, of the whole installation as far as it is known here.",
    ("system",),
)

CALLS_PER_DAY = Gauge(
    "anji_paid_calls_per_day", "Calls that a day has; absent where unlimited.", ("system",)
)

CALLS_PAUSED = Gauge(
    "anji_paid_calls_paused",
    "1 while nothing is called because the vendor or the day has no calls left, else 0.",
    ("system",),
)
