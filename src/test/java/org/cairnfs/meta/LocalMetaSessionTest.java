package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.cairnfs.meta.MetaFixture.ROOT;
import static org.cairnfs.meta.MetaFixture.blob;
import static org.cairnfs.meta.MetaFixture.extent;
import static org.cairnfs.meta.MetaFixture.name;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.SizedBlob;
import org.junit.jupiter.api.Test;

/** What a session promises beyond single operations: cuts, freeing, failing. */
class LocalMetaSessionTest {
  private static final int BLOCK = Limits.BLOCK_SIZE_BYTES;

  private final MetaFixture fixture = new MetaFixture(true);
  private final LocalMetaSession session = fixture.session;

  private BlobId id(long blob) {
    return blob(blob, 1).id();
  }

  private void reclaimAll() {
    while (session.reclaimStep()) {
      fixture.commit().join();
    }
  }

  private InodeNumber fileOfBlocks(String name, int blocks) {
    InodeNumber file = fixture.file(ROOT, name).number();
    TreeMap<Long, List<Extent>> extents = new TreeMap<>();
    for (long block = 0; block < blocks; block++) {
      extents.put(block, List.of(extent(0, BLOCK, 1000 + block)));
    }
    fixture
        .commit(
            new FileUpdate(file, (long) blocks * BLOCK, fixture.tick(), fixture.tick(), extents))
        .join();
    return file;
  }

  @Test
  void changesShowBeforeTheyAreCommittedAndOnceTheyAre() {
    MetaFixture slow = new MetaFixture(false);
    InodeNumber file = slow.file(ROOT, "a").number();
    CompletableFuture<Void> done = slow.commit();

    assertThat(slow.session.lookup(ROOT, name("a")).inode()).isEqualTo(file);
    assertThat(done).isNotDone();
    assertThat(slow.overlaySize()).isPositive();

    slow.log.applyAll();

    assertThat(done).isCompleted();
    assertThat(slow.overlaySize()).isZero();
    assertThat(slow.session.lookup(ROOT, name("a")).inode()).isEqualTo(file);
  }

  @Test
  void anEmptyCutIsDoneWhenTheCutsBeforeItAre() {
    MetaFixture slow = new MetaFixture(false);
    slow.file(ROOT, "a");
    CompletableFuture<Void> first = slow.commit();
    CompletableFuture<Void> empty = slow.commit();

    assertThat(empty).isNotDone();
    slow.log.applyAll();
    assertThat(first).isCompleted();
    assertThat(empty).isCompleted();
  }

  @Test
  void cutsAreCommittedInTheirOrder() {
    Cut first = session.cut();
    Cut second = session.cut();

    assertThatThrownBy(() -> second.commit(List.of())).isInstanceOf(IllegalStateException.class);
    assertThat(first.commit(List.of())).isCompleted();
  }

  @Test
  void truncatingDownAndUpReadsHoles() {
    InodeNumber file = fileOfBlocks("f", 40);

    session.setAttributes(file, fixture.size(BLOCK + 100));
    session.setAttributes(file, fixture.size(40L * BLOCK));

    assertThat(session.extents(file, 1)).extracting(Extent::length).containsExactly(100);
    assertThat(session.nextMappedBlock(file, 2)).isEmpty();
    fixture.commit().join();
    assertThat(session.nextMappedBlock(file, 2)).isEmpty();
    assertThat(session.inode(file).allocatedBytes()).isEqualTo(BLOCK + 100);
    new Invariants(fixture.store.reader()).check();
  }

  @Test
  void emptyingALargeFileFreesItInStepsAndItNeverShowsAgain() {
    InodeNumber file = fileOfBlocks("f", 3000);

    session.setAttributes(file, fixture.size(0));
    assertThat(session.pendingOperations()).isEqualTo(1);
    session.setAttributes(file, fixture.size(3000L * BLOCK));
    fixture.commit().join();

    assertThat(session.nextMappedBlock(file, 0)).isEmpty();
    assertThat(session.usage().logicalBytes()).isZero();
    assertThat(session.usage().blobs()).isEqualTo(3000);
    reclaimAll();
    assertThat(session.usage().blobs()).isZero();
    assertThat(session.garbage(5000)).hasSize(3000);
    new Invariants(fixture.store.reader()).check();
  }

  @Test
  void shrinkingALargeFileGoesInBoundedSteps() {
    InodeNumber file = fileOfBlocks("f", 3000);

    session.setAttributes(file, fixture.size(5));

    assertThat(session.pendingOperations())
        .isEqualTo(1 + 2999 / LocalMetaSession.SHRINK_STEP_BLOCKS);
    fixture.commit().join();
    assertThat(session.inode(file).allocatedBytes()).isEqualTo(5);
    assertThat(session.nextMappedBlock(file, 1)).isEmpty();
    new Invariants(fixture.store.reader()).check();
  }

  @Test
  void removingALargeFileLeavesItsBlocksToSteps() {
    fileOfBlocks("f", 3000);

    session.unlink(ROOT, name("f"), false, fixture.tick());
    fixture.commit().join();

    assertThat(session.usage().logicalBytes()).isZero();
    new Invariants(fixture.store.reader()).check();
    assertThat(session.reclaimStep()).isTrue();
    assertThat(session.reclaimStep()).as("one step a cut").isFalse();
    fixture.commit().join();
    reclaimAll();
    assertThat(session.usage()).isEqualTo(new Usage(0, 1, 0, 0));
  }

  @Test
  void anInodeKeptOpenStaysUntilItIsForgotten() {
    InodeNumber file = fileOfBlocks("f", 2);
    session.unlink(ROOT, name("f"), true, fixture.tick());
    fixture.commit().join();

    assertThat(session.inode(file).links()).isZero();
    assertThat(session.extents(file, 1)).isNotEmpty();
    assertThatThrownBy(() -> session.link(file, ROOT, name("g"), fixture.tick()))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));

    session.forget(file);
    fixture.commit().join();

    assertThatThrownBy(() -> session.inode(file)).isInstanceOf(PosixException.class);
    assertThat(session.garbage(10)).hasSize(2);
  }

  @Test
  void theNextSessionFreesWhatACrashedOneKeptOpen() {
    InodeNumber file = fileOfBlocks("f", 2);
    session.unlink(ROOT, name("f"), true, fixture.tick());
    fixture.commit().join();
    fixture.kv.flush();

    MetaFixture next = new MetaFixture(fixture.kv.crash(), true, 2);
    while (next.session.reclaimStep()) {
      next.commit().join();
    }

    assertThatThrownBy(() -> next.session.inode(file)).isInstanceOf(PosixException.class);
    assertThat(next.session.usage()).isEqualTo(new Usage(0, 1, 0, 0));
    new Invariants(next.store.reader()).check();
  }

  @Test
  void anEndedSessionIsFenced() throws IOException {
    fixture.file(ROOT, "a");
    LocalMetaSession next =
        LocalMetaSession.open(fixture.store, fixture.log, TestSettings.withSeed(9));

    assertThat(fixture.commit()).isCompletedExceptionally();
    assertThat(next.lookup(ROOT, name("a"))).isNull();
    assertThatThrownBy(() -> fixture.file(ROOT, "b"))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
  }

  @Test
  void aBlobThatIsReferencedAgainIsNoGarbage() {
    InodeNumber file = fixture.file(ROOT, "f").number();
    fixture.commit(fixture.update(file, 10, 0, extent(0, 10, 7))).join();
    assertThat(session.isReferenced(id(7))).isTrue();
    session.setAttributes(file, fixture.size(0));
    fixture.commit().join();
    assertThat(session.isReferenced(id(7))).isFalse();
    assertThat(session.isKnown(id(7))).isTrue();
    assertThat(session.garbage(10)).containsExactly(id(7));

    fixture.commit(fixture.update(file, 10, 0, extent(0, 10, 7))).join();

    assertThat(session.garbage(10)).isEmpty();
    assertThat(session.isReferenced(id(7))).isTrue();
    new Invariants(fixture.store.reader()).check();
  }

  @Test
  void droppingGarbageForgetsOnlyWhatIsStillUnreferenced() {
    InodeNumber file = fixture.file(ROOT, "f").number();
    fixture
        .commit(fixture.update(file, 30, 0, extent(0, 10, 7), extent(10, 10, 8)))
        .join();
    session.punchHole(file, 0, 20, fixture.tick());
    fixture.commit().join();
    List<BlobId> garbage = session.garbage(10);
    assertThat(garbage).containsExactlyInAnyOrder(id(7), id(8));

    fixture.commit(fixture.update(file, 30, 0, extent(0, 10, 8))).join();
    session.dropGarbage(garbage);
    assertThat(session.garbage(10))
        .as("what is being dropped is not offered again")
        .isEmpty();
    fixture.commit().join();

    assertThat(session.isReferenced(id(8))).isTrue();
    assertThat(session.isKnown(id(8))).isTrue();
    assertThat(session.isKnown(id(7))).isFalse();
    assertThat(session.garbage(10)).isEmpty();
    new Invariants(fixture.store.reader()).check();
  }

  @Test
  void theBlobsThatAreReferencedAreListedInPages() {
    InodeNumber file = fixture.file(ROOT, "f").number();
    fixture
        .commit(fixture.update(
            file,
            50,
            0,
            extent(0, 10, 7),
            extent(10, 10, -1),
            extent(20, 10, 8),
            extent(30, 10, 9)))
        .join();
    session.punchHole(file, 20, 10, fixture.tick());
    fixture.commit().join();

    List<BlobId> expected = Stream.of(id(7), id(9), id(-1)).sorted().toList();
    List<SizedBlob> first = fixture.store.referencedBlobs(null, 2);
    List<SizedBlob> second = fixture.store.referencedBlobs(first.get(1).id(), 2);
    assertThat(Stream.concat(first.stream(), second.stream()).map(SizedBlob::id))
        .containsExactlyElementsOf(expected);
    assertThat(first.get(0).lengthBytes()).isGreaterThan(BlobFormat.HEADER_BYTES);
    assertThat(fixture.store.referencedBlobs(second.get(0).id(), 2)).isEmpty();
  }

  @Test
  void blobsOfAFileThatIsGoneBecomeGarbage() {
    InodeNumber file = fixture.file(ROOT, "f").number();
    Cut cut = session.cut();
    session.unlink(ROOT, name("f"), false, fixture.tick());
    cut.commit(List.of(fixture.update(file, 10, 0, extent(0, 10, 7)))).join();
    fixture.commit().join();

    assertThat(session.garbage(10)).containsExactly(id(7));
    assertThat(session.usage()).isEqualTo(new Usage(0, 1, 0, 0));
  }

  @Test
  void sizesCrossThirtyTwoBits() {
    InodeNumber file = fixture.file(ROOT, "f").number();
    for (long size :
        new long[] {(1L << 31) - 1, 1L << 31, (1L << 32) - 1, (1L << 32) + 1, 1L << 44}) {
      session.setAttributes(file, fixture.size(size));
      assertThat(session.inode(file).sizeBytes()).isEqualTo(size);
    }
    long block = (1L << 44) / BLOCK;
    fixture
        .commit(fixture.update(file, (1L << 44) + 10, block, extent(0, 10, 1)))
        .join();
    assertThat(session.nextMappedBlock(file, 0)).hasValue(block);
  }

  @Test
  void linksAreCountedUpToTheirLimit() {
    InodeNumber file = fixture.file(ROOT, "f").number();
    for (int i = 1; i < Limits.LINK_MAX; i++) {
      session.link(file, ROOT, name("l" + i), fixture.tick());
      if (session.pendingOperations() == 10_000) {
        fixture.commit().join();
      }
    }
    assertThat(session.inode(file).links()).isEqualTo(Limits.LINK_MAX);
    assertThatThrownBy(() -> session.link(file, ROOT, name("more"), fixture.tick()))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EMLINK));
  }

  @Test
  void aFailedEntryEndsTheSession() {
    MetaFixture slow = new MetaFixture(false);
    slow.file(ROOT, "a");
    CompletableFuture<Void> first = slow.commit();
    slow.file(ROOT, "b");
    CompletableFuture<Void> second = slow.commit();

    slow.log.fail(new IOException("the disk is gone"));

    assertThatThrownBy(first::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
    assertThat(second).isCompletedExceptionally();
    assertThatThrownBy(() -> slow.file(ROOT, "c"))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
    slow.session.close();
  }

  /** Else the log would keep, with each life of the session, all that was lost with it. */
  @Test
  void theLogKnowsNothingOfLivesThatAreOver() {
    assertThat(fixture.log.listeners()).isEqualTo(1);
    session.renew();
    assertThat(fixture.log.listeners()).isEqualTo(1);
  }

  @Test
  void aStalledLogFailsWhoWaitsAndLosesNothing() {
    MetaFixture slow = new MetaFixture(false);
    slow.file(ROOT, "a");
    CompletableFuture<Void> waiting = slow.commit();
    slow.log.stall(new PosixException(Errno.ENOSPC, "full"));

    assertThat(waiting).isCompletedExceptionally();
    assertThatThrownBy(() -> slow.file(ROOT, "b"))
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
    assertThat(slow.commit()).as("an fsync meanwhile").isNotNull();

    slow.log.resume();

    slow.file(ROOT, "b");
    CompletableFuture<Void> after = slow.commit();
    slow.log.applyAll();
    assertThat(after).isCompleted();
    assertThat(slow.session.list(ROOT, null, 10)).hasSize(2);
    assertThat(slow.overlaySize()).isZero();
    new Invariants(slow.store.reader()).check();
  }

  /** Whoever waited was told of the stall, but a journal has to know what it need not keep. */
  @Test
  void aJournalHearsOfWhatWasCommittedAfterAStall() {
    MetaFixture slow = new MetaFixture(false);
    CountingJournal journal = new CountingJournal();
    for (String name : List.of("a", "b")) {
      slow.file(ROOT, name);
      var unused = slow.session.cut().commit(List.of(), journal);
    }
    slow.session.push();
    slow.log.stall(new PosixException(Errno.ENOSPC, "full"));
    assertThat(journal.written).isEqualTo(2);
    assertThat(journal.committed).isZero();

    slow.log.resume();
    assertThat(journal.committed).isEqualTo(2);
  }

  /** Else whoever syncs it would wait until the clock hands over what a journal has. */
  @Test
  void whatAJournalHasIsNotHeldBackBehindWhatOnlyTheLogWillHave() {
    MetaFixture slow = new MetaFixture(false);
    slow.file(ROOT, "a");
    CompletableFuture<Void> earlier = slow.commit();
    slow.file(ROOT, "b");
    CompletableFuture<Void> later = slow.session.cut().commit(List.of(), new CountingJournal());
    assertThat(earlier).isNotDone();

    slow.log.applyAll();

    assertThat(earlier).isCompleted();
    assertThat(later).isCompleted();
  }

  private static final class CountingJournal implements EntryJournal {
    int written;
    int committed;

    @Override
    public boolean write(byte[] entry, boolean allEarlier) {
      written++;
      return true;
    }

    @Override
    public void committed() {
      committed++;
    }
  }

  @Test
  void aDirectoryIsListedInPagesAcrossCommittedAndPending() {
    List<Bytes> expected = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Bytes name = name(String.format("%02d", i));
      fixture.file(ROOT, String.format("%02d", i));
      if (i % 7 == 3) {
        fixture.commit().join();
      }
      expected.add(name);
    }
    for (int i = 0; i < 50; i += 5) {
      session.unlink(ROOT, name(String.format("%02d", i)), false, fixture.tick());
      expected.remove(name(String.format("%02d", i)));
    }
    for (int page = 1; page < 12; page++) {
      List<Bytes> listed = new ArrayList<>();
      Bytes after = null;
      List<Dentry> entries = session.list(ROOT, after, page);
      while (!entries.isEmpty()) {
        assertThat(entries.size()).isLessThanOrEqualTo(page);
        entries.forEach(entry -> listed.add(entry.sealedName()));
        after = listed.get(listed.size() - 1);
        entries = session.list(ROOT, after, page);
      }
      assertThat(listed).isEqualTo(expected);
    }
  }

  @Test
  void leasesOnTheirWayToOthersAreNotOwedToPrograms() {
    MetaFixture slow = new MetaFixture(false);
    List<LeaseRange> all = List.of(new LeaseRange(0, Long.MAX_VALUE, LeaseMode.NONE));

    MetaSession.Release release = slow.session.release(all, false);

    assertThat(release).isNotNull();
    assertThat(release.cut().commit(List.of())).isNotDone();
    assertThat(slow.session.isOwed()).isFalse();
  }

  @Test
  void aStoreOfAnotherVolumeIsRefused() {
    SessionSettings other = TestSettings.withSeed(3);
    SessionSettings wrong = new SessionSettings(
        other.node(),
        new Bytes(new byte[] {9}),
        0755,
        0,
        0,
        other.clock(),
        other.ticker(),
        other.random());

    assertThatThrownBy(() -> LocalMetaSession.open(fixture.store, fixture.log, wrong))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("volume");
  }
}
