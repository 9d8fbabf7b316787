package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Replication;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Three to five hosts over real connections: where blobs are, and that they stay there. */
final class ClusterBlobsTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  private final TestCatalog catalog = new TestCatalog();
  private List<BlobHost> hosts = List.of();

  @AfterEach
  void close() {
    hosts.forEach(BlobHost::close);
  }

  private void cluster(int count) throws Exception {
    hosts = BlobHost.cluster(count, catalog);
  }

  private BlobRef write(BlobHost host, byte[] plain) {
    BlobRef ref = host.blocks.writeNow(plain, 0, plain.length);
    assertThat(host.blocks.sync(Set.of(ref.id()))).isEmpty();
    return ref;
  }

  /** As a file that needs it. */
  private BlobRef commit(BlobHost host, byte[] plain) {
    BlobRef ref = write(host, plain);
    catalog.refer(ref.id(), plain.length);
    host.blocks.unpin(ref);
    return ref;
  }

  private List<BlobRef> commit(BlobHost host, int count) {
    List<BlobRef> refs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      refs.add(commit(host, Blocks.random(20_000 + i, i)));
    }
    return refs;
  }

  private long copies(BlobId id) {
    return hosts.stream().filter(host -> host.store.has(id)).count();
  }

  private boolean isPlaced(BlobId id) {
    return isPlaced(id, 3);
  }

  private boolean isPlaced(BlobId id, int replicas) {
    List<BlobNode> placed = Placement.placed(id, hosts.get(0).view.nodes(), replicas);
    return hosts.stream()
        .allMatch(host ->
            host.store.has(id) == placed.stream().anyMatch(node -> node.id().equals(host.id())));
  }

  private boolean belongs(BlobId id, BlobHost host) {
    return Placement.placed(id, host.view.nodes(), 3).stream()
        .anyMatch(node -> node.id().equals(host.id()));
  }

  private BlobHost without(BlobId id) {
    return hosts.stream().filter(host -> !host.store.has(id)).findFirst().orElseThrow();
  }

  private void forget(BlobId id) {
    catalog.drop(id);
    hosts.forEach(host -> host.blobs.dropped(List.of(id)));
  }

  @Test
  void everyHostReadsWhatOneWrote() throws Exception {
    cluster(5);
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = commit(hosts.get(0), plain);
    for (BlobHost host : hosts) {
      assertThat(Blocks.read(host.blocks, ref, 70_000, 5000))
          .isEqualTo(Arrays.copyOfRange(plain, 70_000, 75_000));
      assertThat(Blocks.read(host.blocks, ref, 0, plain.length)).isEqualTo(plain);
    }
  }

  @Test
  void whatWasReadAsAWholeIsCached() throws Exception {
    cluster(5);
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = commit(hosts.get(0), plain);
    await().atMost(SOON).until(() -> copies(ref.id()) >= 3);
    BlobHost reader = without(ref.id());

    assertThat(Blocks.read(reader.blocks, ref, 0, plain.length)).isEqualTo(plain);

    assertThat(reader.blobs.cachedBytes()).isGreaterThan(plain.length);
    hosts.stream().filter(host -> host != reader).forEach(host -> host.net.close());
    assertThat(Blocks.read(reader.blocks, ref, 500_000, 100))
        .isEqualTo(Arrays.copyOfRange(plain, 500_000, 500_100));
  }

  @Test
  void readingAheadBringsBlobsNear() throws Exception {
    cluster(5);
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = commit(hosts.get(0), plain);
    await().atMost(SOON).until(() -> copies(ref.id()) >= 3);
    BlobHost reader = without(ref.id());

    reader.blocks.prefetch(ref);

    await().atMost(SOON).until(() -> reader.blobs.cachedBytes() > plain.length);
  }

  @Test
  void theWriterKeepsOnlyWhatBelongsToIt() throws Exception {
    cluster(5);
    List<BlobRef> refs = commit(hosts.get(0), 20);

    await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> isPlaced(ref.id())));
    assertThat(hosts)
        .allSatisfy(
            host -> await().atMost(SOON).until(() -> host.blobs.repairStats().surplus() == 0));
  }

  @Test
  void aHostThatWasAwayFetchesWhatItMissed() throws Exception {
    cluster(3);
    BlobHost away = hosts.get(2);
    // It hears nothing of it: news of nodes would have it look for what it lacks at once.
    hosts.subList(0, 2).forEach(host -> host.view.live(away.id(), false));
    List<BlobRef> refs = commit(hosts.get(0), 20);
    assertThat(refs).anyMatch(ref -> !away.store.has(ref.id()));

    hosts.forEach(host -> host.view.live(away.id(), true));

    await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> away.store.has(ref.id())));
    await().atMost(SOON).until(() -> away.blobs.repairStats().underReplicated() == 0);
  }

  @Test
  void aHostThatIsOutIsReplaced() throws Exception {
    cluster(4);
    List<BlobRef> refs = commit(hosts.get(0), 20);
    await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> isPlaced(ref.id())));
    BlobHost dead = hosts.get(3);
    dead.net.close();
    hosts.forEach(host -> host.view.live(dead.id(), false));
    assertThat(refs).anyMatch(ref -> dead.store.has(ref.id()));

    hosts.forEach(host -> host.view.placeable(dead.id(), false));

    List<BlobHost> alive = hosts.subList(0, 3);
    await()
        .atMost(SOON)
        .until(() -> alive.stream()
            .allMatch(host -> refs.stream().allMatch(ref -> host.store.has(ref.id()))));
  }

  @Test
  void aHostThatJoinsGetsItsShareAndOthersGiveItUp() throws Exception {
    cluster(4);
    BlobHost late = hosts.get(3);
    List<BlobNode> all = late.view.nodes();
    List<BlobHost> first = hosts.subList(0, 3);
    first.forEach(host ->
        host.view.set(all.stream().filter(node -> !node.id().equals(late.id())).toList()));
    List<BlobRef> refs = commit(hosts.get(0), 20);
    await()
        .atMost(SOON)
        .until(() -> first.stream()
            .allMatch(host -> refs.stream().allMatch(ref -> host.store.has(ref.id()))));

    first.forEach(host -> host.view.set(all));

    await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> isPlaced(ref.id())));
    assertThat(late.store.stats().blobs()).isPositive();
  }

  @Test
  void aHostThatDrainsGivesUpAllItHasAndNothingIsLost() throws Exception {
    cluster(4);
    List<BlobRef> refs = commit(hosts.get(0), 20);
    BlobHost leaving = hosts.get(0);

    hosts.forEach(host -> host.view.placeable(leaving.id(), false));

    await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> isPlaced(ref.id())));
    assertThat(leaving.store.stats().blobs()).isZero();
    await().atMost(SOON).until(() -> leaving.blobs.repairStats().surplus() == 0);
  }

  @Test
  void copiesFollowTheVolumesReplicas() throws Exception {
    cluster(4);
    List<BlobRef> refs = commit(hosts.get(0), 20);
    for (int replicas : new int[] {2, 4, 1, 3}) {
      hosts.forEach(host -> host.view.replication(replicas, Replication.MAJORITY));
      await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> isPlaced(ref.id(), replicas)));
    }
  }

  /** Frames and what goes with them; the whole blob has sixteen. */
  @Test
  void aSmallReadMovesFewFrames() throws Exception {
    cluster(5);
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = commit(hosts.get(0), plain);
    await().atMost(SOON).until(() -> isPlaced(ref.id()));
    // Not the writer: what that gave up it has cached.
    BlobHost reader = hosts.stream()
        .skip(1)
        .filter(host -> !host.store.has(ref.id()))
        .findFirst()
        .orElseThrow();
    await().atMost(SOON).until(() -> !reader.blobs.repairStats().walking());
    long received = reader.net.receivedBytes();
    long fetched = reader.blobs.fetchedBytes();

    assertThat(Blocks.read(reader.blocks, ref, 500_000, 4096))
        .isEqualTo(Arrays.copyOfRange(plain, 500_000, 504_096));

    assertThat(reader.blobs.fetchedBytes() - fetched)
        .isEqualTo(BlobFormat.LATEST.sealedRunLength(plain.length, 500_000 / Blocks.FRAME, 1));
    // A second node is asked beside the first if that is slow, and a third; walks ask for proofs.
    assertThat(reader.net.receivedBytes() - received)
        .isBetween((long) Blocks.FRAME, 4L * Blocks.FRAME);
    assertThat(reader.blobs.cachedBytes()).isZero();
  }

  @Test
  void aDamagedCopyIsNeverReadAndIsFetchedAnew() throws Exception {
    cluster(3);
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = commit(hosts.get(0), plain);
    await().atMost(SOON).until(() -> copies(ref.id()) == 3);
    BlobHost host = hosts.get(1);
    host.store.flipBit(ref.id(), 8 * BlobFormat.LATEST.frameOffset(3) + 100);

    assertThat(Blocks.read(host.blocks, ref, 0, plain.length)).isEqualTo(plain);

    await().atMost(SOON).until(() -> host.store.has(ref.id()) && host.store.verify(ref.id()));
  }

  @Test
  void aHostThatSendsWrongBytesIsFoundOutAndHeals() throws Exception {
    cluster(4);
    byte[] plain = Blocks.random(1 << 20, 1);
    BlobRef ref = commit(hosts.get(0), plain);
    await().atMost(SOON).until(() -> isPlaced(ref.id()));
    BlobHost reader = without(ref.id());
    List<BlobHost> keepers = hosts.stream().filter(host -> host != reader).toList();
    BlobHost intact = keepers.get(2);
    for (BlobHost liar : keepers.subList(0, 2)) {
      for (int frame = 0; frame < plain.length / Blocks.FRAME; frame++) {
        liar.store.flipBit(ref.id(), 8 * BlobFormat.LATEST.frameOffset(frame) + 100);
      }
    }

    assertThat(Blocks.read(reader.blocks, ref, 3 * Blocks.FRAME, 10))
        .isEqualTo(Arrays.copyOfRange(plain, 3 * Blocks.FRAME, 3 * Blocks.FRAME + 10));

    assertThat(intact.store.verify(ref.id())).isTrue();
  }

  /** What the block was before: blobs that are intact, but others. */
  @Test
  void hostsThatSendOldBytesAreNotBelievedAndHeal() throws Exception {
    cluster(4);
    BlobRef old = commit(hosts.get(0), Blocks.random(1 << 20, 1));
    byte[] before = bytes(hosts.get(0), old.id());
    // A writer to which a blob does not belong has it cached.
    int seed = 2;
    BlobRef ref = commit(hosts.get(0), Blocks.random(1 << 20, seed));
    while (!belongs(ref.id(), hosts.get(0))) {
      seed++;
      ref = commit(hosts.get(0), Blocks.random(1 << 20, seed));
    }
    byte[] plain = Blocks.random(1 << 20, seed);
    BlobRef wanted = ref;
    await().atMost(SOON).until(() -> isPlaced(wanted.id()));
    BlobHost reader = without(wanted.id());
    List<BlobHost> keepers = hosts.stream().filter(host -> host != reader).toList();
    byte[] now = bytes(keepers.get(0), wanted.id());
    keepers.forEach(host -> host.store.replace(wanted.id(), before));

    assertThatThrownBy(() -> Blocks.read(reader.blocks, wanted, 3 * Blocks.FRAME, 10))
        .isInstanceOf(PosixException.class);
    assertThatThrownBy(() -> Blocks.read(reader.blocks, wanted, 0, plain.length))
        .isInstanceOf(PosixException.class);
    // Of those that were asked none serves it any more.
    await().atMost(SOON).until(() -> copies(wanted.id()) == 0);

    keepers.get(0).store.replace(wanted.id(), now);
    assertThat(Blocks.read(reader.blocks, wanted, 0, plain.length)).isEqualTo(plain);
    await().atMost(SOON).until(() -> isPlaced(wanted.id()));
    for (BlobHost host : keepers) {
      assertThat(bytes(host, wanted.id())).isEqualTo(now);
    }
  }

  private static byte[] bytes(BlobHost host, BlobId id) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(host.store.lengthBytes(id).orElseThrow());
    host.store.read(id, 0, bytes);
    return bytes.array();
  }

  @Test
  void whatIsDroppedGoesEverywhere() throws Exception {
    cluster(4);
    List<BlobRef> refs = commit(hosts.get(0), 5);
    BlobRef kept = commit(hosts.get(1), Blocks.random(100, 77));
    await().atMost(SOON).until(() -> isPlaced(refs.get(0).id()));
    assertThat(Blocks.read(without(refs.get(0).id()).blocks, refs.get(0), 0, 10))
        .hasSize(10);

    refs.forEach(ref -> forget(ref.id()));

    await().atMost(SOON).until(() -> refs.stream().allMatch(ref -> copies(ref.id()) == 0));
    assertThat(copies(kept.id())).isGreaterThanOrEqualTo(2);
  }

  /**
   * Another file lets go of a block while it is written again: the new file's commit comes last.
   */
  @Test
  void whatIsWrittenAgainWhileItIsDroppedStays() throws Exception {
    cluster(3);
    byte[] plain = Blocks.random(100_000, 1);
    BlobRef ref = commit(hosts.get(0), plain);

    BlobRef again = write(hosts.get(1), plain);
    forget(ref.id());
    assertThat(hosts.get(1).blocks.sync(Set.of(again.id()))).isEmpty();
    catalog.refer(again.id(), plain.length);
    hosts.get(1).blocks.unpin(again);

    await().atMost(SOON).until(() -> copies(again.id()) == 3);
    await().during(Duration.ofSeconds(1)).until(() -> copies(again.id()) >= 2);
  }
}
