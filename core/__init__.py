"""What every other package builds on: settings, contracts, storage, platform facts.

Imports no other package of ours.
"""
