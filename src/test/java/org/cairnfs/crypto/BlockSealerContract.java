package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Limits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What sealing promises, whatever the format. */
abstract class BlockSealerContract {
  private static final int BLOCK = Limits.BLOCK_SIZE_BYTES;

  private final BlobFormat format;
  private final String golden;
  private final int frameBytes;
  private final BlockSealer sealer;

  /** @param golden what the names of the pinned blobs begin with */
  BlockSealerContract(BlobFormat format, String golden) {
    this.format = format;
    this.golden = golden;
    this.frameBytes = format.frameBytes();
    this.sealer = new BlockSealer(Golden.volumeKeys(), format);
  }

  @Test
  void aSmallBlobIsThePinnedOne() {
    Sealed sealed = seal("cairn".getBytes(StandardCharsets.US_ASCII));

    assertThat(sealed.blob).isEqualTo(Golden.bytes(golden + ".small.blob"));
    assertThat(sealed.ref.id()).hasToString(Golden.hex(golden + ".small.id"));
    assertThat(sealed.ref.wrappedKey()).hasToString(Golden.hex(golden + ".small.wrapped"));
    assertThat(sealed.ref.plainLengthBytes()).isEqualTo(5);
  }

  @Test
  void largerBlobsAreThePinnedOnes() {
    assertIsPinned(seal(Golden.block(frameBytes + 1)), "twoFrames");
    assertIsPinned(seal(Golden.block(BLOCK)), "full");
  }

  private void assertIsPinned(Sealed sealed, String name) {
    assertThat(sealed.ref.id()).hasToString(Golden.hex(golden + "." + name + ".id"));
    assertThat(sealed.ref.wrappedKey()).hasToString(Golden.hex(golden + "." + name + ".wrapped"));
  }

  /** Else frames of one number would be sealed with one key and nonce in both. */
  @Test
  void noOtherFormatHasTheKeyOfABlock() throws IntegrityException {
    byte[] plain = Golden.block(3 * frameBytes);
    BlobRef ref = seal(plain).ref;
    for (BlobFormat other : BlobFormat.values()) {
      BlobRef otherwise = seal(new BlockSealer(Golden.volumeKeys(), other), other, plain).ref;

      assertThat(otherwise.wrappedKey().equals(ref.wrappedKey())).isEqualTo(other == format);
      assertThat(otherwise.id().equals(ref.id())).isEqualTo(other == format);
    }
  }

  @Property(tries = 60)
  void whatWasSealedOpens(
      @ForAll("lengths") int length, @ForAll @IntRange(max = 100) int shift, @ForAll long seed)
      throws IntegrityException {
    byte[] plain = new byte[shift + length + 7];
    new Random(seed).nextBytes(plain);
    byte[] blob = new byte[shift + format.blobLengthOf(length) + 3];
    BlobRef ref = sealer.seal(plain, shift, length, blob, shift);

    byte[] blobOnly = Arrays.copyOfRange(blob, shift, blob.length - 3);
    assertThat(ref.id()).isEqualTo(BlobId.of(Primitives.JDK.sha256().digest(blobOnly)));
    assertThat(open(new Sealed(ref, blobOnly)))
        .isEqualTo(Arrays.copyOfRange(plain, shift, shift + length));
    assertThat(blob).endsWith(0, 0, 0);
  }

  @Property(tries = 60)
  void whateverCiphersTheMachineHasTheySealAlike(@ForAll("lengths") int length, @ForAll long seed)
      throws IntegrityException {
    BlockSealer jdk = new BlockSealer(Golden.volumeKeys(), Primitives.JDK, format);
    byte[] plain = new byte[length];
    new Random(seed).nextBytes(plain);

    Sealed here = seal(sealer, format, plain);
    Sealed there = seal(jdk, format, plain);

    assertThat(there.ref).isEqualTo(here.ref);
    assertThat(there.blob).isEqualTo(here.blob);
    assertThat(open(jdk, here)).isEqualTo(plain);
    assertThat(open(sealer, there)).isEqualTo(plain);
  }

  /** Memory on the heap and off it, and more of it than the frame needs, for both ciphers. */
  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void framesOpenFromAnyMemoryIntoAny(boolean directIn, boolean directOut) throws Exception {
    byte[] plain = Golden.block(frameBytes + 100);
    Sealed sealed = seal(plain);
    for (BlockSealer by :
        List.of(sealer, new BlockSealer(Golden.volumeKeys(), Primitives.JDK, format))) {
      BlockKey key = by.unwrap(sealed.ref);
      ByteBuffer out = memory(directOut, plain.length + 20).position(10);
      for (int frame = 0; frame < 2; frame++) {
        ByteBuffer in = memory(directIn, 2 * frameBytes).position(5).put(sealed.frame(frame));
        in.flip().position(5);

        by.openFrame(key, sealed.ref, frame, in, out);

        assertThat(in.hasRemaining()).isFalse();
      }
      assertThat(out.remaining()).isEqualTo(10);
      byte[] opened = new byte[plain.length];
      out.get(10, opened);
      assertThat(opened).isEqualTo(plain);
    }
  }

  private static ByteBuffer memory(boolean direct, int bytes) {
    return direct ? ByteBuffer.allocateDirect(bytes) : ByteBuffer.allocate(bytes);
  }

  @Test
  void aFrameWithTooFewBytesOrTooLittleRoomIsAMistakeOfTheCaller() throws IntegrityException {
    Sealed sealed = seal(Golden.block(100));
    BlockKey key = sealer.unwrap(sealed.ref);
    ByteBuffer room = ByteBuffer.allocate(100);
    ByteBuffer tooShort = sealed.frame(0).limit(sealed.blob.length - 1);

    assertThatThrownBy(() -> sealer.openFrame(key, sealed.ref, 0, tooShort, room))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> sealer.openFrame(key, sealed.ref, 0, sealed.frame(0), room.limit(99)))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** Else nobody would notice that a library's native part is missing. */
  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void usualMachinesHaveNativeCiphers() {
    assertThat(Primitives.fastest().isNative()).isTrue();
  }

  @Provide
  Arbitrary<Integer> lengths() {
    Arbitrary<Integer> boundaries = Arbitraries.of(
        1,
        15,
        16,
        17,
        4096,
        frameBytes - 1,
        frameBytes,
        frameBytes + 1,
        2 * frameBytes - 1,
        2 * frameBytes,
        BLOCK - frameBytes + 1,
        BLOCK - 1,
        BLOCK);
    return Arbitraries.oneOf(boundaries, Arbitraries.integers().between(1, 3 * frameBytes));
  }

  @Test
  void theSameBlockMakesTheSameBlobEvenTwiceInARow() throws IntegrityException {
    byte[] plain = Golden.block(4096);

    Sealed first = seal(plain);
    Sealed second = seal(plain);

    assertThat(second.ref).isEqualTo(first.ref);
    assertThat(second.blob).isEqualTo(first.blob);
    assertThat(open(second)).isEqualTo(plain);
  }

  @Test
  void anotherVolumeMakesAnotherBlob() {
    BlockSealer other = new BlockSealer(VolumeKeys.derive(MasterKey.of(new byte[32])), format);
    byte[] plain = Golden.block(4096);
    byte[] blob = new byte[format.blobLengthOf(plain.length)];

    BlobRef ref = other.seal(plain, 0, plain.length, blob, 0);

    assertThat(ref.id()).isNotEqualTo(seal(plain).ref.id());
    assertThatThrownBy(() -> sealer.unwrap(ref)).isInstanceOf(IntegrityException.class);
  }

  @Property(tries = 500)
  void anyFlippedBitOfAFrameIsDetected(
      @ForAll @IntRange(min = 1, max = 100) int length, @ForAll int anyBit) {
    Sealed sealed = seal(Golden.block(length));
    int frameBits = (sealed.blob.length - BlobFormat.HEADER_BYTES) * 8;
    int bit = BlobFormat.HEADER_BYTES * 8 + Math.floorMod(anyBit, frameBits);
    sealed.blob[bit / 8] ^= (byte) (1 << bit % 8);

    assertThatThrownBy(() -> open(sealed)).isInstanceOf(IntegrityException.class);
  }

  @Property(tries = 40)
  void anyFlippedBitOfALargeBlobIsDetected(@ForAll int anyBit) {
    Sealed sealed = seal(Golden.block(3 * frameBytes - 5));
    int frameBits = (sealed.blob.length - BlobFormat.HEADER_BYTES) * 8;
    int bit = BlobFormat.HEADER_BYTES * 8 + Math.floorMod(anyBit, frameBits);
    sealed.blob[bit / 8] ^= (byte) (1 << bit % 8);

    assertThatThrownBy(() -> open(sealed)).isInstanceOf(IntegrityException.class);
  }

  @Test
  void anyFlippedBitOfAWrappedKeyIsDetected() {
    BlobRef ref = seal(Golden.block(100)).ref;
    for (int bit = 0; bit < ref.wrappedKey().length() * 8; bit++) {
      byte[] wrapped = ref.wrappedKey().array().clone();
      wrapped[bit / 8] ^= (byte) (1 << bit % 8);
      BlobRef damaged = new BlobRef(ref.id(), new Bytes(wrapped), 100, format);

      assertThatThrownBy(() -> sealer.unwrap(damaged)).isInstanceOf(IntegrityException.class);
    }
  }

  @Test
  void aWrappedKeyOfAnyOtherLengthIsDetected() {
    BlobRef ref = seal(Golden.block(100)).ref;
    for (int length : List.of(0, 1, 8, 24, 32, 39, 41, 48, 64)) {
      byte[] wrapped = Arrays.copyOf(ref.wrappedKey().array(), length);

      assertThatThrownBy(
              () -> sealer.unwrap(new BlobRef(ref.id(), new Bytes(wrapped), 100, format)))
          .as("length %s", length)
          .isInstanceOf(IntegrityException.class);
    }
  }

  @Test
  void framesCannotTradePlaces() throws IntegrityException {
    Sealed sealed = seal(Golden.block(3 * frameBytes));
    BlockKey key = sealer.unwrap(sealed.ref);
    byte[] out = new byte[frameBytes];
    for (int stored = 0; stored < 3; stored++) {
      for (int asked = 0; asked < 3; asked++) {
        ByteBuffer bytes = sealed.frame(stored);
        int frame = asked;
        if (stored == asked) {
          sealer.openFrame(key, sealed.ref, frame, bytes, ByteBuffer.wrap(out));
        } else {
          assertThatThrownBy(
                  () -> sealer.openFrame(key, sealed.ref, frame, bytes, ByteBuffer.wrap(out)))
              .isInstanceOf(IntegrityException.class);
        }
      }
    }
  }

  /** A prefix of whole frames is not the blob of a shorter block. */
  @Test
  void framesCannotBeDropped() throws IntegrityException {
    Sealed sealed = seal(Golden.block(3 * frameBytes));
    BlockKey key = sealer.unwrap(sealed.ref);
    BlobRef shorter = new BlobRef(sealed.ref.id(), sealed.ref.wrappedKey(), 2 * frameBytes, format);
    byte[] out = new byte[frameBytes];
    for (int frame = 0; frame < 2; frame++) {
      int shortened = frame;
      assertThatThrownBy(() -> sealer.openFrame(
              key, shorter, shortened, sealed.frame(shortened), ByteBuffer.wrap(out)))
          .isInstanceOf(IntegrityException.class);
    }
  }

  @Test
  void threadsDoNotDisturbEachOther() {
    byte[] plain = Golden.block(frameBytes + 1);
    BlobRef expected = seal(plain).ref;

    List<BlobRef> refs = IntStream.range(0, 64)
        .parallel()
        .mapToObj(i -> i % 2 == 0 ? seal(plain).ref : seal(Golden.block(1 + i)).ref)
        .toList();

    for (int i = 0; i < refs.size(); i += 2) {
      assertThat(refs.get(i)).isEqualTo(expected);
    }
  }

  private Sealed seal(byte[] plain) {
    return seal(sealer, format, plain);
  }

  private static Sealed seal(BlockSealer by, BlobFormat format, byte[] plain) {
    byte[] blob = new byte[format.blobLengthOf(plain.length)];
    return new Sealed(by.seal(plain, 0, plain.length, blob, 0), blob);
  }

  private byte[] open(Sealed sealed) throws IntegrityException {
    return open(sealer, sealed);
  }

  private static byte[] open(BlockSealer by, Sealed sealed) throws IntegrityException {
    int length = sealed.ref.plainLengthBytes();
    ByteBuffer plain = ByteBuffer.allocate(length);
    BlockKey key = by.unwrap(sealed.ref);
    for (int frame = 0; frame < sealed.ref.format().frameCount(length); frame++) {
      by.openFrame(key, sealed.ref, frame, sealed.frame(frame), plain);
    }
    assertThat(plain.hasRemaining()).isFalse();
    return plain.array();
  }

  private record Sealed(BlobRef ref, byte[] blob) {
    ByteBuffer frame(int index) {
      int length = ref.format().sealedRunLength(ref.plainLengthBytes(), index, 1);
      return ByteBuffer.wrap(blob, ref.format().frameOffset(index), length);
    }
  }
}
