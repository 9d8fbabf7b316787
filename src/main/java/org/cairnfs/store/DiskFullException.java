package org.cairnfs.store;

import java.io.IOException;

/** The disk under the store has no room (or the store's reserve is reached); nothing was added. */
public final class DiskFullException extends IOException {
  private static final long serialVersionUID = 1L;

  public DiskFullException(String message, Throwable cause) {
    super(message, cause);
  }

  public DiskFullException(String message) {
    super(message);
  }
}
