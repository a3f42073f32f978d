"""The published language: one family of events a module.

Every event is CloudEvents 1.0 in Kafka's *binary* mode: attributes in ``ce_*`` headers, JSON
data in the value; binary, because a compacted topic needs real tombstones. Ids are derived,
so that what is read or decided twice has the same id twice. Envelopes are closed (an unknown
attribute of ours is refused), records inside them are open.
"""
