"""Values from a job's thread."""

import threading

from pytestqt.qtbot import QtBot

from lungview.ui.relay import BatchRelay


def test_values_arrive_in_order_in_few_batches_on_the_gui_thread(qtbot: QtBot) -> None:
    relay: BatchRelay[int] = BatchRelay(interval_ms=5, batch=50)
    batches: list[list[int]] = []
    threads: set[int] = set()

    def take(values: list[int]) -> None:
        batches.append(values)
        threads.add(threading.get_ident())

    relay.arrived.connect(take)

    def send() -> None:
        for value in range(500):
            relay.post(value)

    sender = threading.Thread(target=send)
    sender.start()
    qtbot.waitUntil(lambda: sum(map(len, batches)) == 500)
    sender.join()
    assert [value for batch in batches for value in batch] == list(range(500))
    assert len(batches) <= 30
    assert threads == {threading.get_ident()}


def test_flushing_hands_over_all_that_waits(qtbot: QtBot) -> None:
    relay: BatchRelay[int] = BatchRelay(interval_ms=10_000, batch=4)
    taken: list[int] = []
    relay.arrived.connect(taken.extend)
    for value in range(10):
        relay.post(value)
    relay.flush()
    assert taken == list(range(10))


def test_cleared_values_never_arrive(qtbot: QtBot) -> None:
    relay: BatchRelay[int] = BatchRelay(interval_ms=1)
    taken: list[int] = []
    relay.arrived.connect(taken.extend)
    relay.post(1)
    relay.clear()
    qtbot.wait(20)
    relay.post(2)
    qtbot.waitUntil(lambda: taken == [2])
