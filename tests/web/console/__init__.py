"""The auditor's room, over HTTP and in a real browser."""
