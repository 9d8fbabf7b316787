package org.cairnfs.cli;

import java.util.Locale;

/** Numbers of bytes as people read them. */
final class ByteSizes {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  /** From here on, rounding to three digits would make the number one digit longer. */
  private static final double ROUNDED_UP_TO_10 = 9.995;

  private static final double ROUNDED_UP_TO_100 = 99.95;
  private static final double ROUNDED_UP_TO_1024 = 1023.5;

  /**
   * For example {@code 1.5 GiB}: three digits that count, in the largest unit that leaves one
   * before the point.
   */
  static String format(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= (unit == 0 ? 1024 : ROUNDED_UP_TO_1024) && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    if (unit == 0) {
      return bytes + " B";
    }
    int decimals = value < ROUNDED_UP_TO_10 ? 2 : value < ROUNDED_UP_TO_100 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + decimals + "f %s", value, UNITS[unit]);
  }

  private ByteSizes() {}
}
