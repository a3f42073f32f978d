"""What every Anji service stands on.

Events and refs are the published language; `Broker` carries them; `Clock` and `Transport` are
the two other doors to the world. Nothing here knows a vendor or a mapping.
"""
