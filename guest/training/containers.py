"""Lists, dictionaries, sets, tuples: made, searched, sorted, copied, sliced, compared."""

import bisect
import collections
import heapq
import itertools
import copy


def words(count):
    state = 42
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        yield "w" + str(state >> 52)


def count_words(texts):
    counts = {}
    for text in texts:
        if text in counts:
            counts[text] += 1
        else:
            counts[text] = 1
    groups = collections.defaultdict(list)
    for text, count in counts.items():
        groups[count].append(text)
    return counts, groups, collections.Counter(texts).most_common(5)


def shortest(graph, start):
    distances, waiting = {start: 0}, [(0, start)]
    while waiting:
        distance, node = heapq.heappop(waiting)
        if distance > distances.get(node, distance):
            continue
        for neighbour, length in graph[node].items():
            candidate = distance + length
            if neighbour not in distances or candidate < distances[neighbour]:
                distances[neighbour] = candidate
                heapq.heappush(waiting, (candidate, neighbour))
    return distances


def breadth_first(grid, start, goal):
    waiting, seen = collections.deque([(start, 0)]), {start}
    while waiting:
        (row, column), steps = waiting.popleft()
        if (row, column) == goal:
            return steps
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            place = row + down, column + right
            if 0 <= place[0] < len(grid) and 0 <= place[1] < len(grid[0]) and not grid[place[0]][place[1]]:
                if place not in seen:
                    seen.add(place)
                    waiting.append((place, steps + 1))
    return None


def queens(size, row=0, columns=(), first=(), second=()):
    if row == size:
        return 1
    total = 0
    for column in range(size):
        if column not in columns and row - column not in first and row + column not in second:
            total += queens(size, row + 1, columns + (column,), first + (row - column,), second + (row + column,))
    return total


def quicksort(items):
    if len(items) < 2:
        return items
    middle, *rest = items
    return quicksort([x for x in rest if x < middle]) + [middle] + quicksort([x for x in rest if x >= middle])


def life(cells, turns):
    for _ in range(turns):
        neighbours = collections.Counter(
            (x + dx, y + dy) for x, y in cells for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy
        )
        cells = {cell for cell, count in neighbours.items() if count == 3 or count == 2 and cell in cells}
    return cells


def main():
    texts = list(words(15000))
    counts, groups, common = count_words(texts)
    assert sum(counts.values()) == len(texts) and groups and len(common) == 5
    graph = {node: {(node * step + 1) % 400: step for step in range(1, 7)} for node in range(400)}
    assert len(shortest(graph, 0)) > 1
    grid = [[(row * 7 + column * 13) % 5 == 0 for column in range(40)] for row in range(40)]
    breadth_first(grid, (0, 1), (39, 38))
    assert queens(6) == 4
    numbers = [(number * 7919) % 10007 for number in range(4000)]
    assert quicksort(numbers) == sorted(numbers)
    assert sorted(texts, key=len, reverse=True)[0] and sorted(numbers, key=lambda number: (number % 10, -number))
    pairs = sorted((number % 100, str(number)) for number in numbers)
    pairs.sort(key=lambda pair: pair[1])
    assert len(life({(1, 0), (2, 0), (0, 1), (1, 1), (1, 2)}, 60)) > 3
    ordered = []
    for number in numbers[:1500]:
        bisect.insort(ordered, number)
    assert ordered == sorted(numbers[:1500])
    matrix = [list(row) for row in zip(*[range(60)] * 60)]
    flat = [value for row in matrix for value in row if value % 2]
    squares = {value: value * value for value in flat}
    evens = {value for value in squares.values() if value & 2 == 0}
    assert len(flat) == 1800 and len(evens) == 0 or evens
    for _ in range(60):
        part = numbers[10:-10:3]
        part.reverse()
        part[5:8] = [1, 2, 3, 4]
        part.extend(reversed(part[:20]))
        part.insert(3, part.pop())
        del part[::7]
        merged = {**squares, **dict.fromkeys(part, 0)}
        merged.update(zip(part, itertools.count()))
        for key in list(merged)[:100]:
            merged.pop(key, None)
        first, *middle, last = part
        union = set(part) | evens
        union -= set(middle[:50])
        union &= set(numbers)
        assert first in part and last == part[-1] and tuple(middle) != ()
    nested = {"a": [1, [2, 3], {"b": (4, 5)}], "c": {"d": list(range(20))}}
    for _ in range(60):
        assert copy.deepcopy(nested) == nested
    chained = itertools.chain.from_iterable(itertools.combinations(range(14), 3))
    assert sum(chained) > 0 and len(list(itertools.permutations(range(6)))) == 720
    permutation = list(range(7))
    flips_most = 0
    for order in itertools.islice(itertools.permutations(permutation), 1500):
        order = list(order)
        flips = 0
        while order[0]:
            count = order[0] + 1
            order[:count] = order[count - 1 :: -1] if count > len(order) - 1 else reversed(order[:count])
            flips += 1
        flips_most = max(flips_most, flips)
    named = collections.namedtuple("Named", "left right")
    assert sum(pair.left * pair.right for pair in map(named._make, zip(range(3000), range(3000)))) > 0


main()
