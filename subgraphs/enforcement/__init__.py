"""The enforcement subgraph: encounters, removal cases, detention and departure verification (ICE ERO)."""
