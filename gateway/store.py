"""What the store that several gateways share raises when it cannot be had; its client is loaded only where there is one."""

from __future__ import annotations

__all__ = ["lost"]


def lost() -> tuple[type[Exception], ...]:
    """The errors after which a gateway goes on by itself. For an ``except`` clause, which asks for it only then."""
    from redis.exceptions import RedisError

    return (RedisError, OSError, TimeoutError, ValueError, TypeError)
