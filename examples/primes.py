"""Counts the primes below a number: `sandlot run examples/primes.py 1000`."""

import sys


def primes_below(limit):
    is_prime = bytearray([1]) * limit
    is_prime[:2] = bytes(min(2, limit))
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(is_prime)


if __name__ == "__main__":
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{primes_below(limit)} primes below {limit}")
