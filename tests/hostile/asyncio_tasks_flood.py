# expect: memory_limit | class: memory | timeout: 40
import asyncio


async def more():
    while True:
        asyncio.create_task(more())
        await asyncio.sleep(0)


asyncio.run(more())
