"""Numbers: loops over small and large integers, floats, lists of both, comparisons, bits."""

import math


def sieve(limit):
    prime = [True] * (limit + 1)
    prime[0] = prime[1] = False
    for number in range(2, int(limit**0.5) + 1):
        if prime[number]:
            for multiple in range(number * number, limit + 1, number):
                prime[multiple] = False
    return sum(prime)


def collatz(limit):
    longest = 0
    for start in range(1, limit):
        number, steps = start, 0
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
        if steps > longest:
            longest = steps
    return longest


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def fibonacci(number):
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def mandelbrot(size):
    inside = 0
    for row in range(size):
        for column in range(size):
            x0, y0 = column * 3.0 / size - 2.0, row * 2.0 / size - 1.0
            x = y = 0.0
            turn = 0
            while x * x + y * y <= 4.0 and turn < 30:
                x, y = x * x - y * y + x0, 2.0 * x * y + y0
                turn += 1
            if turn == 30:
                inside += 1
    return inside


def multiply(a, b):
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def eliminate(matrix):
    size = len(matrix)
    for pivot in range(size):
        for row in range(pivot + 1, size):
            factor = matrix[row][pivot] / matrix[pivot][pivot]
            for column in range(pivot, size):
                matrix[row][column] -= factor * matrix[pivot][column]
    return math.prod(matrix[index][index] for index in range(size))


def integrate(function, low, high, steps):
    width = (high - low) / steps
    total = 0.5 * (function(low) + function(high))
    for step in range(1, steps):
        total += function(low + step * width)
    return total * width


def power(base, exponent, modulus):
    result = 1
    while exponent:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


def generator_of_numbers(seed, count):
    state = seed
    for _ in range(count):
        state ^= (state << 13) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= (state << 17) & 0xFFFFFFFFFFFFFFFF
        yield state


def large():
    product = 1
    for number in range(1, 400):
        product *= number
    digits = str(product)
    a, b = 1, 1
    for _ in range(2000):
        a, b = a + b, a
    quotient, remainder = divmod(product, b)
    square_root = math.isqrt(product)
    text = int(digits[:300]) + int("7" * 250)
    return len(digits), remainder % 97, square_root % 89, text % 83, quotient % 79, pow(3, 10**30, 10**40 + 7) % 73


def pi_digits(count):
    digits, q, r, t, k, m, x = [], 1, 0, 1, 1, 3, 3
    while len(digits) < count:
        if 4 * q + r - t < m * t:
            digits.append(m)
            q, r, m = 10 * q, 10 * (r - m * t), 10 * (3 * q + r) // t - 10 * m
        else:
            q, r, t, k, m, x = q * k, (2 * q + r) * x, t * x, k + 1, (q * (7 * k + 2) + r * x) // (t * x), x + 2
    return digits


def main():
    assert sieve(60000) == 6057
    assert collatz(1200) > 100
    assert sum(gcd(a, b) for a in range(1, 90) for b in range(1, 90)) > 0
    assert fibonacci(20) == 6765
    assert mandelbrot(50) > 0
    size = 24
    a = [[(row * column) % 7 + 1.5 for column in range(size)] for row in range(size)]
    b = [[(row + column) % 5 for column in range(size)] for row in range(size)]
    assert len(multiply(multiply(a, b), b)) == size
    assert eliminate([[1.0 / (row + column + 1) for column in range(size)] for row in range(size)]) != 1
    assert 1.99 < integrate(math.sin, 0.0, math.pi, 6000) < 2.01
    assert 0 < integrate(lambda x: x * x / (1.0 + abs(x)) ** 2, -3.0, 3.0, 6000)
    assert power(3, 1000003, 998244353) == pow(3, 1000003, 998244353)
    assert all(0 <= number < 1 << 64 for number in generator_of_numbers(88172645463325252, 5000))
    assert large()[0] > 800
    assert pi_digits(120)[:5] == [3, 1, 4, 1, 5]
    total = 0
    for number in range(60000):
        total = (total + number * number) & 0xFFFFFFFF
        if number % 3 == 0 and number > 10 or number == 7:
            total ^= number << 2
    points = [(math.cos(k) * 2.5, math.sin(k) / 1.5, float(k)) for k in range(2000)]
    distance = 0.0
    for (x0, y0, z0), (x1, y1, z1) in zip(points, points[1:]):
        distance += math.sqrt((x0 - x1) ** 2 + (y0 - y1) ** 2 + (z0 - z1) ** 2)
    assert distance > 0 and round(distance, 2) == float(f"{distance:.2f}")


main()
