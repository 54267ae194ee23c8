"""A report from CSV: read, group, write again."""

import csv
import io
import statistics
from collections import defaultdict

SALES = """region,month,amount
north,2026-01,1200.50
south,2026-01,980.00
north,2026-02,1340.25
south,2026-02,"1,105.75"
west,2026-02,77
"""

by_region = defaultdict(list)
for row in csv.DictReader(io.StringIO(SALES)):
    by_region[row["region"]].append(float(row["amount"].replace(",", "")))

with open("report.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["region", "count", "total", "mean"])
    for region, amounts in sorted(by_region.items()):
        writer.writerow([region, len(amounts), f"{sum(amounts):.2f}", f"{statistics.mean(amounts):.2f}"])

with open("report.csv", newline="") as file:
    for line in csv.reader(file):
        print(" | ".join(f"{cell:>8}" for cell in line))
