package org.cairnfs.core;

import java.time.Instant;

/**
 * A file time: seconds since 1970-01-01T00:00Z, negative before, and nanoseconds 0 to 999,999,999
 * after them.
 */
public record Timestamp(long seconds, int nanos) implements Comparable<Timestamp> {
  public Timestamp {
    if (nanos < 0 || nanos > 999_999_999) {
      throw new IllegalArgumentException("nanoseconds out of range: " + nanos);
    }
  }

  /** The same moment. */
  public static Timestamp of(Instant instant) {
    return new Timestamp(instant.getEpochSecond(), instant.getNano());
  }

  /** The later of two. */
  public static Timestamp max(Timestamp a, Timestamp b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  @Override
  public int compareTo(Timestamp other) {
    int order = Long.compare(seconds, other.seconds);
    return order != 0 ? order : Integer.compare(nanos, other.nanos);
  }
}
