"""Creates and verifies password hashes with passlib. Reads the password from standard input.

    passlib_hashes.py hash             prints a hash
    passlib_hashes.py verify <hash>    prints true or false
"""

import sys

from passlib.hash import bcrypt_sha256

password = sys.stdin.buffer.read().decode()

match sys.argv[1:]:
    case ["hash"]:
        print(bcrypt_sha256.using(rounds=10).hash(password))
    case ["verify", stored]:
        print(str(bcrypt_sha256.verify(password, stored)).lower())
    case _:
        sys.exit(__doc__)
