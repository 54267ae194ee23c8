# expect: exception TypeError | class: loop | timeout: 5
"""No sockets, so no event loop."""
import asyncio


async def never():
    while True:
        await asyncio.sleep(0)


asyncio.run(never())
