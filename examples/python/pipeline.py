"""An asyncio pipeline: producers, a queue, workers, a timeout and an executor."""

import asyncio


async def produce(queue, name, count):
    for number in range(count):
        await queue.put((name, number))
        await asyncio.sleep(0.001)


async def work(queue, results):
    while True:
        name, number = await queue.get()
        square = await asyncio.to_thread(pow, number, 2)
        results[name].append(square)
        queue.task_done()


async def never():
    await asyncio.Event().wait()


async def main():
    queue, results = asyncio.Queue(maxsize=3), {"left": [], "right": []}
    workers = [asyncio.create_task(work(queue, results)) for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        group.create_task(produce(queue, "left", 4))
        group.create_task(produce(queue, "right", 6))
    await queue.join()
    for worker in workers:
        worker.cancel()
    ended = await asyncio.gather(*workers, return_exceptions=True)
    print({name: sorted(squares) for name, squares in results.items()}, [type(one).__name__ for one in ended])
    try:
        async with asyncio.timeout(0.02):
            await never()
    except TimeoutError:
        print("timed out, as it should")


asyncio.run(main())
