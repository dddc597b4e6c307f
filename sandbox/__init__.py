"""A local stand-in of the four sites, for trying, demonstrating and testing. Everything in it is synthetic."""
