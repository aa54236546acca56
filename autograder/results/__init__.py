"""Results by the digest of what they came from: what is stored is not computed again."""
