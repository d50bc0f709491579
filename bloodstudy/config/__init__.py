"""What may be configured: the schema, the rule of each key, and YAML files that run nothing."""
