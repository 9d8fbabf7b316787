package org.cairnfs.meta;

import java.io.IOException;

/** The session has been ended by others; a new one can be opened. */
final class FencedException extends IOException {
  private static final long serialVersionUID = 1L;

  FencedException(String message) {
    super(message);
  }

  FencedException(String message, Throwable cause) {
    super(message, cause);
  }
}
