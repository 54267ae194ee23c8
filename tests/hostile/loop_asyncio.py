# expect: timeout | class: loop | timeout: 0.4
"""An event loop that never rests."""
import asyncio


async def never():
    while True:
        await asyncio.sleep(0)


asyncio.run(never())
