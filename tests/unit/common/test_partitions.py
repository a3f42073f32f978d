"""From key to partition, as Java's and aiokafka's producers do it: vectors and a property."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import example, given
from hypothesis import strategies as st

from anji_common.broker.partitions import murmur2, partition_for

# Source: Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java,
# `testMurmur2`; Java's int is signed.
JAVA_VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}

# Where records of these keys stand, with 12 partitions. Never to change: state stands there.
PLACES = {
    b"fxiaoke/AccountObj/65f000000000000000000001": 3,
    b"k3cloud/BD_Customer/100123": 5,
    "k3cloud/客户/1".encode(): 3,
    b"": 9,
}


@pytest.mark.parametrize("data", JAVA_VECTORS)
def test_the_hash_is_java_s(data: bytes) -> None:
    assert murmur2(data) == JAVA_VECTORS[data] & 0xFFFFFFFF


@given(st.binary(max_size=64))
@example(b"")
@example(b"\xff\xff\xff\xff\xff")
def test_the_hash_is_aiokafka_s(data: bytes) -> None:
    assert murmur2(data) == aiokafka_murmur2(data) & 0xFFFFFFFF


@given(st.binary(max_size=64), st.integers(1, 1000))
def test_a_key_stands_where_aiokafka_s_partitioner_puts_it(key: bytes, partitions: int) -> None:
    every = list(range(partitions))

    assert partition_for(key, partitions) == DefaultPartitioner()(key, every, every)


@pytest.mark.parametrize("key", PLACES)
def test_known_keys_stand_where_they_always_stood(key: bytes) -> None:
    assert partition_for(key, 12) == PLACES[key]
