"""What people see: tables of services and audits, as text, Markdown and plain data."""
