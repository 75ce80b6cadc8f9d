"""What the locked packages are: known vulnerabilities, licences, and a list of them."""
