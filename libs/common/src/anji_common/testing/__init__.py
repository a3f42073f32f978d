"""For tests of anything that stands on `anji_common`: shipped, so that others may use it."""
