"""Mutation testing of what decides and enforces: one check is deleted or turned at a time, and some test has to fail."""
