"""``protector-api``: the engine of one site over HTTP, as OpenStack's services do it.

A request passes the rooms once: :mod:`.server` or any WSGI server → :mod:`.authentication` → :mod:`.app`, which reads
version, body and rule of the call from the table :mod:`.calls` → a function of :mod:`.resources` → the engine. What an
operation does is done by ``protector-engine``; here it is only accepted.

Needs the extra ``openstack-protector[api]``.
"""
