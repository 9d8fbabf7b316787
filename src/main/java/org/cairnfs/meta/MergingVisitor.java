package org.cairnfs.meta;

import java.util.Arrays;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Visits the rows of a table and changes to it in one order, a changed row in place of the table's.
 *
 * <p>To be handed to the scan of the table, then {@link #finish}ed.
 */
final class MergingVisitor implements MetaReader.Visitor {
  /** A changed row. */
  interface Row {
    byte[] key();

    /** What the key now holds; null if it was deleted. */
    byte @Nullable [] value();
  }

  private final Iterator<? extends Row> changed;
  private final MetaReader.Visitor visitor;
  private int left;
  private @Nullable Row next;

  /**
   * Merges.
   *
   * @param changed rows in the order of their keys
   * @param max the most that {@code visitor} gets
   */
  MergingVisitor(Iterator<? extends Row> changed, int max, MetaReader.Visitor visitor) {
    this.changed = changed;
    this.left = max;
    this.visitor = visitor;
    advance();
  }

  private void advance() {
    next = changed.hasNext() ? changed.next() : null;
  }

  private boolean emit(byte[] key, byte @Nullable [] value) {
    if (value != null && left > 0) {
      left = visitor.visit(key, value) ? left - 1 : 0;
    }
    return left > 0;
  }

  @Override
  public boolean visit(byte[] key, byte[] value) {
    Row row = next;
    while (row != null) {
      int order = Arrays.compareUnsigned(row.key(), key);
      if (order > 0) {
        break;
      }
      advance();
      if (!emit(row.key(), row.value()) || order == 0) {
        return left > 0;
      }
      row = next;
    }
    return emit(key, value);
  }

  /** The table has no more rows. */
  void finish() {
    for (Row row = next; row != null && left > 0; row = next) {
      advance();
      emit(row.key(), row.value());
    }
  }
}
