"""The link: a pair of records that are the same thing, as one event-sourced aggregate.

`step.Reducer` decides everything hard about two-way sync, without I/O, clock or chance; the
rules it is made of are ``protocol.md``'s, each one named function in `rules`.
"""
