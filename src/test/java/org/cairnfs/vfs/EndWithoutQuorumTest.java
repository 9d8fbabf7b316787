package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The last of several hosts that are switched off one after the other has no quorum any more. */
final class EndWithoutQuorumTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final byte[] TEXT = "text".getBytes(StandardCharsets.UTF_8);

  private ClusterFixture cluster;

  /** It is the one that collects garbage. */
  private ClusterFixture.Host host;

  private LocalVfs last;
  private VfsFiles files;

  @BeforeEach
  void start() throws Exception {
    cluster = new ClusterFixture(2, false, 7);
    host = IntStream.range(0, 2)
        .mapToObj(cluster::host)
        .filter(some -> some.session().leases().isCollector())
        .findFirst()
        .orElseThrow();
    last = host.vfs();
    files = host.files();
    files.create("f");
    files.write("f", 0, TEXT);
    files.sync("f");
  }

  @AfterEach
  void stop() throws Exception {
    host.node().cutOff(false);
    host.node().refuseUnheard();
    cluster.close();
  }

  private Timestamp accessed() {
    Bytes name = new Bytes("f".getBytes(StandardCharsets.UTF_8));
    return last.lookup(InodeNumber.ROOT, name).accessed();
  }

  @Test
  void itDoesNotWaitForWhatNobodyMisses() {
    Timestamp before = accessed();
    host.node().cutOff(true);
    assertThat(files.read("f")).isEqualTo(TEXT);
    assertThat(accessed()).isGreaterThan(before);

    assertThatCode(last::sync).doesNotThrowAnyException(); // as an unmount does
    assertThatCode(last::close).doesNotThrowAnyException();
  }

  @Test
  void itDoesNotWaitForGarbageThatItBeganToCollect() {
    files.delete("f");
    last.sync();
    assertThat(host.session().garbage(1)).isNotEmpty();
    host.node().cutOff(true);
    await().atMost(SOON).until(() -> host.session().garbage(1).isEmpty()); // it is being dropped

    assertThat(CompletableFuture.runAsync(last::close)).succeedsWithin(SOON);
  }

  @Test
  void itDoesNotEndAsIfEverythingWereCommitted() {
    host.node().cutOff(true);
    files.delete("f");

    CompletableFuture<Void> end = CompletableFuture.runAsync(last::close);
    await().atMost(SOON).until(() -> last.pendingOperations() == 0);
    host.node().refuseUnheard();

    assertThat(end)
        .failsWithin(SOON)
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(PosixException.class);
  }
}
