"""Second and third opinions on the policy: other implementations that have to agree with it on random requests."""
