"""A model of dataclasses and enums, to JSON and back."""

import dataclasses
import enum
import json
from datetime import date, timedelta
from typing import Self


class State(enum.StrEnum):
    OPEN = enum.auto()
    PAID = enum.auto()


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    what: str
    count: int
    price: float

    @property
    def total(self) -> float:
        return self.count * self.price


@dataclasses.dataclass(order=True)
class Invoice:
    number: int
    due: date
    lines: list[Line] = dataclasses.field(default_factory=list, compare=False)
    state: State = State.OPEN

    @classmethod
    def of(cls, text: str) -> Self:
        members = json.loads(text)
        lines = [Line(**line) for line in members.pop("lines")]
        due, state = date.fromisoformat(members.pop("due")), State(members.pop("state"))
        return cls(lines=lines, due=due, state=state, **members)

    def text(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=str, indent=2, sort_keys=True)


invoice = Invoice(7, date(2026, 11, 22) + timedelta(days=30), [Line("apples", 3, 0.25), Line("crates", 1, 12.5)])
print(invoice.text())
again = Invoice.of(invoice.text())
print(again == invoice, again, sum(line.total for line in again.lines))
match again:
    case Invoice(number=number, state=State.OPEN, lines=[Line(what=first), *rest]):
        print(f"invoice {number} is open, begins with {first}, {len(rest)} more")
try:
    again.lines[0].count = 4
except dataclasses.FrozenInstanceError as error:
    print(type(error).__name__, error)
