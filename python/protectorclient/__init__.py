"""The ``openstack protector`` and ``openstack dr`` commands: a thin plugin over the package ``protector``."""
