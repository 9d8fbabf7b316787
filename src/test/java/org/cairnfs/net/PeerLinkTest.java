package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.cairnfs.net.PeerException.Reason;
import org.junit.jupiter.api.Test;

/** When those try again that a peer has failed. */
final class PeerLinkTest {
  private static final int NODES = 60;
  private static final long STEP_MILLIS = 4;
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(STEP_MILLIS);
  private static final Duration FIRST = Duration.ofMillis(400);
  private static final Duration LONGEST = Duration.ofSeconds(3);
  private static final TransportSettings SETTINGS = new TransportSettings(
      1,
      false,
      TestNode.LIMIT,
      TestNode.LIMIT,
      TestNode.LIMIT,
      TestNode.LIMIT,
      FIRST,
      LONGEST,
      TestNode.LIMIT);

  /** A node that keeps asking a peer which nobody can reach. */
  private static final class Asking {
    private final PeerException failure;
    private final PeerLink link;
    private long nowNanos;
    private int attempts;

    Asking(int seed, Reason reason) {
      failure = new PeerException(reason, "no");
      NetPorts ports = new NetPorts(Thread::new, () -> nowNanos, new Random(seed));
      link = new PeerLink(
          new PeerTransport.Context(null, null, null, null, null, SETTINGS, ports), () -> {
            attempts++;
            return CompletableFuture.failedFuture(failure);
          });
      var unused = link.acquire();
    }

    /** How long it is until the next attempt, which fails as all do. */
    Duration nextWait() {
      long begin = nowNanos;
      for (int before = attempts; attempts == before; nowNanos += STEP_NANOS) {
        assertThat(link.acquire()).isCompletedExceptionally();
      }
      return Duration.ofNanos(nowNanos - STEP_NANOS - begin);
    }
  }

  /** When a node goes, all others lose it at the same moment. */
  @Test
  void thoseWhoLostAPeerTogetherDoNotComeBackInStep() {
    List<Asking> nodes = new ArrayList<>();
    for (int seed = 0; seed < NODES; seed++) {
      nodes.add(new Asking(seed, Reason.UNREACHABLE));
    }
    for (long most : new long[] {400, 800, 1600, 3000, 3000}) {
      List<Long> waits =
          nodes.stream().map(node -> node.nextWait().toMillis()).sorted().toList();
      // Half of the wait is what it is, the other half is chance.
      assertThat(waits.get(0)).isBetween(most / 2, most / 2 + most / 10);
      assertThat(waits.get(NODES - 1)).isBetween(most - most / 10, most + STEP_MILLIS);
      assertThat(waits.get(NODES / 2)).isBetween(most * 13 / 20, most * 17 / 20);
      int together = waits.stream()
          .distinct()
          .mapToInt(wait -> Collections.frequency(waits, wait))
          .max()
          .orElseThrow();
      assertThat(together).as("at the same moment").isLessThan(NODES / 4);
    }
  }

  @Test
  void aPeerThatRefusesIsLeftAloneForLong() {
    Asking node = new Asking(1, Reason.REFUSED);

    assertThat(node.nextWait()).isBetween(LONGEST.dividedBy(2), LONGEST.plusMillis(STEP_MILLIS));
  }

  @Test
  void whoSeemsToBeBackIsAskedAtOnce() {
    Asking node = new Asking(1, Reason.UNREACHABLE);
    node.nextWait();

    node.link.forgive();

    assertThat(node.nextWait()).isZero();
    assertThat(node.nextWait()).isBetween(FIRST.dividedBy(2), FIRST.plusMillis(STEP_MILLIS));
  }
}
