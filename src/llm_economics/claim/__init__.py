"""Public claims, and the auditor that checks them."""
