"""The merge: many subgraphs into one schema, every mistake collected."""
