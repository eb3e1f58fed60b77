"""Word counts of many texts: a table format, a report, a database."""
