"""The ground that every other package stands on: facts, contracts, storage. It imports nothing else of the project."""
