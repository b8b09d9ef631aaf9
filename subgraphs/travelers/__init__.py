"""The travelers subgraph (OBIM): which identifiers are one person, and on what evidence."""
