"""How the spectators' password is stored: salted, by a hash that takes no time."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own hash with few rounds: for random passwords alone, which nobody can guess."""

    algorithm = "pbkdf2_sha256_quick"
    iterations = 1000
