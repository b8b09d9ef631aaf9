"""The Visa Security Program subgraph: reviews and recommendations, never a visa status."""
