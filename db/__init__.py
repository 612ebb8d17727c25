"""What is stored: declarations, tables by store, keys, migrations, policies, importer, demo."""
