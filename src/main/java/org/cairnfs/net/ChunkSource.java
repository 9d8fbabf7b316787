package org.cairnfs.net;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where a stream's bytes come from. Asked by one thread at a time, on the handler's executor, and
 * only when the receiver takes more; may block there.
 */
public interface ChunkSource extends Closeable {
  /**
   * Reads what comes next into {@code into}, which has room; returns whether there may be more. At
   * least one byte is read unless that was the end.
   *
   * @throws IOException if it cannot be read: the receiver hears that the stream broke
   */
  boolean read(ByteBuffer into) throws IOException;

  /** Called once, also when the receiver gave up. */
  @Override
  void close();
}
