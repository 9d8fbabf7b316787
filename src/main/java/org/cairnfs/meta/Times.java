package org.cairnfs.meta;

import java.nio.ByteBuffer;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.Time;

/** Times as operations and records carry them. */
final class Times {
  private static final int NANOS_MAX = 999_999_999;

  static Time encode(Timestamp time) {
    return Time.newBuilder().setSeconds(time.seconds()).setNanos(time.nanos()).build();
  }

  static Timestamp decode(Time time) {
    return new Timestamp(time.getSeconds(), Math.max(0, Math.min(time.getNanos(), NANOS_MAX)));
  }

  /** From a record: seconds, nanoseconds. */
  static Timestamp read(ByteBuffer in) {
    long seconds = in.getLong();
    int nanos = in.getInt();
    if (nanos < 0 || nanos > NANOS_MAX) {
      throw new CorruptMetadataException("a time with " + nanos + " nanoseconds");
    }
    return new Timestamp(seconds, nanos);
  }

  private Times() {}
}
