"""What is stored: declarations, tables by store, keys, roles, migrations, policy data, importer, demo family."""
