"""Who may come in, and how many: buckets that meter callers, and a crowd that is never larger than what can be served."""

from __future__ import annotations

from gateway.traffic.buckets import Buckets, MemoryBuckets
from gateway.traffic.crowd import Crowd
from gateway.traffic.subjects import MemorySeen, Seen, Spent, SubjectBudget, ValkeySeen
from gateway.traffic.turnstile import Turnstile
from gateway.traffic.valkey import ValkeyBuckets, open_valkey

__all__ = [
    "Buckets",
    "Crowd",
    "MemoryBuckets",
    "MemorySeen",
    "Seen",
    "Spent",
    "SubjectBudget",
    "Turnstile",
    "ValkeyBuckets",
    "ValkeySeen",
    "open_valkey",
]
