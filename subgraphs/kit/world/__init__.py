"""The synthetic world: one deterministic `Journey` per traveler, read by every agency's `seed.py`. No IO, no clock."""

__all__: list[str] = []
