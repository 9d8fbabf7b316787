package org.cairnfs.node.home;

import java.time.Duration;

/**
 * How patient and how busy a node is in the background.
 *
 * @param outAfter a node that was away for so long is reckoned with no more: others have its blobs,
 *     and its vote
 * @param repairBytesPerSecond fetched at most to repair
 * @param scrubBytesPerSecond read at most to look for damage; 0 for never
 */
public record Upkeep(Duration outAfter, long repairBytesPerSecond, long scrubBytesPerSecond) {
  /** Of a node of which nobody said anything else. */
  public static final Upkeep DEFAULT = new Upkeep(Duration.ofMinutes(10), 64L << 20, 4L << 20);

  /** Longer than it takes to see that a node is away, and hardly more than it takes to restart. */
  private static final Duration OUT_AFTER_MIN = Duration.ofSeconds(5);

  private static final Duration OUT_AFTER_MAX = Duration.ofDays(365);

  /** With less, one blob would take minutes. */
  private static final long RATE_MIN_BYTES = 64L << 10;

  /** More would keep a thread from what is due meanwhile. */
  private static final long SCRUB_MAX_BYTES = 64L << 20;

  /** Reads how long a node may be away. */
  static Duration parseOutAfter(String text) throws OperatorException {
    Duration time = Durations.parse(text);
    if (time.compareTo(OUT_AFTER_MIN) < 0 || time.compareTo(OUT_AFTER_MAX) > 0) {
      throw refused(text, "not between 5s and 365d", "10m");
    }
    return time;
  }

  /** Reads how many bytes a second repair may fetch. */
  static long parseRepairRate(String text) throws OperatorException {
    long bytes = ByteCount.parse(text);
    if (bytes < RATE_MIN_BYTES) {
      throw refused(text, "less than 64KiB a second", "64MiB");
    }
    return bytes;
  }

  /** Reads how many bytes a second a scrub may read. */
  static long parseScrubRate(String text) throws OperatorException {
    long bytes = ByteCount.parse(text);
    if (bytes != 0 && (bytes < RATE_MIN_BYTES || bytes > SCRUB_MAX_BYTES)) {
      throw refused(text, "neither 0 nor between 64KiB and 64MiB a second", "4MiB");
    }
    return bytes;
  }

  private static OperatorException refused(String text, String why, String example) {
    return new OperatorException(
        "\"" + text + "\" is " + why,
        "Write for example " + example + ".",
        OperatorException.USAGE);
  }
}
