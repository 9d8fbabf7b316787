package org.cairnfs.kv;

import java.io.IOException;

/**
 * A store's files are damaged or some are missing, so that not everything flushed can be read.
 *
 * <p>Thrown when a store is opened, or as the cause of an {@link java.io.UncheckedIOException} when
 * the damaged part is reached. The way out is to delete the directory and rebuild the store from
 * whatever it was made of.
 */
public final class KvCorruptException extends IOException {
  private static final long serialVersionUID = 1L;

  public KvCorruptException(String message, Throwable cause) {
    super(message, cause);
  }
}
