"""Alembic's entry, for every subgraph alike: the connection and the tables come from ``subgraphs.kit.migrate``."""

from alembic import context

from subgraphs.kit.migrate import render_item

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    render_item=render_item,
    render_as_batch=False,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
