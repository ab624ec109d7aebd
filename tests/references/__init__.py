"""Second implementations that the tests compare with. Nothing here is used by the package."""
