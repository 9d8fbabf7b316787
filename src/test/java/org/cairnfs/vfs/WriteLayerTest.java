package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.cairnfs.core.Limits;
import org.junit.jupiter.api.Test;

/** A layer against a plain array and a set of the bytes that were written. */
final class WriteLayerTest {
  private static final int BLOCK = Limits.BLOCK_SIZE_BYTES;

  private final BufferPool buffers = new BufferPool(4);

  @Property(tries = 200)
  void holdsWhatWasWrittenAndNotCut(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int steps) {
    Random random = new Random(seed);
    WriteLayer layer = new WriteLayer(buffers);
    byte[] model = new byte[BLOCK];
    BitSet written = new BitSet(BLOCK);
    for (int step = 0; step < steps; step++) {
      int from = place(random);
      int to = Math.min(BLOCK, from + 1 + place(random));
      if (from == BLOCK) {
        continue;
      }
      if (random.nextInt(4) == 0) {
        layer.cut(from, to);
        Arrays.fill(model, from, to, (byte) 0);
        written.clear(from, to);
      } else {
        byte[] bytes = new byte[to - from];
        random.nextBytes(bytes);
        layer.write(from, ByteBuffer.wrap(bytes));
        System.arraycopy(bytes, 0, model, from, bytes.length);
        written.set(from, to);
      }
    }
    byte[] read = new byte[BLOCK];
    layer.copyPieces(0, BLOCK, ByteBuffer.wrap(read));
    assertThat(read).isEqualTo(model);
    assertThat(layer.lengthInMemory()).isEqualTo(written.cardinality());
    assertThat(covered(layer.pieces())).isEqualTo(written);
    assertThat(layer.isFullBlock()).isEqualTo(written.cardinality() == BLOCK);
    layer.discard();
    assertThat(buffers.usedBytes()).as("all memory was given back").isZero();
  }

  @Test
  void readsOnlyTheRangeAskedFor() {
    WriteLayer layer = new WriteLayer(buffers);
    layer.write(100, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
    layer.write(200, ByteBuffer.wrap(new byte[] {5}));
    ByteBuffer into = ByteBuffer.allocate(3);
    layer.copyPieces(102, 105, into);
    assertThat(into.array()).containsExactly(3, 4, 0);
    assertThat(into.position()).as("the position stays").isZero();
  }

  @Test
  void adjacentWritesBecomeOnePiece() {
    WriteLayer layer = new WriteLayer(buffers);
    layer.write(10, ByteBuffer.wrap(new byte[5]));
    layer.write(20, ByteBuffer.wrap(new byte[5]));
    layer.write(15, ByteBuffer.wrap(new byte[5]));
    assertThat(layer.pieces()).hasSize(1);
  }

  /** Boundaries of buffers and frames are likelier than anything else. */
  private static int place(Random random) {
    int[] sizes = {
      0, 1, 4095, 4096, 4097, 16 << 10, 64 << 10, (64 << 10) + 1, BLOCK / 2, BLOCK - 1, BLOCK
    };
    return random.nextBoolean() ? sizes[random.nextInt(sizes.length)] : random.nextInt(BLOCK);
  }

  private static BitSet covered(List<WriteLayer.Piece> pieces) {
    BitSet covered = new BitSet(BLOCK);
    int last = -1;
    for (WriteLayer.Piece piece : pieces) {
      assertThat(piece.offset).as("ordered and disjoint").isGreaterThan(last);
      covered.set(piece.offset, piece.end());
      last = piece.end() - 1;
    }
    return covered;
  }
}
