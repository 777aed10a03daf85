"""What ``protector-api`` and ``protector-engine`` share: their options, their logs, how they start and end.

Both are thin over :class:`protector.Engine`; the embedded mode needs none of this.
"""
