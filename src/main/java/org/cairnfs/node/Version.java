package org.cairnfs.node;

import org.jspecify.annotations.Nullable;

/** Which version of Cairn this is. */
public final class Version {
  private static final int SOFTWARE_MAX_CHARS = 64;

  /** The version in the jar's manifest; "development" when run from loose classes. */
  public static String current() {
    @Nullable String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /** Name and version, for peers; at most 64 bytes. */
  static String software() {
    String text = "cairn " + current();
    return text.substring(0, Math.min(text.length(), SOFTWARE_MAX_CHARS));
  }

  private Version() {}
}
