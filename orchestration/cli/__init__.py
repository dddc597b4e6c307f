"""The command line: one command, tingfeng, with a module for each subcommand.

Modules here parse arguments, call functions of other folders and print. Whatever is heavy is imported inside the
functions, so that ``tingfeng --help`` answers at once.
"""
