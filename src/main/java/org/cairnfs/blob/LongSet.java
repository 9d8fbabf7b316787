package org.cairnfs.blob;

import java.util.Arrays;

/**
 * A set of numbers that are spread evenly, such as words of hashes, in 8 to 16 bytes each. Not
 * thread-safe.
 */
final class LongSet {
  private static final int FIRST_CAPACITY = 1024;

  /** What an empty slot holds; the number itself is kept apart. */
  private static final long EMPTY = 0;

  private long[] slots = new long[FIRST_CAPACITY];
  private int size;
  private boolean hasEmpty;

  int size() {
    return size + (hasEmpty ? 1 : 0);
  }

  void add(long number) {
    if (number == EMPTY) {
      hasEmpty = true;
      return;
    }
    int at = find(slots, number);
    if (slots[at] == EMPTY) {
      slots[at] = number;
      size++;
      if (size > slots.length / 2 + slots.length / 4) {
        grow();
      }
    }
  }

  boolean contains(long number) {
    return number == EMPTY ? hasEmpty : slots[find(slots, number)] == number;
  }

  void clear() {
    if (slots.length > FIRST_CAPACITY) {
      slots = new long[FIRST_CAPACITY];
    } else {
      Arrays.fill(slots, EMPTY);
    }
    size = 0;
    hasEmpty = false;
  }

  private void grow() {
    long[] larger = new long[2 * slots.length];
    for (long number : slots) {
      if (number != EMPTY) {
        larger[find(larger, number)] = number;
      }
    }
    slots = larger;
  }

  /** The slot that has the number, or the empty one where it belongs. */
  private static int find(long[] slots, long number) {
    int at = (int) number & (slots.length - 1);
    while (slots[at] != EMPTY && slots[at] != number) {
      at = (at + 1) & (slots.length - 1);
    }
    return at;
  }
}
