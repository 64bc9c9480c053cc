"""Alembic runs this file: the caller's connection, its transaction, and the tables of `schema.py`."""

from alembic import context

from audit.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
