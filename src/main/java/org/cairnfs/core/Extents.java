package org.cairnfs.core;

import java.util.ArrayList;
import java.util.List;

/** How extents of one block take each other's place; lists are ordered by offset and disjoint. */
public final class Extents {
  /** What is left of {@code extents} outside {@code [from, to)} of the block. */
  public static List<Extent> without(List<Extent> extents, int from, int to) {
    List<Extent> left = new ArrayList<>(extents.size() + 1);
    for (Extent extent : extents) {
      if (extent.end() <= from || extent.offset() >= to) {
        left.add(extent);
        continue;
      }
      if (extent.offset() < from) {
        left.add(part(extent, extent.offset(), from));
      }
      if (extent.end() > to) {
        left.add(part(extent, to, extent.end()));
      }
    }
    return left;
  }

  /**
   * What {@code extents} become when {@code newer} ones, one after the other, replace what they
   * cover.
   */
  public static List<Extent> overlay(List<Extent> extents, List<Extent> newer) {
    List<Extent> result = extents;
    for (Extent extent : newer) {
      List<Extent> rest = without(result, extent.offset(), extent.end());
      int at = 0;
      while (at < rest.size() && rest.get(at).offset() < extent.offset()) {
        at++;
      }
      rest.add(at, extent);
      result = rest;
    }
    return result;
  }

  /** The range {@code [from, to)} of the block, which lies within {@code extent}. */
  private static Extent part(Extent extent, int from, int to) {
    return new Extent(from, to - from, extent.blob(), extent.blobOffset() + from - extent.offset());
  }

  private Extents() {}
}
