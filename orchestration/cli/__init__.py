"""The command line: one command, tingfeng, with a module for each subcommand."""
