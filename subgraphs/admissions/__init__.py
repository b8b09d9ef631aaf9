"""The admissions subgraph: arrivals, inspections, admissions, departures and overstay assessment (CBP)."""
