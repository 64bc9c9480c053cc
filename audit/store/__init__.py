"""The database: SQLAlchemy tables, migrations, and the only code that writes."""
