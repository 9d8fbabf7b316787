package org.cairnfs.core;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the messages of failed writes mean: the JDK hands on what strerror(3) says, in English, and
 * no number.
 */
public final class DiskErrors {
  /** Whether there is no room, on the disk (ENOSPC) or for the user (EDQUOT). */
  public static boolean isFull(@Nullable String message) {
    String lower = String.valueOf(message).toLowerCase(Locale.ROOT);
    return lower.contains("no space left") || lower.contains("quota exceeded");
  }

  private DiskErrors() {}
}
