package org.cairnfs.kv;

import java.io.IOException;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** Turns the engine's errors into the ones this package promises. */
final class RocksErrors {
  private RocksErrors() {}

  /** The exception to throw for {@code cause}, with {@code action} saying what was being done. */
  static IOException toIoException(String action, RocksDBException cause) {
    String message = "cannot " + action + ": " + cause.getMessage();
    Status status = cause.getStatus();
    if (status == null) {
      return new IOException(message, cause);
    }
    if (status.getSubCode() == Status.SubCode.NoSpace) {
      return new KvDiskFullException(message, cause);
    }
    if (status.getCode() == Status.Code.Corruption) {
      return new KvCorruptException(message, cause);
    }
    return new IOException(message, cause);
  }
}
