"""The tables that stations hand to one another: columns, types and their meaning."""
