"""USCIS's chapter: petitions, benefit requests, asylum cases, and who is protected by statute."""
