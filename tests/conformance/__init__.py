"""The composer against the reference composer's recorded verdicts."""
