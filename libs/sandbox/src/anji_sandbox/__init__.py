"""Both vendors on localhost: a sandbox CRM and a sandbox ERP, faithful to their documents.

Each vendor is a core (`core.py`), a state machine without sockets, clock or chance; `http.py`
serves it. Imports nothing else of ours, so it shares no mistakes with what is tested against it.
"""

__all__: list[str] = []
