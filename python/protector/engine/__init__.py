"""The engine: :mod:`protector.engine.manager` is what callers call, :mod:`protector.engine.storage` the drivers."""
