package org.cairnfs.kv;

import java.io.IOException;

/**
 * The disk under a store has no room.
 *
 * <p>Nothing that was flushed is affected. Batches written since are kept in memory and served, but
 * cannot be flushed, and new ones are refused, until there is room again; the store then goes on by
 * itself.
 */
public final class KvDiskFullException extends IOException {
  private static final long serialVersionUID = 1L;

  public KvDiskFullException(String message, Throwable cause) {
    super(message, cause);
  }
}
