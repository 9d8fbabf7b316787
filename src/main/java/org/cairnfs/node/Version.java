package org.cairnfs.node;

import org.jspecify.annotations.Nullable;

/** Which version of Cairn this is. */
public final class Version {
  /** The version in the jar's manifest; "development" when run from loose classes. */
  public static String current() {
    @Nullable String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  private Version() {}
}
