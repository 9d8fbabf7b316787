package org.cairnfs.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many copies R and W come to with the nodes there are. */
final class ReplicationTest {
  @ParameterizedTest(name = "R={0} W={1} of {2} nodes")
  @CsvSource({
    "3, 0, 1, 1, 1",
    "3, 0, 2, 2, 2",
    "3, 0, 3, 3, 2",
    "3, 0, 9, 3, 2",
    "2, 0, 9, 2, 2",
    "1, 0, 9, 1, 1",
    "5, 1, 9, 5, 1",
    "5, 5, 3, 3, 3",
    "0, 0, 4, 4, 3",
    "0, 2, 4, 4, 2",
    "0, 32, 4, 4, 4"
  })
  void copiesOfSoManyNodes(int replicas, int writeQuorum, int nodes, int copies, int awaited) {
    Replication replication = new Replication(replicas, writeQuorum);
    assertThat(replication.replicasOf(nodes)).isEqualTo(copies);
    assertThat(replication.writeQuorumOf(nodes)).isEqualTo(awaited);
  }

  @ParameterizedTest(name = "R={0} W={1}")
  @CsvSource({"2, 3", "-1, 0", "3, -1", "33, 0", "0, 33"})
  void whatDoesNotGoTogether(int replicas, int writeQuorum) {
    assertThat(Replication.isValid(replicas, writeQuorum)).isFalse();
    assertThatThrownBy(() -> new Replication(replicas, writeQuorum))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
