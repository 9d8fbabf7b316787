package org.cairnfs.vfs;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.Extent;

/** Arithmetic on the extents of one block. */
final class Ranges {
  private Ranges() {}

  /** What remains of ordered, disjoint extents when {@code [from, to)} is taken out. */
  static List<Extent> without(List<Extent> extents, int from, int to) {
    List<Extent> rest = new ArrayList<>(extents.size() + 1);
    for (Extent extent : extents) {
      if (extent.end() <= from || extent.offset() >= to) {
        rest.add(extent);
        continue;
      }
      if (extent.offset() < from) {
        rest.add(part(extent, extent.offset(), from));
      }
      if (extent.end() > to) {
        rest.add(part(extent, to, extent.end()));
      }
    }
    return rest;
  }

  /** The part {@code [from, to)} of an extent that contains it. */
  static Extent part(Extent extent, int from, int to) {
    int skipped = from - extent.offset();
    return new Extent(from, to - from, extent.blob(), extent.blobOffset() + skipped);
  }
}
