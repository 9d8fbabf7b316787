package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a store makes of segments and an index that are not as it left them. */
class SegmentRecoveryTest {
  private static final byte[] A = Blobs.bytes(1, 90);
  private static final byte[] B = Blobs.bytes(2, 70);
  private static final byte[] C = Blobs.bytes(3, 80);
  private static final int HEADER = SegmentFormat.RECORD_HEADER_BYTES;
  private static final int B_START = SegmentFormat.SEGMENT_HEADER_BYTES + HEADER + A.length;
  private static final int C_START = B_START + HEADER + B.length;
  private static final int END = C_START + HEADER + C.length;
  private static final SegmentOptions OPTIONS = new SegmentOptions(1 << 20, 0, 1 << 20, 4);

  private SimulatedDisk disk;
  private InMemoryKvStore index;

  /** The index as it was flushed when only A was there. */
  private InMemoryKvStore indexOfA;

  @BeforeEach
  void fill() throws IOException {
    disk = new SimulatedDisk();
    index = emptyIndex();
    var store = open();
    Blobs.add(store, A);
    store.sync();
    index.flush();
    Blobs.add(store, B);
    Blobs.add(store, C);
    store.sync();
    disk = disk.kill();
    indexOfA = index.crash();
    assertThat(Arrays.copyOf(disk.bytes(1), END)).isNotEqualTo(new byte[END]);
  }

  private static InMemoryKvStore emptyIndex() {
    return new InMemoryKvStore(SegmentStore.INDEX_TABLES);
  }

  private SegmentStore open() throws IOException {
    return open(disk, index);
  }

  private static SegmentStore open(SimulatedDisk disk, InMemoryKvStore index) throws IOException {
    return SegmentStore.open(disk, index, OPTIONS, Runnable::run);
  }

  private static SimulatedDisk diskWith(byte[] segment) {
    var disk = new SimulatedDisk();
    disk.corrupt(1, segment);
    return disk;
  }

  private byte[] segment() {
    return Arrays.copyOf(disk.bytes(1), END);
  }

  private static void assertServes(SegmentStore store, byte[]... blobs) throws IOException {
    for (byte[] blob : List.of(A, B, C)) {
      BlobId id = Blobs.id(blob);
      if (Arrays.asList(blobs).contains(blob)) {
        assertThat(Blobs.read(store, id)).isEqualTo(blob);
      } else {
        assertThat(store.lengthBytes(id)).isEmpty();
        assertThatThrownBy(() -> store.read(id, 0, ByteBuffer.allocate(1)))
            .isInstanceOf(NoSuchBlobException.class);
      }
    }
    assertThat(store.stats().blobs()).isEqualTo(blobs.length);
  }

  /** A store must take new blobs and the lost ones again, and keep them over a clean restart. */
  private static void assertGoesOn(SimulatedDisk disk, SegmentStore store) throws IOException {
    for (byte[] blob : List.of(A, B, C)) {
      Blobs.add(store, blob);
    }
    store.close();
    var again = open(disk, emptyIndex());
    assertServes(again, A, B, C);
    assertThat(again.stats().damagedBlobs()).isZero();
  }

  @Test
  void servesWhatTheIndexHasNotFlushed() throws IOException {
    var store = open(disk, indexOfA);
    assertServes(store, A, B, C);
    assertThat(store.recovered().recordsFound()).isEqualTo(2);
    assertThat(store.recovered().isClean()).isTrue();
  }

  @Test
  void makesALostIndexAnew() throws IOException {
    var store = open(disk, emptyIndex());
    assertServes(store, A, B, C);
    assertThat(store.recovered().recordsFound()).isEqualTo(3);
    assertThat(store.stats().liveBytes()).isEqualTo(A.length + B.length + C.length);
  }

  @Test
  void cutsATailTornAtAnyByte() throws IOException {
    for (int cut = C_START; cut < END; cut++) {
      SimulatedDisk torn = diskWith(Arrays.copyOf(segment(), cut));
      var store = open(torn, emptyIndex());
      assertServes(store, A, B);
      assertThat(store.recovered().tornBytes()).isEqualTo(cut - C_START);
      assertThat(store.stats().damagedBlobs()).isZero();
      assertGoesOn(torn, store);
    }
  }

  @Test
  void cutsATailWhoseEndNeverReachedTheDisk() throws IOException {
    for (int cut = C_START; cut < END; cut++) {
      SimulatedDisk torn = diskWith(Arrays.copyOf(Arrays.copyOf(segment(), cut), END + 500));
      var store = open(torn, indexOfA.crash());
      indexOfA = indexCopyOfA();
      assertServes(store, A, B);
      assertGoesOn(torn, store);
    }
  }

  private InMemoryKvStore indexCopyOfA() throws IOException {
    var copy = emptyIndex();
    try (var store = open(diskWith(Arrays.copyOf(segment(), B_START)), copy)) {
      assertServes(store, A);
      copy.flush();
      return copy.crash();
    }
  }

  @Test
  void aFlippedBitInTheMiddleCostsOneBlob() throws IOException {
    for (int at = B_START; at < C_START; at++) {
      byte[] flipped = segment();
      flipped[at] ^= 0x10;
      SimulatedDisk bad = diskWith(flipped);
      var store = open(bad, emptyIndex());
      assertServes(store, A, C);
      boolean headerIntact = at >= B_START + HEADER;
      assertThat(store.stats().damagedBlobs()).isEqualTo(headerIntact ? 1 : 0);
      assertThat(store.recovered().skippedBytes()).isEqualTo(C_START - B_START);
      assertThat(store.recovered().isClean()).isFalse();
      Blobs.add(store, B);
      store.sync();
      assertServes(store, A, B, C);
      assertThat(store.stats().damagedBlobs()).isZero();
    }
  }

  @Test
  void aFlippedBitIsFoundByVerifyAndTheBlobIsTakenAgain() throws IOException {
    var store = open(disk, indexOfA);
    store.close();
    byte[] flipped = disk.bytes(1);
    flipped[B_START + HEADER + 5] ^= 1;
    SimulatedDisk bad = diskWith(flipped);
    var healing = open(bad, reopened(store));
    assertThat(healing.verify(Blobs.id(A))).isTrue();
    assertThat(healing.verify(Blobs.id(B))).isFalse();
    assertServes(healing, A, C);
    assertThat(healing.stats().damagedBlobs()).isEqualTo(1);
    assertThat(healing.append(Blobs.id(B), ByteBuffer.wrap(B))).isTrue();
    healing.sync();
    assertThat(healing.verify(Blobs.id(B))).isTrue();
    assertThat(healing.stats().damagedBlobs()).isZero();
  }

  @Test
  void aBlobBeyondTheEndOfItsSegmentIsFoundByVerify() throws IOException {
    var store = open(disk, indexOfA);
    disk.open(1).truncate(END - 1);

    assertThat(store.verify(Blobs.id(C))).isFalse();

    assertThat(store.stats().damagedBlobs()).isEqualTo(1);
    assertServes(store, A, B);
  }

  /** The index as a closed store flushed it. */
  private InMemoryKvStore reopened(SegmentStore closed) {
    assertThat(closed.recovered().isClean()).isTrue();
    return indexOfA.crash();
  }

  @Test
  void deletingADamagedBlobForgetsIt() throws IOException {
    byte[] flipped = segment();
    flipped[B_START + HEADER] ^= 1;
    var store = open(diskWith(flipped), emptyIndex());
    assertThat(store.stats().damagedBlobs()).isEqualTo(1);
    store.delete(Blobs.id(B));
    assertThat(store.stats().damagedBlobs()).isZero();
  }

  @Test
  void compactionSavesABlobWhoseHeaderIsDamagedAndGivesUpADamagedOne() throws IOException {
    var store = open(disk, indexOfA);
    store.close();
    byte[] bad = disk.bytes(1);
    bad[B_START + 10] ^= 1;
    bad[C_START + HEADER] ^= 1;
    SimulatedDisk badDisk = diskWith(bad);
    var tiny = new SegmentOptions(100, 0, 1 << 20, 4);
    var healing = SegmentStore.open(badDisk, reopened(store), tiny, Runnable::run);
    healing.delete(Blobs.id(A));
    Blobs.add(healing, Blobs.bytes(9, 500));
    // Nothing but A is dead so far: more must die before the segment is worth compacting.
    assertThat(healing.verify(Blobs.id(C))).isFalse();
    healing.compact(Long.MAX_VALUE);
    assertServesOnlyBOf(healing);
    assertThat(badDisk.list()).doesNotContain(1L);
    assertThat(healing.stats().damagedBlobs()).isEqualTo(1);
  }

  private static void assertServesOnlyBOf(SegmentStore store) throws IOException {
    assertThat(Blobs.read(store, Blobs.id(B))).isEqualTo(B);
    assertThat(store.lengthBytes(Blobs.id(A))).isEmpty();
    assertThat(store.lengthBytes(Blobs.id(C))).isEmpty();
  }

  @Test
  void reportsWhatWasInASegmentThatIsGone() throws IOException {
    open(disk, indexOfA).close();
    var store = open(new SimulatedDisk(), indexOfA.crash());
    assertServes(store);
    assertThat(store.recovered().blobsLost()).isEqualTo(3);
    assertThat(store.stats().damagedBlobs()).isEqualTo(3);
    Blobs.add(store, A);
    store.sync();
    assertServes(store, A);
    assertThat(store.stats().damagedBlobs()).isEqualTo(2);
  }

  @Test
  void reportsWhatWasBehindTheEndOfASegmentCutShort() throws IOException {
    open(disk, indexOfA).close();
    SimulatedDisk shorter = diskWith(Arrays.copyOf(segment(), C_START - 1));
    var store = open(shorter, indexOfA.crash());
    assertServes(store, A);
    assertThat(store.recovered().blobsLost()).isEqualTo(2);
    assertGoesOn(shorter, store);
  }

  @Test
  void aSegmentWithoutAnythingOfUseIsNoProblem() throws IOException {
    for (byte[] content :
        List.of(new byte[0], new byte[10], new byte[5000], Blobs.bytes(7, 5000))) {
      SimulatedDisk odd = diskWith(content);
      var store = open(odd, emptyIndex());
      assertServes(store);
      assertGoesOn(odd, store);
    }
  }

  @Test
  void aSegmentWhoseHeaderIsDamagedIsRead() throws IOException {
    byte[] bytes = segment();
    bytes[3] ^= 1;
    assertServes(open(diskWith(bytes), emptyIndex()), A, B, C);
  }

  @Test
  void neverTakesARecordInsideAnotherForOne() throws IOException {
    byte[] inner = Arrays.copyOfRange(segment(), B_START, C_START);
    byte[] outer = new byte[inner.length + 40];
    System.arraycopy(inner, 0, outer, 20, inner.length);
    var other = new SimulatedDisk();
    var store = open(other, emptyIndex());
    Blobs.add(store, outer);
    Blobs.add(store, C);
    store.close();
    byte[] bytes = other.bytes(1);
    bytes[SegmentFormat.SEGMENT_HEADER_BYTES + 5] ^= 1;
    assertServes(open(diskWith(bytes), emptyIndex()), C);
  }

  @Test
  void randomDamageNeverServesWrongBytes() throws IOException {
    for (int seed = 0; seed < 200; seed++) {
      var random = new Random(seed);
      byte[] bytes = segment();
      for (int i = 0; i < 3; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      var store = open(diskWith(bytes), emptyIndex());
      var served = new ArrayList<byte[]>();
      for (byte[] blob : List.of(A, B, C)) {
        if (store.lengthBytes(Blobs.id(blob)).isPresent()) {
          served.add(blob);
        }
      }
      assertServes(store, served.toArray(byte[][]::new));
    }
  }
}
