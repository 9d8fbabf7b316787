package org.cairnfs.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whose equality is written out. */
class KeysOfMapsTest {
  @Property
  void blobIdsAreEqualIfAllTheirBytesAre(
      @ForAll @Size(BlobId.SIZE_BYTES) byte[] bytes, @ForAll @IntRange(max = 255) int bit) {
    BlobId id = BlobId.of(bytes);
    assertThat(BlobId.read(ByteBuffer.wrap(bytes))).isEqualTo(id).hasSameHashCodeAs(id);
    bytes[bit / 8] ^= (byte) (1 << bit % 8);
    assertThat(BlobId.of(bytes)).isNotEqualTo(id);
    assertThat(id).isNotEqualTo(null).isNotEqualTo("a blob");
  }

  @Property
  void inodeNumbersAreEqualIfTheirValuesAre(
      @ForAll long value, @ForAll @IntRange(max = 63) int bit) {
    InodeNumber number = new InodeNumber(value);
    assertThat(new InodeNumber(value)).isEqualTo(number).hasSameHashCodeAs(number);
    assertThat(new InodeNumber(value ^ 1L << bit)).isNotEqualTo(number);
    assertThat(number).isNotEqualTo(null).isNotEqualTo(value);
  }
}
