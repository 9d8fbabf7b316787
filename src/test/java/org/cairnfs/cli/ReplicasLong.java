package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.cairnfs.cli.Hosts.Host;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies go when a volume is to have fewer, and come back when it is to have more. For
 * {@code mount-scripts/test-replicas.sh}, since a copy that somebody may rely on is kept for ten
 * minutes at least.
 */
final class ReplicasLong {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicasLong.class);

  /** Twice what a blob is held at most, and what the walks of the repair take. */
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private static final int FILES = 60;
  private static final int FILE_KIB = 700;

  /** One of each file, and of the list of their sums. */
  private static final int BLOBS = FILES + 1;

  private @TempDir Path directory;
  private final List<Trio> trios = new ArrayList<>();

  /**
   * Three nodes of one cluster.
   *
   * @param mounted those of them that have the volume mounted
   */
  private record Trio(String name, Hosts hosts, List<Host> nodes, List<Host> mounted) {
    /** What each of them has. */
    List<Long> blobs() throws IOException, InterruptedException {
      List<Long> blobs = new ArrayList<>();
      for (Host node : nodes) {
        blobs.add(node.status("blobs"));
      }
      return blobs;
    }

    /** Returns when they have what they are to have, and no node misses anything. */
    void await(String what, Predicate<List<Long>> wanted) {
      long begin = System.nanoTime();
      Awaitility.await().atMost(LIMIT).pollInterval(Duration.ofSeconds(5)).untilAsserted(() -> {
        List<Long> blobs = blobs();
        assertThat(wanted.test(blobs)).as("%s: %s", what, blobs).isTrue();
        for (Host node : nodes) {
          assertThat(node.status()).contains("\"underReplicatedBlobs\": 0", "\"missingBlobs\": 0");
        }
      });
      LOG.info(
          "{}: {} after {} s",
          name,
          what,
          TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin));
    }

    /** What was dropped meanwhile, because it was stored in pieces first, is collected in time. */
    void awaitCopies(int each) {
      await(each + " copies", blobs -> sum(blobs) == (long) each * BLOBS);
    }

    private static long sum(List<Long> blobs) {
      return blobs.stream().mapToLong(Long::longValue).sum();
    }

    /** Each host reads all files, with nothing in a cache: a copy that was given up is in one. */
    void assertAllIsRead() throws IOException, InterruptedException {
      for (Host host : mounted) {
        host.cairn().run("stop").ok();
        ThreeHosts.sh("rm -r " + host.cairn().home().resolve("cached"));
        host.mounted();
        host.sh("sha256sum --quiet -c sums");
      }
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (Trio trio : trios) {
      trio.hosts().stop();
    }
  }

  private Trio start(String name, boolean storage) throws Exception {
    Path own = Files.createDirectory(directory.resolve(name));
    Hosts hosts = new Hosts(() -> own);
    Host one = hosts.found();
    Host two = hosts.joinAndMount(one);
    Host three = hosts.host();
    String token = Hosts.invite(one, "--role", storage ? "storage" : "member");
    three.cairn().run("join", token, "--listen", three.listen()).ok();
    List<Host> mounted = new ArrayList<>(List.of(one, two));
    if (!storage) {
      three.mounted();
      mounted.add(three);
    }
    Trio trio = new Trio(name, hosts, List.of(one, two, three), mounted);
    trios.add(trio);
    return trio;
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS)
  void thirdCopiesGoAndComeBack() throws Exception {
    start("members", false);
    start("with-storage", true);
    for (Trio trio : trios) {
      Host writer = trio.nodes().get(0);
      writer.sh("for i in $(seq " + FILES + "); do head -c " + FILE_KIB
          + "K /dev/urandom >file-$i; done; sha256sum file-* >sums; sync -f .");
      trio.await("everything everywhere", blobs -> blobs.stream().allMatch(each -> each >= BLOBS));
      writer.cairn().run("volume", "--replicas", 2).ok();
    }
    for (Trio trio : trios) {
      trio.awaitCopies(2);
      // Each gave up some and has some: which, says the placement.
      assertThat(trio.blobs()).allMatch(each -> each > BLOBS / 3 && each < BLOBS);
      trio.assertAllIsRead();
      assertThat(trio.nodes().get(0).status("fetchedBytes")).as("from others").isPositive();
      trio.awaitCopies(2); // what was read is no replica

      trio.nodes().get(1).cairn().run("volume", "--replicas", 3).ok();
      trio.awaitCopies(3);
      assertThat(trio.blobs()).containsOnly((long) BLOBS);
      trio.assertAllIsRead();
    }
  }
}
