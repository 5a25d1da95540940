"""What Kafka does with a transactional producer's requests."""

from tests.model.world import Contents, Mark, Producer, Record, Run, Transaction, World


def with_producer(world: World, identity: int, producer: Producer) -> World:
    """The world after one producer changed."""
    producers = list(world.producers)
    producers[identity] = producer
    return world._replace(producers=tuple(producers))


def completed(world: World, identity: int) -> World:
    """A prepared transaction becomes visible: its records, and its mark."""
    producer = world.producers[identity]
    transaction = producer.transaction
    assert transaction is not None
    assert transaction.prepared
    log = tuple(
        record._replace(pending=-1) if record.pending == identity else record
        for record in world.log
    )
    return with_producer(world, identity, Producer(None, transaction.mark))._replace(log=log)


def aborted(world: World, identity: int) -> World:
    """An open transaction is gone, and its records are skipped by who reads."""
    log = tuple(record for record in world.log if record.pending != identity)
    producer = world.producers[identity]._replace(transaction=None)
    return with_producer(world, identity, producer)._replace(log=log)


def fence(world: World, identity: int) -> World:
    """Every run of this producer gets an error for its next request."""
    runs = (run._replace(fenced=True) if run.producer == identity else run for run in world.runs)
    return world._replace(runs=tuple(sorted(runs, key=hash)))


def started(world: World, run: Run, identity: int) -> tuple[World, Run]:
    """InitProducerId: ends what the predecessor left open, and fences it. Returns the run too."""
    others = world._replace(runs=_without(world.runs, run))
    others = fence(others, identity)
    transaction = world.producers[identity].transaction
    if transaction is not None:
        end = completed if transaction.prepared else aborted
        others = end(others, identity)
    changed = run._replace(producer=identity, fenced=False)
    return others._replace(runs=(*others.runs, run)), changed


def opened(world: World, identity: int, records: Contents, mark: Mark) -> World:
    """A transaction with its records and its mark, not committed."""
    producer = world.producers[identity]._replace(transaction=Transaction(mark))
    log = (*world.log, *(Record(message, identity) for message in records))
    return with_producer(world, identity, producer)._replace(log=log)


def prepared(world: World, identity: int) -> World:
    """The request to commit is executed: what was open can no more be aborted."""
    producer = world.producers[identity]
    assert producer.transaction is not None
    return with_producer(
        world,
        identity,
        producer._replace(transaction=producer.transaction._replace(prepared=True)),
    )


def _without(runs: tuple[Run, ...], run: Run) -> tuple[Run, ...]:
    rest = list(runs)
    rest.remove(run)
    return tuple(rest)
