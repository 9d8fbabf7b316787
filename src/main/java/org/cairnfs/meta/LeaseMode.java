package org.cairnfs.meta;

import org.cairnfs.proto.Lease;

/** How much of the lease on the volume a session holds, least first. */
public enum LeaseMode {
  /** Others may change the volume: what is here may be old. */
  NONE(Lease.LEASE_NONE),
  /** Nobody changes the volume. */
  SHARED(Lease.LEASE_SHARED),
  /** Nobody else reads or changes the volume. */
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
}
