"""Many runs beside each other: lists, tables, one run at a glance."""
