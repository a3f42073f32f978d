"""The whole installation in one process under virtual time, from one seed.

Both sandboxes' cores, sources, writers and mapper run as they are, without sockets and without
real time; a made-up crowd works while processes are killed and answers are lost. A seed gives
the same history every time, so one that fails can be replayed step by step.
"""
