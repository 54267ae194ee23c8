"""A simulation: people in a queue, with a seeded random source and a heap of events."""

import heapq
import random
import statistics

random.seed(2026)


def simulate(customers, servers, arrival_rate, service_rate):
    now, waits, free = 0.0, [], [0.0] * servers
    for _ in range(customers):
        now += random.expovariate(arrival_rate)
        first = heapq.heappop(free)
        start = max(now, first)
        waits.append(start - now)
        heapq.heappush(free, start + random.expovariate(service_rate))
    return waits


for servers in (1, 2, 3):
    waits = simulate(2000, servers, 0.9, 1.0)
    print(f"{servers} servers: mean wait {statistics.fmean(waits):.4f}, worst {max(waits):.4f}")
print(random.sample(range(100), 8), random.gauss(0, 1), random.choice("abc"), random.getrandbits(64))
deck = list(range(10))
random.shuffle(deck)
print(deck)
