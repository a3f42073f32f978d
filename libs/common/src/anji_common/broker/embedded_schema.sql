-- The file of an EmbeddedBroker. Version: PRAGMA user_version, set by embedded_store.py.

CREATE TABLE topics (
    topic_id                   INTEGER PRIMARY KEY,
    name                       TEXT    NOT NULL UNIQUE,
    partitions                 INTEGER NOT NULL,
    is_compacted               INTEGER NOT NULL,
    retention_seconds          INTEGER,           -- null: for ever
    min_compaction_lag_seconds INTEGER NOT NULL,
    tombstone_seconds          INTEGER NOT NULL
);

-- One row per partition of a topic. log = topic_id << 10 | partition.
CREATE TABLE logs (
    log           INTEGER PRIMARY KEY,
    first_offset  INTEGER NOT NULL DEFAULT 0,     -- oldest offset that may still be there
    next_offset   INTEGER NOT NULL DEFAULT 0,     -- given to the next record; never goes back
    newest_ms     INTEGER NOT NULL DEFAULT 0,     -- timestamps in a log never go back either
    cleaned_to    INTEGER NOT NULL DEFAULT 0      -- compaction has looked at all before this
);

-- place = log << 38 | offset: one table in the order of reading, values in its leaves.
CREATE TABLE records (
    place        INTEGER PRIMARY KEY,
    timestamp_ms INTEGER NOT NULL,
    key          BLOB    NOT NULL,
    value        BLOB,                            -- null: a tombstone
    headers      BLOB                             -- JSON [[name, latin-1 value], ...], null: none
);

-- Compacted topics: the newest record of each key among those that compaction has looked at.
CREATE TABLE newest (
    log          INTEGER NOT NULL,
    key          BLOB    NOT NULL,
    place        INTEGER NOT NULL,
    tombstone_ms INTEGER,                         -- timestamp, if it is a tombstone
    PRIMARY KEY (log, key)
) WITHOUT ROWID;
CREATE INDEX newest_tombstones ON newest (log, tombstone_ms) WHERE tombstone_ms IS NOT NULL;

-- Where a group stands: the next offset to be read.
CREATE TABLE progress (
    group_name  TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (group_name, topic, partition)
) WITHOUT ROWID;

-- Who owns a task. A commit carries the epoch under which its task was taken.
CREATE TABLE owners (
    group_name TEXT    NOT NULL,
    partition  INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    process_id INTEGER,                           -- null: nobody
    member_id  INTEGER,                           -- null: taken by force, outside of `serve`
    PRIMARY KEY (group_name, partition)
) WITHOUT ROWID;

-- Opened brokers that hold tasks, and their sign of life; their memberships in groups.
CREATE TABLE processes (
    process_id INTEGER PRIMARY KEY AUTOINCREMENT,
    beat_ms    INTEGER NOT NULL
);
CREATE TABLE members (
    member_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    group_name TEXT    NOT NULL,
    process_id INTEGER NOT NULL
);
