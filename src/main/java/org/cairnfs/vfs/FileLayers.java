package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Limits;
import org.jspecify.annotations.Nullable;

/**
 * The layers of one file by block, within a block oldest first. Guarded by the lock of its
 * {@link ActiveFile}, which it is handed: every method is called with it held, once.
 */
final class FileLayers {
  private final ReentrantLock lock;
  private final BlockStore blobs;
  private final BufferPool buffers;
  private final StrayBlobs strays;
  private final TreeMap<Long, Deque<WriteLayer>> blocks = new TreeMap<>();

  FileLayers(ReentrantLock lock, BlockStore blobs, BufferPool buffers, StrayBlobs strays) {
    this.lock = lock;
    this.blobs = blobs;
    this.buffers = buffers;
    this.strays = strays;
  }

  boolean isEmpty() {
    return blocks.isEmpty();
  }

  /**
   * Takes bytes that lie within one block; a block that is full now is to be {@linkplain #sealAhead
   * sealed}.
   *
   * @param completes whether they end a sequential write of the whole block
   */
  @Nullable
  FullBlock write(long block, int start, ByteBuffer part, boolean completes) {
    WriteLayer top = open(block);
    top.write(start, part);
    if (!top.isFullBlock()) {
      if (completes) {
        top.completesBlock();
      }
      return null;
    }
    top.closeToWrites();
    CompletableFuture<Void> sealed = new CompletableFuture<>();
    top.sealingBy(sealed);
    return new FullBlock(top, top.pieces().get(0).array, sealed);
  }

  /** Puts extents whose blobs are stored and pinned over a block. */
  void add(long block, List<Extent> extents) {
    WriteLayer layer = new WriteLayer(buffers);
    layer.closeToWrites();
    layer.storeForGood(extents);
    blocks.computeIfAbsent(block, absent -> new ArrayDeque<>(2)).addLast(layer);
  }

  /** Whether there are layers over the blocks that {@code [from, to)} lies in. */
  boolean anyIn(long from, long to) {
    Long block = blocks.ceilingKey(from / Limits.BLOCK_SIZE_BYTES);
    return block != null && block * Limits.BLOCK_SIZE_BYTES < to;
  }

  /**
   * The last block of a file will not grow: if it is in pieces, the next cut stores it whole.
   *
   * @param stored how many extents it has
   */
  boolean complete(long block, int stored) {
    Deque<WriteLayer> layers = blocks.get(block);
    if (stored + (layers == null ? 0 : layers.size()) < 2) {
      return false;
    }
    open(block).completesBlock();
    return true;
  }

  /** The layer over a block that takes writes. */
  private WriteLayer open(long block) {
    Deque<WriteLayer> layers = blocks.computeIfAbsent(block, absent -> new ArrayDeque<>(2));
    WriteLayer top = layers.peekLast();
    if (top == null || !top.isOpen()) {
      top = new WriteLayer(buffers);
      layers.addLast(top);
    }
    return top;
  }

  /** The layers over a block, oldest first, or null if there are none. */
  @Nullable
  Iterable<WriteLayer> over(long block) {
    return blocks.get(block);
  }

  /** Bytes in all layers, ranges that lie over each other counted each time. */
  long lengthBytes() {
    long bytes = 0;
    for (Deque<WriteLayer> layers : blocks.values()) {
      for (WriteLayer layer : layers) {
        bytes += layer.lengthInMemory();
        for (Extent extent : layer.extents()) {
          bytes += extent.length();
        }
      }
    }
    return bytes;
  }

  /** Closes every layer to writes and lists them. */
  List<FrozenFile.Layer> freeze() {
    List<FrozenFile.Layer> frozen = new ArrayList<>();
    blocks.forEach((block, layers) -> {
      for (WriteLayer layer : layers) {
        layer.closeToWrites();
        frozen.add(new FrozenFile.Layer(block, layer, layer.sealing()));
      }
    });
    return frozen;
  }

  /**
   * Some blobs were lost: layers stored in them are to be stored again.
   *
   * @return how many of their bytes are gone for good
   */
  long restore(List<FrozenFile.Layer> frozen, Set<BlobId> lost) {
    long goneBytes = 0;
    for (FrozenFile.Layer part : frozen) {
      WriteLayer layer = part.layer();
      List<BlobRef> refs = refs(layer);
      List<Extent> hit = layer.extents().stream()
          .filter(extent -> lost.contains(extent.blob().id()))
          .toList();
      if (hit.isEmpty()) {
        continue;
      }
      if (layer.unstore()) {
        refs.forEach(strays::add);
      } else {
        goneBytes += hit.stream().mapToLong(Extent::length).sum();
      }
    }
    return goneBytes;
  }

  /** Removes layers that the metadata has now. */
  void drop(List<FrozenFile.Layer> done) {
    for (FrozenFile.Layer frozen : done) {
      Deque<WriteLayer> layers = blocks.get(frozen.block());
      if (layers != null && layers.removeIf(layer -> layer == frozen.layer())) {
        frozen.layer().discard();
        removeIfEmpty(frozen.block(), layers);
      }
    }
  }

  /**
   * Forgets the bytes of {@code [from, to)}. Lets the lock go while a seal of some of them ends.
   */
  void cut(long from, long to) {
    if (from >= to) {
      return;
    }
    long last = (to - 1) / Limits.BLOCK_SIZE_BYTES;
    Map<Long, Deque<WriteLayer>> touched =
        new TreeMap<>(blocks.subMap(from / Limits.BLOCK_SIZE_BYTES, true, last, true));
    touched.forEach((block, layers) -> {
      long start = block * Limits.BLOCK_SIZE_BYTES;
      int first = (int) Math.max(0, from - start);
      int end = (int) Math.min(Limits.BLOCK_SIZE_BYTES, to - start);
      for (WriteLayer layer : List.copyOf(layers)) {
        awaitSeal(layer);
        cut(layer, first, end);
        if (layer.isEmpty()) {
          layers.remove(layer);
        }
      }
      removeIfEmpty(block, layers);
    });
  }

  /** Forgets everything. */
  void discard() {
    for (Deque<WriteLayer> layers : blocks.values()) {
      for (WriteLayer layer : layers) {
        if (layer.sealing() != null) {
          layer.abandon(); // the sealing thread reads the bytes: they go when it is done
        } else {
          strays.add(layer);
          layer.discard();
        }
      }
    }
    blocks.clear();
  }

  /** A layer that covers its block whole, on its way to the store. */
  record FullBlock(WriteLayer layer, byte[] bytes, CompletableFuture<Void> sealed) {}

  /**
   * Seals a full block without waiting for the cut, so that streaming needs little memory and fsync
   * is short. To be called without the lock: it may wait for the sealing threads, which need it.
   */
  void sealAhead(FullBlock full) {
    var unused = blobs
        .write(full.bytes(), 0, Limits.BLOCK_SIZE_BYTES)
        .whenComplete((ref, failure) -> {
          sealedAhead(full.layer(), failure == null ? ref : null);
          full.sealed().complete(null);
        });
  }

  /** A seal came to its end, with null if it failed: then the cut tries again and reports. */
  private void sealedAhead(WriteLayer layer, @Nullable BlobRef ref) {
    lock.lock();
    try {
      layer.sealingBy(null);
      if (ref != null) {
        layer.storeForGood(List.of(new Extent(0, Limits.BLOCK_SIZE_BYTES, ref, 0)));
      }
      if (layer.isAbandoned()) {
        strays.add(layer);
        layer.discard();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Lets a seal under way finish; it needs the lock for that. */
  private void awaitSeal(WriteLayer layer) {
    CompletableFuture<?> seal = layer.sealing();
    if (seal == null) {
      return;
    }
    lock.unlock();
    try {
      seal.join();
    } finally {
      lock.lock();
    }
  }

  private void cut(WriteLayer layer, int from, int to) {
    List<BlobRef> before = refs(layer);
    layer.cut(from, to);
    List<BlobRef> after = refs(layer);
    before.stream().filter(ref -> !after.contains(ref)).forEach(strays::add);
  }

  private void removeIfEmpty(long block, Deque<WriteLayer> layers) {
    if (layers.isEmpty()) {
      blocks.remove(block);
    }
  }

  private static List<BlobRef> refs(WriteLayer layer) {
    return layer.extents().stream().map(Extent::blob).distinct().toList();
  }
}
