package org.cairnfs.meta;

/**
 * A stored record that cannot be what was written, or was written by a newer version. Never taken
 * for "absent".
 */
public final class CorruptMetadataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CorruptMetadataException(String message) {
    super(message);
  }

  CorruptMetadataException(String message, Throwable cause) {
    super(message, cause);
  }
}
