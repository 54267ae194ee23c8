"""`time` as CPython has it, where the time zone is UTC and the locale is C."""

import time
import types

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)
# Days of a year before each month.
BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
DAY_SECONDS = 86_400
# Days from 0000-03-01 to 1970-01-01, and in 400 years.
EPOCH_DAYS, ERA_DAYS = 719_468, 146_097
YEAR_MAX = 2**31 - 1
struct_time = time.struct_time


def leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_of(year, month, day):
    """Days from 1970-01-01 to a day of the Gregorian calendar."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - EPOCH_DAYS


def date_of(days):
    """The year, month and day that is so many days after 1970-01-01."""
    era, day = divmod(days + EPOCH_DAYS, ERA_DAYS)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day


def seconds_of(seconds):
    if seconds is None:
        return int(time.time())
    if isinstance(seconds, float):
        if seconds != seconds:
            raise ValueError("Invalid value NaN (not a number)")
        if seconds in (float("inf"), float("-inf")):
            raise OverflowError("timestamp out of range for platform time_t")
        return seconds.__floor__()
    try:
        seconds = seconds.__index__()
    except AttributeError:
        raise TypeError(f"'{type(seconds).__name__}' object cannot be interpreted as an integer") from None
    return seconds


def gmtime(seconds=None, /):
    seconds = seconds_of(seconds)
    days, rest = divmod(seconds, DAY_SECONDS)
    if not -(2**63) <= seconds < 2**63:
        raise OverflowError("timestamp out of range for platform time_t")
    year, month, day = date_of(days)
    if abs(year) > YEAR_MAX:
        raise OverflowError("Value too large for defined data type")
    of_year = BEFORE[month - 1] + day + (month > 2 and leap(year))
    return struct_time((year, month, day, rest // 3600, rest // 60 % 60, rest % 60, (days + 3) % 7, of_year, 0, "UTC", 0))


def fields(t, function):
    """Nine integers of a tuple, in CPython's ranges."""
    if not isinstance(t, tuple):
        raise TypeError("Tuple or struct_time argument required")
    if len(t) != 9 and not isinstance(t, struct_time):
        raise TypeError(f"{function}(): illegal time tuple argument")
    try:
        return [item.__index__() for item in tuple(t)[:9]]
    except AttributeError:
        raise TypeError(f"{function}(): illegal time tuple argument") from None


def checked(t, function):
    year, month, day, hour, minute, second, weekday, of_year, dst = fields(t, function)
    if abs(year) > YEAR_MAX:
        raise OverflowError("year out of range")
    # Zero stands for the first, as in CPython.
    month, day, of_year = month or 1, day or 1, of_year or 1
    for value, least, most, what in (
        (month, 1, 12, "month"), (day, 1, 31, "day of month"), (hour, 0, 23, "hour"), (minute, 0, 59, "minute"),
        (second, 0, 61, "seconds"), (of_year, 1, 366, "day of year"),
    ):
        if not least <= value <= most:
            raise ValueError(f"{what} out of range")
    weekday = (weekday + 1) % 7 - 1 if weekday >= 0 else weekday
    if weekday < -1:
        raise ValueError("day of week out of range")
    return year, month, day, hour, minute, second, weekday % 7, of_year, dst


def mktime(t, /):
    year, month, day, hour, minute, second, _, _, _ = fields(t, "mktime")
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if abs(year) > YEAR_MAX:
        raise OverflowError("mktime argument out of range")
    return float((days_of(year, month, 1) + day - 1) * DAY_SECONDS + hour * 3600 + minute * 60 + second)


def asctime(t=None, /):
    year, month, day, hour, minute, second, weekday, _, _ = checked(gmtime() if t is None else t, "asctime")
    return f"{DAYS[weekday][:3]} {MONTHS[month - 1][:3]}{day:3d} {hour:02d}:{minute:02d}:{second:02d} {year}"


def ctime(seconds=None, /):
    return asctime(gmtime(seconds))


def iso_week(year, of_year, weekday):
    """ISO 8601's year and week."""
    week = (of_year - weekday + 9) // 7
    if week < 1:
        year -= 1
        return year, weeks(year)
    if week > weeks(year):
        return year + 1, 1
    return year, week


def weeks(year):
    first = (days_of(year, 1, 1) + 3) % 7
    return 53 if first == 3 or (first == 2 and leap(year)) else 52


def strftime(format, t=None, /):
    if not isinstance(format, str):
        raise TypeError(f"strftime() argument 1 must be str, not {type(format).__name__}")
    t = checked(gmtime() if t is None else t, "strftime")
    out, at = [], 0
    while (sign := format.find("%", at)) >= 0:
        out.append(format[at:sign])
        at = sign + 1
        flag = width = ""
        while at < len(format) and format[at] in "-_0^#":
            flag, at = format[at], at + 1
        while at < len(format) and format[at] in "0123456789":
            width, at = width + format[at], at + 1
        if at < len(format) and format[at] in "EO":
            at += 1
        text = directive(format[at], t, flag, int(width or 0)) if at < len(format) else None
        out.append(format[sign : at + 1] if text is None else text)
        at += 1
    out.append(format[at:])
    return "".join(out)


def directive(letter, t, flag, width):
    year, month, day, hour, minute, second, weekday, of_year, dst = t
    hour_12 = hour % 12 or 12
    composed = {
        "c": "%a %b %e %H:%M:%S %Y", "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d", "r": "%I:%M:%S %p", "R": "%H:%M",
        "T": "%H:%M:%S", "X": "%H:%M:%S",
    }.get(letter)
    if composed is not None:
        text = strftime(composed, t)
        return text.rjust(width, "0" if flag == "0" else " ")
    texts = {
        "a": DAYS[weekday][:3], "A": DAYS[weekday], "b": MONTHS[month - 1][:3], "h": MONTHS[month - 1][:3],
        "B": MONTHS[month - 1], "p": "AM" if hour < 12 else "PM", "P": "am" if hour < 12 else "pm", "n": "\n", "t": "\t",
        "Z": "UTC", "%": "%",
    }
    if letter in texts:
        text = texts[letter]
        if flag == "^":
            text = text.upper()
        elif flag == "#":
            text = text.lower() if letter in "pZ" else text.upper()
        return text.rjust(width, "0" if flag == "0" else " ")
    iso_year, week = iso_week(year, of_year, weekday) if letter in "gGV" else (0, 0)
    numbers = {
        "C": (year // 100, 2, "0"), "d": (day, 2, "0"), "e": (day, 2, " "), "g": (iso_year % 100, 2, "0"),
        "G": (iso_year, 1, "0"), "H": (hour, 2, "0"), "I": (hour_12, 2, "0"), "j": (of_year, 3, "0"), "k": (hour, 2, " "),
        "l": (hour_12, 2, " "), "m": (month, 2, "0"), "M": (minute, 2, "0"), "S": (second, 2, "0"),
        "u": (weekday + 1, 1, "0"), "U": ((of_year + 6 - (weekday + 1) % 7) // 7, 2, "0"), "V": (week, 2, "0"),
        "w": ((weekday + 1) % 7, 1, "0"), "W": ((of_year + 6 - weekday) // 7, 2, "0"), "y": (year % 100, 2, "0"),
        "Y": (year, 1, "0"), "s": (int(mktime((year, month, day, hour, minute, second, 0, 0, 0))), 1, "0"),
    }
    if letter == "z":
        return "+0000"
    if letter not in numbers:
        return None
    number, least, fill = numbers[letter]
    fill = {"_": " ", "0": "0"}.get(flag, fill)
    if flag == "-":
        return str(number)
    width = max(width, least)
    return str(number).zfill(width) if fill == "0" else str(number).rjust(width)


def clock_gettime_ns(clock, /):
    try:
        return CLOCKS[clock]()
    except KeyError:
        raise OSError(22, "Invalid argument") from None


def clock_gettime(clock, /):
    return clock_gettime_ns(clock) / 1e9


def clock_getres(clock, /):
    clock_gettime_ns(clock)
    return 1e-9


def localtime(seconds=None, /):
    return gmtime(seconds)


def tzset():
    pass


def get_clock_info(name, /):
    whose = {"process_time": "PROCESS", "thread_time": "THREAD"}.get(name)
    if whose is None:
        return raw_clock_info(name)
    return types.SimpleNamespace(
        implementation=f"clock_gettime(CLOCK_{whose}_CPUTIME_ID)", monotonic=True, adjustable=False, resolution=1e-9
    )


# By the numbers of CLOCK_*.
CLOCKS = {0: time.time_ns, 1: time.monotonic_ns}
raw_clock_info = time.get_clock_info


def install(put, of_processor):
    put(
        time, gmtime, localtime, mktime, asctime, ctime, strftime, clock_gettime, clock_gettime_ns, clock_getres, tzset,
        get_clock_info,
    )
    for function in of_processor:
        setattr(time, function.__name__, function)
    CLOCKS.update({2: time.process_time_ns, 3: time.thread_time_ns})
    time.tzname, time.timezone, time.altzone, time.daylight = ("UTC", "UTC"), 0, 0, 0
    time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID = range(4)
