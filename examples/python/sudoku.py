"""A recursive solver: sudoku by the most constrained cell."""

PUZZLE = "530070000600195000098000060800060003400803001700020006060000280000419005000080079"


def candidates(grid, cell):
    row, column = divmod(cell, 9)
    box = row // 3 * 27 + column // 3 * 3
    seen = {grid[row * 9 + i] for i in range(9)} | {grid[i * 9 + column] for i in range(9)}
    seen |= {grid[box + i * 9 + j] for i in range(3) for j in range(3)}
    return [digit for digit in "123456789" if digit not in seen]


def solve(grid):
    open_cells = [(len(found), cell, found) for cell in range(81) if grid[cell] == "0" for found in [candidates(grid, cell)]]
    if not open_cells:
        return grid
    _, cell, digits = min(open_cells)
    for digit in digits:
        solved = solve(grid[:cell] + digit + grid[cell + 1 :])
        if solved:
            return solved
    return None


solution = solve(PUZZLE)
for row in range(0, 81, 9):
    print(" ".join(solution[row : row + 9]))


def ackermann(m, n):
    return n + 1 if m == 0 else ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


print(ackermann(2, 9))


def endless(n):
    return endless(n + 1)


try:
    endless(0)
except RecursionError as error:
    print(type(error).__name__, error)
