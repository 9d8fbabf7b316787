package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.junit.jupiter.api.Test;

class PlacementTest {
  private static final String PINNED =
      "[[6, 3, 4, 5, 2, 1], [6, 2, 4, 3, 5, 1], [3, 4, 5, 2, 6, 1], [5, 6, 4, 3, 2, 1]]";

  private static BlobId blob(Random random) {
    return new BlobId(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }

  private static BlobNode node(Random random, long weight, String zone) {
    NodeId id =
        new NodeId(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    return new BlobNode(id, weight, zone, true, true, Duration.ZERO);
  }

  private static List<BlobNode> nodes(Random random, int count, int zones) {
    List<BlobNode> nodes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String zone = zones == 0 ? "" : "zone" + random.nextInt(zones);
      nodes.add(node(random, 1 + random.nextInt(100), zone));
    }
    return nodes;
  }

  private static Set<NodeId> placed(BlobId blob, List<BlobNode> nodes, int replicas) {
    return Placement.placed(blob, nodes, replicas).stream()
        .map(BlobNode::id)
        .collect(Collectors.toSet());
  }

  /**
   * Every version and every node must come to the same answer: these bits never change. Made by a
   * script that shares no code with this.
   */
  @Test
  void thePlaceOfABlobIsPinned() {
    List<BlobNode> nodes = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      nodes.add(new BlobNode(
          new NodeId(i, i + 1, i + 2, i + 3), 100L * i, "", true, true, Duration.ZERO));
    }
    List<List<Long>> orders = new ArrayList<>();
    for (long word = 0; word < 4; word++) {
      orders.add(Placement.order(new BlobId(word, 5, 6, 7), nodes).stream()
          .map(node -> node.id().word0())
          .toList());
    }
    assertThat(orders).hasToString(PINNED);
  }

  @Property(tries = 100)
  void theOrderOfTheListDoesNotMatter(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int count) {
    Random random = new Random(seed);
    List<BlobNode> nodes = nodes(random, count, 3);
    BlobId blob = blob(random);
    List<BlobNode> before = Placement.order(blob, nodes);
    Collections.shuffle(nodes, random);
    assertThat(Placement.order(blob, nodes)).isEqualTo(before).hasSize(count);
  }

  @Property(tries = 10)
  void sharesAreAsTheWeights(@ForAll long seed) {
    Random random = new Random(seed);
    List<BlobNode> nodes = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      nodes.add(node(random, 1 + i, ""));
    }
    int blobs = 20_000;
    Map<NodeId, Integer> counts = new HashMap<>();
    for (int i = 0; i < blobs; i++) {
      counts.merge(Placement.order(blob(random), nodes).get(0).id(), 1, Integer::sum);
    }
    for (BlobNode node : nodes) {
      // Six standard deviations of the smallest share.
      assertThat(counts.get(node.id()) / (double) blobs)
          .isCloseTo(node.weight() / 15.0, within(0.02));
    }
  }

  @Property(tries = 300)
  void onlyWhatBelongsToANodeMovesWhenItComesOrGoes(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 10) int count,
      @ForAll @IntRange(max = 4) int zones) {
    Random random = new Random(seed);
    List<BlobNode> all = nodes(random, count, zones);
    BlobNode other = all.get(random.nextInt(count));
    List<BlobNode> without = all.stream().filter(node -> !node.equals(other)).toList();
    for (int i = 0; i < 20; i++) {
      BlobId blob = blob(random);
      Set<NodeId> with = placed(blob, all, 3);
      Set<NodeId> stay = new HashSet<>(placed(blob, without, 3));
      if (with.contains(other.id())) {
        stay.removeAll(with);
        assertThat(stay).as("one takes over").hasSizeLessThanOrEqualTo(1);
      } else {
        assertThat(stay).isEqualTo(with);
      }
    }
  }

  @Property(tries = 300)
  void differentZonesComeFirst(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 10) int count,
      @ForAll @IntRange(min = 1, max = 5) int zones) {
    Random random = new Random(seed);
    List<BlobNode> nodes = nodes(random, count, zones);
    long there = nodes.stream().map(BlobNode::zone).distinct().count();
    List<BlobNode> placed = Placement.placed(blob(random), nodes, 3);
    assertThat(placed).hasSize(Math.min(3, count)).doesNotHaveDuplicates();
    assertThat(placed.stream().map(BlobNode::zone).distinct().count())
        .isEqualTo(Math.min(there, placed.size()));
  }

  @Test
  void nodesThatLeaveGetNothing() {
    Random random = new Random(1);
    BlobNode stays = node(random, 1, "");
    BlobNode leaves = new BlobNode(node(random, 1, "").id(), 1000, "", true, false, Duration.ZERO);
    for (int i = 0; i < 100; i++) {
      assertThat(Placement.placed(blob(random), List.of(stays, leaves), 3)).containsExactly(stays);
    }
  }
}
