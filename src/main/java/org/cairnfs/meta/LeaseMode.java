package org.cairnfs.meta;

import org.cairnfs.proto.Lease;

/** How much of the lease on an inode a session holds, least first. */
public enum LeaseMode {
  /** Others may change it: what is here may be old. */
  NONE(Lease.LEASE_NONE),
  /** Nobody changes it. */
  SHARED(Lease.LEASE_SHARED),
  /** Nobody else reads or changes it. */
  EXCLUSIVE(Lease.LEASE_EXCLUSIVE);

  private static final LeaseMode[] MODES = values();

  private final Lease encoded;

  LeaseMode(Lease encoded) {
    this.encoded = encoded;
  }

  Lease encoded() {
    return encoded;
  }

  int number() {
    return encoded.getNumber();
  }

  /** By its number, which is part of the formats. */
  static LeaseMode of(int number) {
    for (LeaseMode mode : MODES) {
      if (mode.number() == number) {
        return mode;
      }
    }
    throw new CorruptMetadataException("lease mode " + number);
  }

  boolean covers(LeaseMode wanted) {
    return compareTo(wanted) >= 0;
  }

  /** Whether two sessions cannot hold these at a time. */
  boolean conflictsWith(LeaseMode other) {
    return this != NONE && other != NONE && (this == EXCLUSIVE || other == EXCLUSIVE);
  }

  /** What a session may go on to hold when another one is to have this. */
  LeaseMode leaves() {
    return switch (this) {
      case NONE -> EXCLUSIVE;
      case SHARED -> SHARED;
      case EXCLUSIVE -> NONE;
    };
  }
}
