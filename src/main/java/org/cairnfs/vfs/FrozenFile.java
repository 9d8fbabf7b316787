package org.cairnfs.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.FileUpdate;
import org.jspecify.annotations.Nullable;

/**
 * What one file contributes to a cut: its layers and attributes at the moment of the cut.
 *
 * @param layers of every block, within a block oldest first
 */
record FrozenFile(
    ActiveFile file, long sizeBytes, Timestamp modified, Timestamp changed, List<Layer> layers) {

  /**
   * A layer and the block it lies over.
   *
   * @param sealing the seal that was under way at the moment of the cut
   */
  record Layer(long block, WriteLayer layer, @Nullable CompletableFuture<?> sealing) {}

  /** The seals that were under way. They complete normally whatever came out. */
  List<CompletableFuture<?>> sealsAhead() {
    List<CompletableFuture<?>> seals = new ArrayList<>();
    for (Layer frozen : layers) {
      if (frozen.sealing() != null) {
        seals.add(frozen.sealing());
      }
    }
    return seals;
  }

  boolean hasLayersToStore() {
    return layers.stream().anyMatch(frozen -> !frozen.layer().isStored());
  }

  /** Bytes in layers that are not stored. */
  long bytesToSeal() {
    long bytes = 0;
    for (Layer frozen : layers) {
      bytes += frozen.layer().lengthInMemory();
    }
    return bytes;
  }

  /**
   * The update for the metadata; all layers are stored by now. A newer layer takes the place of an
   * older one.
   */
  FileUpdate toUpdate() {
    SortedMap<Long, List<Extent>> extents = new TreeMap<>();
    for (Layer frozen : layers) {
      extents.merge(frozen.block(), frozen.layer().extents(), Extents::overlay);
    }
    return new FileUpdate(file.number(), sizeBytes, modified, changed, extents);
  }

  /** The blobs the layers are stored in, once for each time they were written. */
  List<BlobRef> refs() {
    List<BlobRef> refs = new ArrayList<>();
    for (Layer frozen : layers) {
      frozen.layer().extents().stream().map(Extent::blob).distinct().forEach(refs::add);
    }
    return refs;
  }
}
