"""The consular subgraph: visa applications and visas, as the Department of State keeps them."""
