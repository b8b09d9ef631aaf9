"""The travelers subgraph (OBIM): the cross-reference that says which identifiers are one person, and on what evidence."""
