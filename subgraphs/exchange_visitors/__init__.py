"""The exchange visitor subgraph: sponsors (State ECA) and SEVIS records (ICE SEVP)."""
